"""Metrics of masks: by hand, against an independent implementation, on real tumours."""

from __future__ import annotations

import doctest
import math
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import rerad.metrics
from rerad.core.errors import ReradError
from rerad.metrics import masks

segmentation = masks.segmentation
SINGLE = 1e-6  # MONAI gives distances in single precision, so that 1e-6 mm is not to be had of it beyond 10 mm
DOUBLE = 1e-6  # mm, against what is computed in double precision


def box(shape: tuple[int, ...], *ranges: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    mask[tuple(slice(*ends) for ends in ranges)] = 1
    return mask


def independent(truth: np.ndarray, predicted: np.ndarray, spacing: tuple[float, ...]) -> float:
    """The larger directed 95th percentile by dense distance maps of the whole image."""

    def surface(mask: np.ndarray) -> np.ndarray:
        inner = np.pad(mask > 0, 1)
        cores = [np.roll(inner, step, axis) for axis in range(mask.ndim) for step in (1, -1)]
        return (inner & ~np.logical_and.reduce(cores))[(slice(1, -1),) * mask.ndim]

    edges = surface(truth), surface(predicted)
    maps = [ndimage.distance_transform_edt(~edge, sampling=spacing) for edge in edges]
    return max(np.percentile(maps[0][edges[1]], 95), np.percentile(maps[1][edges[0]], 95))


def monais(truth: np.ndarray, predicted: np.ndarray, spacing: tuple[float, ...]) -> float:
    import torch
    from monai.metrics import compute_hausdorff_distance

    one, other = (torch.from_numpy(np.array(mask, bool))[None, None] for mask in (predicted, truth))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # MONAI 1.6 warns of an argument that it passes itself
        found = compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=spacing)
    return float(found[0, 0])


def random_mask(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A mask of one of five kinds: lumps, lumps with holes, salt, one voxel, everything."""
    smooth = ndimage.gaussian_filter(generator.normal(size=shape), generator.uniform(0.5, 3))
    lumps = smooth > np.quantile(smooth, generator.uniform(0.3, 0.95))
    single = np.zeros(shape, bool)
    single[tuple(generator.integers(0, shape))] = True
    salt = generator.random(shape) > generator.uniform(0.2, 0.95)
    kinds = (lumps, lumps & salt, salt, single, np.ones(shape, bool))
    mask = kinds[generator.choice(5, p=(0.35, 0.25, 0.2, 0.1, 0.1))]
    return mask if mask.any() else single


def test_two_boxes_by_hand() -> None:
    # 2·2·2 voxels against the same box moved by one slice of 5 mm: four voxels in common, four on either side.
    truth, predicted = box((6, 4, 4), (1, 3), (1, 3), (1, 3)), box((6, 4, 4), (2, 4), (1, 3), (1, 3))
    found = segmentation(truth, predicted, (5.0, 1.0, 1.0))
    assert tuple(found) == masks.METRICS
    hd95 = found.pop("hd95_mm")
    assert found == pytest.approx(
        {"dice": 0.5, "jaccard": 1 / 3, "accuracy": 88 / 96, "sensitivity": 0.5, "specificity": 84 / 88}
    )
    # Half of the voxels of either lie on the other, half one slice of 5 mm off it.
    assert hd95 == pytest.approx(5.0)


def test_the_distance_is_the_larger_of_both_directions() -> None:
    # 100 voxels in a row against the first 99 of them and one 40 voxels off. Truth to prediction: 99 zeros and a 1.
    # Prediction to truth: 99 zeros and 40: the 95th percentile of either is 0, of a shorter row it is not.
    line = box((1, 1, 160), (0, 1), (0, 1), (0, 100))
    far = box((1, 1, 160), (0, 1), (0, 1), (0, 99)) | box((1, 1, 160), (0, 1), (0, 1), (139, 140))
    assert segmentation(line, far, 1.0)["hd95_mm"] == 0.0
    line = box((1, 1, 160), (0, 1), (0, 1), (0, 10))
    far = box((1, 1, 160), (0, 1), (0, 1), (0, 10)) | box((1, 1, 160), (0, 1), (0, 1), (29, 30))
    # One way ten zeros; the other way ten zeros and a 20: the percentile stands half way between the last two.
    assert segmentation(line, far, 3.0)["hd95_mm"] == pytest.approx(3.0 * 10)
    # Pooled it would be the 95th percentile of twenty zeros and a 20, which is 0.
    assert np.percentile([0] * 20 + [20], 95) == 0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.3, 1.1, 0.7)])
def test_the_distance_agrees_with_dense_maps(spacing: tuple[float, float, float]) -> None:
    generator = np.random.default_rng(0)
    for _ in range(5):
        pair = [ndimage.gaussian_filter(generator.normal(size=(20, 24, 22)), 2.5) > 0.02 for _ in range(2)]
        # Masks reach the border: there the image ends, and so does the mask.
        assert any(mask[0].any() for mask in pair)
        found = segmentation(*pair, spacing)
        assert found["hd95_mm"] == pytest.approx(independent(*pair, spacing), abs=DOUBLE)
        assert found["hd95_mm"] == segmentation(pair[1], pair[0], spacing)["hd95_mm"]
        assert found["jaccard"] == pytest.approx(found["dice"] / (2 - found["dice"]))
        twice = segmentation(*pair, [2 * size for size in spacing])
        assert twice["hd95_mm"] == pytest.approx(2 * found["hd95_mm"], rel=1e-6)
        assert {**twice, "hd95_mm": 0} == {**found, "hd95_mm": 0}


def test_the_distance_is_monais() -> None:
    generator = np.random.default_rng(0)
    borders = holes = 0
    for _ in range(160):
        shape = tuple(generator.integers(1, 18, size=generator.choice([2, 3])).tolist())
        spacing = tuple(generator.choice([0.5, 1.0, 1.1, 2.75, 5.0], size=len(shape)).tolist())
        truth, predicted = random_mask(generator, shape), random_mask(generator, shape)
        found = segmentation(truth, predicted, spacing)["hd95_mm"]
        assert found == pytest.approx(monais(truth, predicted, spacing), rel=SINGLE, abs=DOUBLE)
        assert found == pytest.approx(independent(truth, predicted, spacing), abs=DOUBLE)
        borders += any(np.take(truth, end, axis).any() for axis in range(truth.ndim) for end in (0, -1))
        holes += bool((ndimage.binary_fill_holes(truth) != truth).any())
    assert min(borders, holes) > 10  # what a surface could get wrong is among them


def test_masks_are_judged_without_heavy_libraries() -> None:
    judged = "rerad.metrics.segmentation([[0, 1, 1, 0]], [[0, 0, 1, 1]], 1.0)"
    code = f"import sys, rerad.metrics; {judged}; sys.exit(bool({{'torch', 'monai', 'SimpleITK'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_slices_have_metrics_too() -> None:
    truth, predicted = box((6, 8), (1, 4), (1, 4)), box((6, 8), (1, 4), (3, 6))
    volume = segmentation(truth[None], predicted[None], (7.0, 1.5, 1.5))
    assert segmentation(truth, predicted, 1.5) == volume
    assert volume["hd95_mm"] == pytest.approx(3.0)


def test_a_perfect_mask() -> None:
    truth = box((5, 6, 7), (1, 4), (2, 5), (0, 7))
    assert segmentation(truth, truth.astype(bool), 1.0) == dict.fromkeys(masks.METRICS, 1.0) | {"hd95_mm": 0.0}


def test_nothing_to_find_and_nothing_found() -> None:
    nothing = np.zeros((4, 4, 4))
    found = segmentation(nothing, nothing, 1.0)
    assert math.isnan(found.pop("sensitivity"))
    assert found == {"dice": 1.0, "jaccard": 1.0, "accuracy": 1.0, "specificity": 1.0, "hd95_mm": 0.0}
    everything = np.ones((4, 4, 4))
    assert math.isnan(segmentation(everything, everything, 1.0)["specificity"])


def test_one_empty_mask_is_as_wrong_as_brats_has_it() -> None:
    nothing, something = np.zeros((155, 240, 240), bool), box((155, 240, 240), (70, 90), (100, 140), (100, 140))
    for truth, predicted in ((nothing, something), (something, nothing)):
        found = segmentation(truth, predicted, 1.0)
        assert (found["dice"], found["jaccard"]) == (0.0, 0.0)
        assert found["hd95_mm"] == pytest.approx(373.1287, abs=1e-4)
    assert found["sensitivity"] == 0.0
    assert segmentation(nothing[:4, :4, :3], something[70:74, 98:102, 98:101], (1, 1, 4))["hd95_mm"] == pytest.approx(
        math.sqrt(16 + 16 + 144)
    )


def test_real_tumours_against_dense_maps(real_data: Path) -> None:
    import SimpleITK as sitk

    image = sitk.ReadImage(real_data / "sts" / "STS_001" / "PET_mask.nii.gz")
    gtv, spacing = sitk.GetArrayFromImage(image) > 0, image.GetSpacing()[::-1]
    labels = sitk.GetArrayFromImage(sitk.ReadImage(real_data / "brats/BraTS2021_00006/BraTS2021_00006_seg.nii.gz"))
    brain = (slice(30, 130), slice(40, 210), slice(40, 200))
    for truth, size in ((gtv, spacing), ((labels == 4)[brain], (1.0, 1.0, 1.0))):
        predicted = np.roll(ndimage.binary_dilation(truth, iterations=2), (1, 2), (0, 2))
        predicted[1:4, 1:4, 1:4] = True  # a false island far off
        found = segmentation(truth, predicted, size)
        assert found["hd95_mm"] == pytest.approx(independent(truth, predicted, size), abs=DOUBLE)
        assert found["hd95_mm"] == pytest.approx(monais(truth, predicted, size), rel=SINGLE)
        both = (truth & predicted).sum()
        assert found["dice"] == pytest.approx(2 * both / (truth.sum() + predicted.sum()))
        assert found["sensitivity"] == pytest.approx(predicted[truth].mean())
        assert found["specificity"] == pytest.approx((~predicted[~truth]).mean())
        assert found["accuracy"] == pytest.approx((truth == predicted).mean())


@pytest.mark.parametrize(
    ("truth", "predicted", "spacing", "said"),
    [
        (np.zeros((2, 3, 4)), np.zeros((2, 4, 3)), 1.0, r"truth has the shape \(2, 3, 4\), the prediction \(2, 4, 3\)"),
        (np.full((2, 2, 2), 4), np.zeros((2, 2, 2)), 1.0, "truth holds 4, which is neither 0 nor 1"),
        (np.zeros((2, 2)), np.full((2, 2), 0.5), 1.0, "prediction holds 0.5"),
        (np.zeros((2, 2)), np.full((2, 2), np.nan), 1.0, "prediction holds nan"),
        (np.zeros((1, 2, 2, 2)), np.zeros((1, 2, 2, 2)), 1.0, r"truth has the shape \(1, 2, 2, 2\)"),
        (np.zeros((0, 2, 2)), np.zeros((0, 2, 2)), 1.0, r"truth has the shape \(0, 2, 2\)"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), (1.0, 1.0), r"voxel size \(1.0, 1.0\) mm does not fit a mask of 3"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), -1.0, "voxel size -1.0 mm"),
    ],
)
def test_what_is_no_pair_of_masks_is_refused(truth, predicted, spacing, said: str) -> None:
    with pytest.raises(ReradError, match=said):
        segmentation(truth, predicted, spacing)


def test_the_public_name_and_its_example() -> None:
    assert rerad.metrics.segmentation is masks.segmentation
    found = doctest.testmod(masks)
    assert found.attempted > 0
    assert found.failed == 0
