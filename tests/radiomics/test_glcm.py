"""GLCM maps against values worked out by hand, a plain reference, PyRadiomics, and broken input."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from plain_glcm import NAMES, plain_maps
from radiomics.glcm import RadiomicsGLCM

from rerad.core.errors import CaseError
from rerad.radiomics import glcm, glcm_map, glcm_map_file
from rerad.radiomics.glcm_features import FEATURES

CORNER = np.array([[1, 1, 2], [1, 1, 2], [2, 2, 2]])


def noise(*shape: int, levels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, levels + 1, shape)


def levels_map(levels: np.ndarray, **options: object) -> np.ndarray:
    mask = None if (levels > 0).all() else levels > 0
    return glcm_map(levels, mask, levels=max(2, int(levels.max())), binning="none", outside=np.nan, **options)


def test_the_example_of_the_docstring() -> None:
    outcome = doctest.testmod(glcm)
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_four_directions_of_a_corner_by_hand() -> None:
    # Along rows and columns 2 pairs each of (1,1), (1,2), (2,2); along one diagonal 1, 3, 0; along the other 1, 2, 1.
    straight = 2 / 3 * np.log2(3) + 1 / 3 * np.log2(6)
    falling = 1 / 4 * 2 + 3 / 4 * np.log2(8 / 3)
    centre = glcm_map(CORNER, levels=2, window=3)[1, 1]
    assert centre == pytest.approx((2 * straight + falling + 2.0) / 4, abs=1e-9)
    assert glcm_map(CORNER, levels=2, window=3, feature="contrast")[1, 1] == pytest.approx(
        (2 / 6 * 2 + 3 / 4 + 2 / 4) / 4
    )


def test_the_largest_entropy_of_a_5_by_5_window() -> None:
    # 25 different levels: 20 pairs along rows and columns, 16 along diagonals, each in two cells.
    found = levels_map(np.arange(1, 26).reshape(5, 5))[2, 2]
    assert found == pytest.approx((2 * np.log2(40) + 2 * np.log2(32)) / 4, abs=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (6, 7), (3, 4, 5), (1, 1, 1), (1, 5, 6)])
def test_a_flat_image_has_entropy_exactly_0(shape: tuple[int, ...]) -> None:
    for value in (0.0, -7.5, 1e20, np.float32(3e38), np.uint8(255)):
        found = glcm_map(np.full(shape, value))
        assert found.shape == shape
        if np.prod(shape) == 1:
            assert np.isnan(found).all()
        else:
            assert (found == 0).all()


CASES = [
    # shape, levels, window, distance, in_plane, share of the mask
    ((9, 11), 4, 3, 1, False, 1.0),
    ((9, 11), 30, 5, 1, False, 1.0),
    ((10, 7), 6, 5, 2, False, 0.7),
    ((5, 8), 3, 9, 3, False, 0.5),
    ((4, 4), 5, 3, 2, False, 1.0),
    ((1, 12), 4, 5, 1, False, 1.0),
    ((12, 1), 4, 5, 4, False, 0.6),
    ((13, 13), 3, 3, 1, False, 0.05),
    ((4, 5, 6), 5, 3, 1, False, 1.0),
    ((3, 5, 4), 8, 5, 2, False, 0.6),
    ((2, 1, 7), 3, 5, 1, False, 1.0),
    ((3, 5, 6), 5, 5, 1, True, 0.8),
]


@pytest.mark.parametrize(("shape", "levels", "window", "distance", "in_plane", "share"), CASES)
def test_every_feature_is_that_of_plain_matrices(
    shape: tuple[int, ...], levels: int, window: int, distance: int, in_plane: bool, share: float
) -> None:
    grey = noise(*shape, levels=levels)
    grey[np.random.default_rng(1).random(shape) >= share] = 0
    whole = grey if grey.ndim == 3 else grey[np.newaxis]
    planar = in_plane or grey.ndim == 2
    expected = plain_maps(whole, window=window, distance=distance, planar=planar)
    assert set(NAMES) == set(FEATURES)
    for name in NAMES:
        found = levels_map(grey, feature=name, window=window, distance=distance, in_plane=in_plane)
        np.testing.assert_allclose(found, expected[name].reshape(shape), rtol=1e-9, atol=1e-9, err_msg=name)


def pyradiomics_map(image: sitk.Image, mask: sitk.Image, feature: str, **settings: object) -> np.ndarray:
    peer = RadiomicsGLCM(image, mask, voxelBased=True, voxelBatch=200, **settings)
    peer.enableFeatureByName(feature)
    return sitk.GetArrayFromImage(peer.execute()[feature])


def test_every_feature_is_that_of_pyradiomics() -> None:
    values = np.random.default_rng(2).normal(size=(3, 6, 7)).astype(np.float32)
    inside = np.ones(values.shape, np.uint8)
    inside[0, 0, 0] = 0
    inside[:, 2:4, 5] = 0
    files = sitk.GetImageFromArray(values), sitk.GetImageFromArray(inside)
    own_names = {name for name in FEATURES if name not in ("dissimilarity", "homogeneity", "asm")}
    assert len(own_names) == 20
    for name in own_names:
        theirs = "".join(part.capitalize() for part in name.split("_"))
        for in_plane in (False, True):
            expected = pyradiomics_map(*files, theirs, kernelRadius=1, binCount=8, force2D=in_plane)
            found = glcm_map(values, inside, feature=name, levels=8, window=3, binning="mask", in_plane=in_plane)
            # Its joint average alone is nan where one of the directions has no pair.
            held = np.isfinite(expected) if name == "joint_average" else np.ones(expected.shape, bool)
            np.testing.assert_allclose(found[held], expected[held], rtol=1e-9, atol=1e-9, err_msg=f"{name}, {in_plane}")


@pytest.mark.parametrize(
    ("binning", "theirs", "in_plane", "window"),
    [("mask", {"binCount": 32}, False, 3), ("mask", {"binCount": 64}, True, 5), (25, {"binWidth": 25}, True, 5)],
)
def test_the_entropy_of_breast1_is_that_of_pyradiomics(
    real_data: Path, binning: str | float, theirs: dict[str, int], in_plane: bool, window: int
) -> None:
    image, label = (
        sitk.ReadImage(str(real_data / "pyradiomics" / f"breast1_{part}.nrrd")) for part in ("image", "label")
    )
    expected = pyradiomics_map(image, label, "JointEntropy", kernelRadius=window // 2, force2D=in_plane, **theirs)
    values, inside = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(label) == 1
    options = {"levels": theirs.get("binCount", 64), "window": window, "binning": binning, "in_plane": in_plane}
    found = glcm_map(values, inside, **options)
    assert expected[inside].std() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_entropy_of_a_breast_dce_is_that_of_pyradiomics(real_data: Path) -> None:
    image = sitk.ReadImage(str(real_data / "breast_dce" / "UCSF-BR-06" / "post_contrast.nii.gz"))
    crop = image[100:124, 90:112, 30:32]
    inside = np.ones(crop.GetSize()[::-1], np.uint8)
    inside[0, 0, 0] = 0  # PyRadiomics takes no mask of ones alone
    expected = pyradiomics_map(
        crop, sitk.GetImageFromArray(inside), "JointEntropy", kernelRadius=2, binCount=64, force2D=True
    )
    found = glcm_map(sitk.GetArrayFromImage(crop), inside, binning="mask", in_plane=True)
    assert expected[inside > 0].std() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    image = np.random.default_rng(3).normal(size=(4, 31, 17))
    for feature in ("joint_entropy", "cluster_shade"):
        maps = [glcm_map(image, feature=feature, threads=threads).tobytes() for threads in (1, 2, 7)]
        assert len(set(maps)) == 1


def test_a_scaled_or_shifted_image_has_the_same_map() -> None:
    image = noise(15, 14, levels=1000).astype(float)
    expected = glcm_map(image)
    for same in (4 * image, image - 2000, image.astype(np.int16), image.astype(">f4"), np.asfortranarray(image)):
        assert (glcm_map(same) == expected).all()
    wide = np.zeros((30, 28))
    wide[::2, ::2] = image
    assert (glcm_map(wide[::2, ::2]) == expected).all()
    assert np.allclose(glcm_map(image.T), expected.T, atol=1e-9)
    assert np.allclose(glcm_map(image[::-1]), expected[::-1], atol=1e-9)


@pytest.mark.parametrize("feature", ["cluster_tendency", "cluster_shade", "cluster_prominence", "sum_squares"])
def test_moments_about_the_mean_are_as_exact_at_high_levels(feature: str) -> None:
    levels = noise(9, 9, levels=6)
    expected = glcm_map(levels, levels=6, binning="none", feature=feature)
    found = glcm_map(levels + 1000, levels=1024, binning="none", feature=feature)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_planes_stand_alone_and_share_the_levels_of_the_volume() -> None:
    image = np.random.default_rng(4).normal(size=(3, 9, 8)) * np.array([1, 2, 4])[:, None, None]
    found = glcm_map(image, in_plane=True)
    ends = [image.min(), image.max()]
    wide = np.pad(image[1], ((0, 0), (0, 9)), constant_values=ends[0])
    wide[0, -1] = ends[1]
    assert (glcm_map(wide)[:, :6] == found[1][:, :6]).all()
    assert not np.allclose(glcm_map(image[1]), found[1])


def test_values_outside_the_mask_play_no_part() -> None:
    image = np.random.default_rng(5).normal(size=(12, 12))
    mask = np.zeros(image.shape)
    mask[3:9, 4:10] = 2
    mask[5, 5] = 0
    expected = glcm_map(image, mask, binning="mask")
    broken = np.where(mask > 0, image, np.nan)
    assert (glcm_map(broken, mask, binning="mask") == expected).all()
    assert (expected[mask == 0] == 0).all()
    assert (expected[mask > 0] > 0).all()
    assert np.isnan(glcm_map(image, mask, outside=np.nan)[mask == 0]).all()


def test_a_lone_voxel_has_no_value() -> None:
    mask = np.zeros((5, 5))
    mask[0, 0] = mask[4, 3] = mask[4, 4] = 1
    found = glcm_map(noise(5, 5, levels=9), mask, window=3)
    assert np.isnan(found[0, 0])
    assert np.isnan(found).sum() == 1
    assert (found[4, 3:] == 1.0).all()  # one pair of two levels: two cells of one half


def test_the_map_of_a_file_lies_on_its_grid(tmp_path: Path) -> None:
    values = np.random.default_rng(6).normal(size=(4, 9, 8)).astype(np.float32)
    image, mask = sitk.GetImageFromArray(values), sitk.GetImageFromArray((values > -1).astype(np.uint8))
    for one, name in ((image, "image"), (mask, "mask")):
        one.SetSpacing((0.5, 0.7, 3.0))
        one.SetOrigin((-4.0, 5.0, 6.0))
        one.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, -1))
        sitk.WriteImage(one, str(tmp_path / f"{name}.nii.gz"))
    target = tmp_path / "new" / "map.nii.gz"
    glcm_map_file(tmp_path / "image.nii.gz", target, mask_path=tmp_path / "mask.nii.gz", in_plane=True)
    found = sitk.ReadImage(str(target))
    assert np.allclose(found.GetSpacing(), image.GetSpacing())
    assert np.allclose(found.GetOrigin(), image.GetOrigin())
    assert np.allclose(found.GetDirection(), image.GetDirection())
    assert np.allclose(sitk.GetArrayFromImage(found), glcm_map(values, values > -1, in_plane=True), atol=1e-6)
    glcm_map_file(tmp_path / "image.nii.gz", target)
    assert np.allclose(sitk.GetArrayFromImage(sitk.ReadImage(str(target))), glcm_map(values), atol=1e-6)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.full((2, 3, 4), 0.5)), str(tmp_path / "image.nii.gz"))
    with pytest.raises(CaseError, match=r"image\.nii\.gz: values from 0\.5 to 0\.5 are not whole numbers"):
        glcm_map_file(tmp_path / "image.nii.gz", tmp_path / "map.nii.gz", binning="none")
    assert not (tmp_path / "map.nii.gz").exists()
