"""The phantom: brains without skull, tumours of nested parts, the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import binary_dilation

from rerad.cohorts.brats.acquire import acquire
from rerad.cohorts.brats.phantom import draw_scans, plant, write_phantom
from rerad.cohorts.brats.phantom_brain import Glioma, draw_brain
from rerad.core.errors import ConfigError
from rerad.imaging.intensity import brain_wise

SCANS = ("t1", "t1ce", "t2", "flair")


def drawn(settings: dict[str, Any], seed: int = 0) -> dict[str, dict[str, np.ndarray]]:
    return {
        patient.case: {
            kind: sitk.GetArrayFromImage(image) for kind, image in draw_scans(patient, settings, seed).items()
        }
        for patient in plant(settings, seed)
    }


def test_the_same_seed_gives_the_same_bytes_in_one_and_in_two_processes(
    phantom: Path, tmp_path: Path, small_settings: dict[str, Any]
) -> None:
    acquire(tmp_path / "brats", source="phantom", settings=small_settings, seed=0, workers=2)
    files = sorted(path.relative_to(phantom) for path in phantom.rglob("*") if path.is_file())
    assert len(files) == 6 * 5 + 2
    for file in files:
        assert (tmp_path / "brats" / file).read_bytes() == (phantom / file).read_bytes(), file
    write_phantom(tmp_path / "other", small_settings, 1)
    names = {path.name for path in (tmp_path / "other").rglob("*.gz")}
    assert names == {path.name for path in phantom.rglob("*.gz")}
    first = next((tmp_path / "other").rglob("PHANTOM_001_t1.nii.gz")).read_bytes()
    assert first != next(phantom.rglob("PHANTOM_001_t1.nii.gz")).read_bytes()


def test_files_are_named_as_a_release_names_them(phantom: Path, small_settings: dict[str, Any]) -> None:
    for patient in plant(small_settings, 0):
        place = phantom / patient.grade / patient.case
        assert {path.name for path in place.iterdir()} == {f"{patient.case}_{kind}.nii.gz" for kind in (*SCANS, "seg")}
    grades = [patient.grade for patient in plant(small_settings, 0)]
    assert (grades.count("HGG"), grades.count("LGG")) == (3, 3)


def test_outside_the_brain_all_is_zero_and_inside_nothing(small_settings: dict[str, Any]) -> None:
    for scans in drawn(small_settings).values():
        brain = scans["t1"] > 0
        assert 0.1 < brain.mean() < 0.4
        for kind in SCANS:
            assert scans[kind].dtype == np.int16
            assert ((scans[kind] > 0) == brain).all()
        assert brain[scans["seg"] > 0].all()
        assert not brain[[0, -1]].any()
        assert not brain[:, [0, -1]].any()
        assert not brain[:, :, [0, -1]].any()


def test_parts_are_nested(small_settings: dict[str, Any]) -> None:
    fine = small_settings | {
        "cases": 2,
        "low_grade": 0,
        "without_enhancing": 0,
        "size": [80, 100, 90],
        "spacing_mm": [2, 2, 2],
    }
    for scans in drawn(fine).values():
        labels = scans["seg"]
        assert set(np.unique(labels)) == {0, 1, 2, 4}
        assert not (binary_dilation(labels == 1) & np.isin(labels, (0, 2))).any()
        outside = binary_dilation(np.isin(labels, (1, 4))) & (labels == 0) & (scans["t1"] > 0)
        assert not outside.any()


def test_parts_are_as_large_as_planted(small_settings: dict[str, Any]) -> None:
    patients = {patient.case: patient for patient in plant(small_settings, 0)}
    without = 0
    for case, scans in drawn(small_settings).items():
        labels = scans["seg"]
        core = np.isin(labels, (1, 4))
        assert 20 <= (labels > 0).sum() * 0.125 <= 80
        shares = (0.34, 0.61) if patients[case].grade == "HGG" else (0.49, 0.81)
        assert shares[0] <= core.sum() / (labels > 0).sum() <= shares[1]
        if patients[case].enhances:
            share = (labels == 4).sum() / core.sum()
            assert (0.48 <= share <= 0.82) if patients[case].grade == "HGG" else (0.08 <= share <= 0.22)
        else:
            assert not (labels == 4).any()
            without += 1
    assert without == 1


def test_sequences_show_what_they_show_in_a_clinic(small_settings: dict[str, Any]) -> None:
    for scans in drawn(small_settings).values():
        labels, flair, t1ce = scans["seg"], scans["flair"], scans["t1ce"]
        healthy = (flair > 0) & (labels == 0)
        assert flair[labels == 2].mean() > 1.3 * flair[healthy].mean()
        if (labels == 4).any():
            assert t1ce[labels == 4].mean() > 1.3 * t1ce[healthy].mean()
        assert scans["t1"][labels == 1].mean() < scans["t1"][healthy].mean()


def test_whether_the_tumour_enhances_does_not_show_in_healthy_tissue(small_settings: dict[str, Any]) -> None:
    # A scan is scaled to its own range: the brightest voxels must be there without the tumour, as vessels are.
    settings = small_settings | {"noise": 0.0}
    healthy = []
    for quiet in (0.3, 1.0):
        images, labels = draw_brain(Glioma(40.0, 0.5, quiet), settings, np.random.default_rng(0))
        assert (labels == 4).any() == (quiet < 1)
        scaled = brain_wise(images[SCANS.index("t1ce")], scale=100, offset=0.1)
        healthy.append(np.median(scaled[(images[0] > 0) & (labels == 0)]))
    assert healthy[1] == pytest.approx(healthy[0], rel=0.02)


def test_without_contrast_there_is_nothing_to_see(small_settings: dict[str, Any]) -> None:
    seen = drawn(small_settings | {"noise": 0.0})
    for case, scans in drawn(small_settings | {"contrast": 0.0, "noise": 0.0}).items():
        assert (scans["seg"] == seen[case]["seg"]).all()
        tumour = scans["seg"] > 0
        values = scans["flair"][tumour]
        assert values.mean() < 0.8 * seen[case]["flair"][tumour].mean()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"low_grade": 7}, "low_grade"),
        ({"without_enhancing": 4}, "without_enhancing"),
        ({"tumour_ml": [0.1, 0.2]}, "tumour_ml"),
        ({"tumour_ml": [2000, 3000]}, "tumour_ml"),
    ],
)
def test_settings_that_cannot_be_met_are_named(
    small_settings: dict[str, Any], tmp_path: Path, change: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        write_phantom(tmp_path, small_settings | change, 0)
    assert caught.value.where == f"cohorts.brats.phantom.{key}"
