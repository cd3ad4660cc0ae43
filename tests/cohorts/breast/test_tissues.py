"""Tissues of arrays drawn by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.cohorts.breast.labels import FATTY, GLANDULAR, LESION, OTHER
from rerad.cohorts.breast.tissues import find_breast, label_tissues, log_smooth, two_clusters
from rerad.core.errors import CaseError

SPACING = (4.0, 2.0, 2.0)


def body(width: int = 150) -> np.ndarray:
    """Two boxes on a chest (30 rows of air, boxes to row 70, chest below), fat of 20 with a gland of 80 in each."""
    image = np.zeros((12, 100, width), np.float32)
    image[:, 70:] = 30
    for start in (10, width - 60):
        image[:, 30:70, start : start + 50] = 20
        image[2:10, 40:60, start + 15 : start + 35] = 80
    return image + np.random.default_rng(0).uniform(0, 1, image.shape).astype(np.float32)


def lesion(width: int = 150, left: bool = True) -> np.ndarray:
    mask = np.zeros((12, 100, width), bool)
    start = 30 if left else width - 40
    mask[4:8, 45:50, start : start + 5] = True
    return mask


def labels_of(image: np.ndarray, mask: np.ndarray | None, settings: dict[str, Any], group: str = "") -> np.ndarray:
    return label_tissues(image, mask, SPACING, group=group, settings=settings).labels


@pytest.fixture
def settings(prepare_settings: dict[str, Any]) -> dict[str, Any]:
    return prepare_settings


def test_two_clusters_part_where_the_squares_are_least() -> None:
    generator = np.random.default_rng(1)
    values = np.concatenate([generator.normal(0, 1, 500), generator.normal(6, 1.5, 200)])
    cut = two_clusters(values)

    def squares(at: float) -> float:
        return sum(((part - part.mean()) ** 2).sum() for part in (values[values <= at], values[values > at]))

    everywhere = min(squares(at) for at in np.sort(values)[1:-1])
    assert squares(cut) <= everywhere * 1.001
    assert two_clusters(np.array([0.0] * 10 + [4.0] * 3)) == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e4])
def test_tissues_do_not_depend_on_the_unit(settings: dict[str, Any], factor: float) -> None:
    image = body()
    np.testing.assert_array_equal(
        labels_of(image, lesion(), settings), labels_of((image * factor).astype(np.float32), lesion(), settings)
    )


def test_the_breast_ends_at_the_cleft_or_at_its_depth() -> None:
    smooth = log_smooth(body(), SPACING)
    whole = find_breast(smooth, SPACING, depth_mm=200, both=True)
    assert whole[:, 35:65, 15:55].all()
    assert not whole[:, 75:].any()
    assert not whole[:, :25].any()
    short = find_breast(smooth, SPACING, depth_mm=40, both=True)
    rows = np.flatnonzero(short.any(axis=(0, 2)))
    assert (rows[-1] - rows[0] + 1) * SPACING[1] == pytest.approx(40, abs=2)


@pytest.mark.parametrize("left", [True, False])
def test_each_tissue_is_where_it_was_drawn(settings: dict[str, Any], left: bool) -> None:
    image, mask = body(), lesion(left=left)
    labels = labels_of(image, mask, settings, "benign")
    np.testing.assert_array_equal(labels == LESION, mask)
    ill = slice(0, 75) if left else slice(75, None)
    well = slice(75, None) if left else slice(0, 75)
    assert (labels[:, :, well] == GLANDULAR).sum() > 1000
    assert not (labels[:, :, ill] == GLANDULAR).any()
    assert (labels[:, :, ill] == OTHER).any()
    assert image[labels == GLANDULAR].min() > 50
    assert np.median(image[labels == FATTY]) < 22
    assert (labels[:, :, ill] == FATTY).any()


def test_bright_fat_changes_places_with_glands(settings: dict[str, Any]) -> None:
    dark = labels_of(body(), None, settings)
    bright = labels_of(body(), None, settings | {"fat": "bright"})
    np.testing.assert_array_equal(dark == FATTY, bright == GLANDULAR)
    np.testing.assert_array_equal(dark == GLANDULAR, bright == FATTY)


def test_of_a_normal_case_beside_a_lesion_only_the_healthy_breast_counts(settings: dict[str, Any]) -> None:
    labels = labels_of(body(), lesion(), settings, "normal")
    assert not labels[:, :, :70].any()
    assert (labels == FATTY).any()
    assert (labels == GLANDULAR).any()
    assert not (labels == LESION).any()


def test_an_image_of_one_breast_gives_its_own_glands(settings: dict[str, Any]) -> None:
    image, mask = body()[:, :, :70], lesion()[:, :, :70]
    labels = labels_of(image, mask, settings, "malignant")
    assert (labels == GLANDULAR).sum() > 200
    with pytest.raises(CaseError, match="a lesion mask in a normal case of one breast"):
        labels_of(image, mask, settings, "normal")


def test_what_cannot_be_used_is_told_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(CaseError, match="a constant image: all voxels are 7"):
        labels_of(np.full((4, 8, 150), 7, np.float32), None, settings)
    found = label_tissues(body(), None, SPACING, group="benign", settings=settings | {"min_voxels": 10**6})
    assert found.missing["glandular"].endswith("voxels of glandular tissue, fewer than min_voxels = 1000000")
    assert found.missing["lesion"] == "no lesion mask: the case serves training and timing"
    assert set(np.unique(found.labels)) == {0, OTHER}
    assert label_tissues(body(), None, SPACING, group="normal", settings=settings).missing == {}


def test_the_part_of_a_lesion_outside_the_breast_is_told(settings: dict[str, Any]) -> None:
    mask = lesion()
    assert label_tissues(body(), mask, SPACING, group="benign", settings=settings).outside == 0
    mask[4:8, 5:10, 30:35] = True  # as much again in the air
    assert label_tissues(body(), mask, SPACING, group="benign", settings=settings).outside == pytest.approx(0.5)


def test_a_real_breast_has_dark_fat_around_bright_glands(real_data: Path, prepare_settings: dict[str, Any]) -> None:
    path = real_data / "breast_dce" / "UCSF-BR-06" / "post_contrast.nii.gz"
    image = sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS")
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    found = label_tissues(values, None, image.GetSpacing()[::-1], group="", settings=prepare_settings)
    fat, glands = (values[found.labels == label] for label in (FATTY, GLANDULAR))
    litres = np.prod(image.GetSpacing()) / 1e6
    assert 0.2 < len(fat) * litres < 1.5
    assert 0.02 < len(glands) * litres < 0.5
    assert np.median(glands) > 2 * np.median(fat)
    assert list(found.missing) == ["lesion"]
