"""A small phantom as DICOM and as NIfTI, and how to prepare it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
from small_cohort import phantom_fixture, run_fixture, run_local_fixture

from rerad.cohorts.sts.phantom import draw_scans
from rerad.cohorts.sts.phantom_risk import plant

PLANTED: dict[str, Any] = {
    "cases": 48,
    "positives": 24,
    "recurrences": 3,
    "without_ct": 0,
    "pet_size": [64, 40, 48],
    "pet_spacing_mm": [4.0, 4.0, 4.0],
    "ct_size": [64, 80, 96],
    "ct_spacing_mm": [4.0, 2.0, 2.0],
    "effect_size": 1.0,
    "oracle_auc": 0.95,
    "volume_weight": 0.35,
    "shape_weight": 0.5,
    "volume_auc_max": 0.7,
    "volume_ml": [20, 150],
    "heterogeneity": [0.05, 0.7],
    "irregularity": [0.02, 0.2],
    "uptake_suv": 5.0,
    "uptake_spread": 0.3,
    "texture_mm": [10, 16],
}
SMALL = PLANTED | {
    "cases": 8,
    "positives": 4,
    "recurrences": 1,
    "without_ct": 2,
    "oracle_auc": 0.94,
    "volume_auc_max": 0.75,
    "pet_size": [40, 24, 28],
    "ct_size": [40, 48, 56],
    "volume_ml": [10, 30],
}
PREPARE: dict[str, Any] = {
    "roi": "GTV_Mass",
    "spacing_mm": 4.0,
    "box": [20, 16, 18],
    "crop_margin_mm": 60,
    "intensity": {
        "PET": {"clip": None, "standardise": "zscore"},
        "CT": {"clip": [0.5, 99.5], "standardise": "zscore"},
    },
}

phantom = phantom_fixture("sts", SMALL)
run = run_fixture("sts", PREPARE, empty=True)
run_local = run_local_fixture("sts", table="clinical")


@pytest.fixture(scope="session")
def planted_settings() -> dict[str, Any]:
    return dict(PLANTED)


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    return dict(SMALL)


@pytest.fixture(scope="session")
def prepare_settings() -> dict[str, Any]:
    return dict(PREPARE)


@pytest.fixture(scope="session")
def nifti(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom's scans as NIfTI, and its table; who has no CT has its mask all the same, as in the real crops."""
    folder = tmp_path_factory.mktemp("nifti")
    shutil.copy(phantom / "INFOclinical_STS.xlsx", folder)
    for patient in plant(SMALL, 0):
        (folder / patient.case).mkdir()
        for name, image in draw_scans(patient, SMALL, 0).items():
            if patient.has_ct or name != "CT_image":
                sitk.WriteImage(image, str(folder / patient.case / f"{name}.nii.gz"), useCompression=True)
    return folder


@pytest.fixture
def raw(nifti: Path, tmp_path: Path) -> Path:
    """A copy of NIfTI scans and table that a test may break before it is acquired as a local source."""
    return shutil.copytree(nifti, tmp_path / "raw")


@pytest.fixture
def raw_dicom(phantom: Path, tmp_path: Path) -> Path:
    """The same in DICOM."""
    return shutil.copytree(phantom, tmp_path / "raw", ignore=shutil.ignore_patterns("*.csv", "*.md"))
