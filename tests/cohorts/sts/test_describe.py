"""Features come from the scans as acquired, in either form, and only from files that are what they were."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.cohorts.sts.acquire import acquire
from rerad.cohorts.sts.describe import describe
from rerad.radiomics import extract

SETTINGS = {"roi": "GTV_Mass", "spacing_mm": 4.0}
CASES = ["PHANTOM_001", "PHANTOM_002", "PHANTOM_003"]  # the second has no CT


def described(
    folder: Path, place: Path, cases: list[str] = CASES, **settings: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    place.mkdir(exist_ok=True)
    has_ct = [int((folder / case / "CT").exists() or (folder / case / "CT_image.nii.gz").exists()) for case in cases]
    pd.DataFrame({"case": cases, "has_ct": has_ct}).to_csv(place / "cases.csv", index=False)
    files = {"features": place / "features.csv", "patient_flow": place / "flow.csv"}
    describe(folder, place / "cases.csv", settings=SETTINGS | settings, workers=1, **files)
    return pd.read_csv(files["features"]).set_index("case"), pd.read_csv(files["patient_flow"])


@pytest.fixture
def acquired(raw: Path, tmp_path: Path) -> Path:
    """The first patients in NIfTI."""
    for case in raw.iterdir():
        if case.is_dir() and case.name not in CASES:
            shutil.rmtree(case)
    acquire(tmp_path / "sts", source="local", settings={"path": str(raw), "clinical": None}, seed=0)
    return tmp_path / "sts"


def test_of_nifti_the_features_are_those_of_the_files(acquired: Path, tmp_path: Path) -> None:
    table, flow = described(acquired, tmp_path / "out")
    assert flow.empty
    assert table.filter(like="CT_").notna().any(axis=1).tolist() == [True, False, True]
    own = {"spacing_mm": 4.0}
    for modality in ("PET", "CT"):
        files = [acquired / "PHANTOM_003" / f"{modality}_{part}.nii.gz" for part in ("image", "mask")]
        for name, value in extract(*files, modality, settings=own).items():
            # The table has ten digits.
            assert table.loc["PHANTOM_003", name] == pytest.approx(value, rel=1e-9, nan_ok=True), name


def test_of_dicom_they_are_the_same_to_the_digits_of_16_bits(phantom: Path, acquired: Path, tmp_path: Path) -> None:
    dicom, flow = described(phantom, tmp_path / "dicom")
    nifti, _ = described(acquired, tmp_path / "nifti")
    assert flow.empty
    assert dicom.columns.tolist() == nifti.columns.tolist()
    assert dicom.notna().equals(nifti.notna())
    # The geometry, the HU and what does not hang on grey levels at their edges.
    firm = [name for name in dicom if "_shape_" in name or name.startswith(("CT_", "PET_firstorder_M", "PET_index_"))]
    assert len(firm) > 120
    np.testing.assert_allclose(dicom[firm], nifti[firm], rtol=2e-3)
    pd.testing.assert_frame_equal(dicom.filter(like="CT_"), nifti.filter(like="CT_"), rtol=1e-9)


def test_the_region_is_the_one_that_the_settings_name(phantom: Path, tmp_path: Path) -> None:
    mass, _ = described(phantom, tmp_path / "mass", CASES[:1])
    edema, _ = described(phantom, tmp_path / "edema", CASES[:1], roi="GTV_Edema")
    assert (edema["PET_shape_MeshVolume"] > 1.2 * mass["PET_shape_MeshVolume"]).all()


def test_a_file_that_changed_is_a_row_of_the_flow(raw: Path, acquired: Path, tmp_path: Path) -> None:
    for name in ("PHANTOM_001/PET_mask", "PHANTOM_003/CT_image"):
        path = raw / f"{name}.nii.gz"
        path.write_bytes(path.read_bytes() + b"\0")
    table, flow = described(acquired, tmp_path / "out", [*CASES, "PHANTOM_777"])
    rows = list(flow[["case", "modality", "reason"]].itertuples(index=False, name=None))
    assert [row[:2] for row in rows] == [("PHANTOM_001", "PET"), ("PHANTOM_003", "CT"), ("PHANTOM_777", "PET")]
    assert rows[0][2].startswith("PHANTOM_001/PET_mask.nii.gz: changed since it was acquired")
    assert rows[1][2].startswith("PHANTOM_003/CT_image.nii.gz: changed since it was acquired")
    assert rows[2][2].startswith("PHANTOM_777: no series of Modality (0008,0060) = PT")
    assert table.loc["PHANTOM_001"].filter(like="PET_").isna().all()
    assert table.loc["PHANTOM_003"].filter(like="PET_").notna().any()
