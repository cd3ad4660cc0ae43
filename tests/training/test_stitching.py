"""Whole cases from patches: against the network itself, and metrics against other libraries."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_patches import make_cohort, patches_of
from torch import nn

from rerad.core.errors import ReradError
from rerad.imaging.stored import open_case
from rerad.models.output import Output
from rerad.training.prediction import judge
from rerad.training.stitching import stitched


class Pointwise(nn.Module):
    """A network without padding effects: every voxel is judged by itself."""

    def __init__(self, regions: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.last = nn.Conv3d(4, regions, 1)

    def forward(self, images, table=None):
        return Output(voxels=self.last(images / 50 - 1))


class Known(nn.Module):
    """A network that answers what it finds in the first channels."""

    def forward(self, images, table=None):
        return Output(voxels=images[:, :3])


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path / "cohort")


@pytest.mark.parametrize("patch", [4, 8, [20, 6, 5]])
def test_by_patches_it_is_what_the_network_says_of_the_whole(cohort: Path, patch) -> None:
    patches = patches_of(cohort, patch=patch, augmentation={})
    network = Pointwise()
    for case in range(2):
        images = torch.from_numpy(np.array(patches.opened(case).images))
        with torch.no_grad():
            found = stitched(network, patches, images, case)
            direct = torch.sigmoid(network(images[None]).voxels[0])
        torch.testing.assert_close(found, direct, rtol=0, atol=1e-6)


def test_a_case_is_judged_by_its_painted_labels(cohort: Path) -> None:
    # The logits lie in the images: WT everywhere but in a corner, TC in a slab, ET nowhere.
    path = cohort / "arrays" / "case_0.images.npy"
    images = np.full_like(np.load(path), -9.0)
    images[0] = 9.0
    images[1, 2:4] = 9.0
    images[:, 0, 0] = 0  # background
    np.save(path, images)
    patches = patches_of(cohort, augmentation={})
    (found,) = judge(Known(), patches, [0], None, whole=True)
    labels = np.asarray(open_case(cohort / "arrays", "case_0", channels=4).labels)
    expected = np.full(labels.shape, 2, np.uint8)
    expected[2:4] = 1
    expected[0, 0] = 0
    np.testing.assert_array_equal(found.mask, expected)
    wt = 2 * (labels > 0).sum() / ((labels > 0).sum() + (expected > 0).sum())
    tc = 2 * ((labels == 1) & (expected == 1)).sum() / ((labels == 1).sum() + (expected == 1).sum())
    assert found.dice == pytest.approx((wt + tc + 1) / 3)  # neither has enhancing tumour: right
    assert found.score is None
    (brief,) = judge(Known(), patches, [0], None)
    assert brief.mask is None
    assert (brief.dice, brief.losses) == (found.dice, found.losses)


def test_the_loss_of_a_case_is_that_of_the_whole(cohort: Path) -> None:
    patches = patches_of(cohort, augmentation={})
    network = Pointwise()
    (found,) = judge(network, patches, [3], None)
    stored = open_case(cohort / "arrays", "case_3", channels=4)
    with torch.no_grad():
        chance = torch.sigmoid(network(torch.from_numpy(np.array(stored.images))[None]).voxels[0]).double().numpy()
    shares = []
    for own, known in zip(chance, ((1, 2, 4), (1, 4), (4,)), strict=True):
        truth = np.isin(stored.labels, known)
        shares.append((1e-6 + 2 * own[truth].sum()) / (1e-6 + truth.sum() + own.sum()))
    assert found.losses["loss"] == pytest.approx(1 - np.mean(shares), abs=1e-6)


def test_a_network_of_other_regions_is_refused(cohort: Path) -> None:
    with pytest.raises(ReradError, match="answers 2 regions where the cohort has 3"):
        judge(Pointwise(regions=2), patches_of(cohort), [0], None)
    silent = nn.Module()
    silent.forward = lambda images, table: Output(logits=images)
    with pytest.raises(ReradError, match="no voxels to stitch"):
        judge(silent, patches_of(cohort), [0], None)


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two real gliomas, prepared."""
    from rerad.cohorts.brats.acquire import acquire
    from rerad.cohorts.brats.prepare import prepare

    folder = tmp_path_factory.mktemp("real")
    settings = {"path": str(real_data / "brats"), "grades": None, "licence": None, "doi": None}
    acquire(folder / "brats", source="local", settings=settings, seed=0)
    prepare(
        folder / "brats", settings={"intensity": {"scale": 100, "offset": 0.1}}, seed=0, permute_labels=False, workers=1,
        arrays=folder / "arrays",
        **{name: folder / f"{name}.csv" for name in ("cases", "patient_flow", "box_check", "slices")},
    )  # fmt: skip
    names = pd.read_csv(folder / "cases.csv")["case"]
    split = [
        (case, fold, "test" if fold == number else "train") for fold in (1, 2) for number, case in enumerate(names, 1)
    ]
    pd.DataFrame(split, columns=["case", "fold", "role"]).to_csv(folder / "splits.csv", index=False)
    return folder


def disturbed(labels: np.ndarray) -> np.ndarray:
    """Return labels as a network might have painted them: shifted, with an island and a hole."""
    called = np.roll(labels, (1, -2, 3), axis=(0, 1, 2))
    called[5:8, 20:24, 30:33] = 4
    called[labels.shape[0] // 2] = 0
    return called


def test_metrics_of_real_gliomas_are_those_of_other_libraries(real: Path) -> None:
    import SimpleITK as sitk
    from monai.metrics import compute_dice, compute_hausdorff_distance

    from rerad.metrics.masks import segmentation

    patches = patches_of(real, augmentation={}, patch=64)
    for case in (0, 1):
        for region, truth, called in patches.compared(case, disturbed(patches.truth(case))):
            assert truth.shape == (155, 240, 240)
            found = segmentation(truth, called, patches.spacing(case))
            pair = [torch.from_numpy(mask)[None, None].float() for mask in (called, truth)]
            assert found["dice"] == pytest.approx(compute_dice(*pair).item(), abs=1e-6)
            theirs = compute_hausdorff_distance(
                *pair, percentile=95, spacing=[patches.spacing(case)], include_background=True
            )
            assert found["hd95_mm"] == pytest.approx(theirs.item(), abs=1e-3), region
            overlap = sitk.LabelOverlapMeasuresImageFilter()
            overlap.Execute(*[sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (called, truth)])
            assert found["dice"] == pytest.approx(overlap.GetDiceCoefficient(), abs=1e-6)
            assert found["sensitivity"] == pytest.approx(1 - overlap.GetFalseNegativeError(), abs=1e-6)
        nothing = {one.region: one for one in patches.compared(case, np.zeros_like(patches.truth(case)))}
        missed = segmentation(nothing["ET"].truth, nothing["ET"].called, patches.spacing(case))
        assert (missed["dice"], missed["hd95_mm"]) == (0, pytest.approx(math.hypot(240, 240, 155)))
