"""Preparation: a row for every case that cannot be used, and the others finish."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pydicom
import pytest
import SimpleITK as sitk
from nifti_scans import edit

from rerad.cohorts.breast.scans import read_scan
from rerad.cohorts.cases import Case
from rerad.cohorts.manifest import read_manifest
from rerad.core.errors import ReradError
from rerad.imaging.dicom import read_mr, read_seg

Run = Callable[..., SimpleNamespace]


@pytest.fixture
def case(raw: Path) -> str:
    table = pd.read_csv(raw / "groups.csv")
    return str(table.loc[table["group"] == "malignant", "case"].iloc[0])


@pytest.fixture
def nifti(raw: Path, case: str) -> Path:
    """The case as NIfTI, for a test to break."""
    image = read_mr(next((raw / case / "MR").iterdir()))
    lesion = read_seg(next((raw / case / "SEG").rglob("*.dcm")), image)
    shutil.rmtree(raw / case)
    (raw / case).mkdir()
    sitk.WriteImage(image, str(raw / case / "post.nii.gz"))
    sitk.WriteImage(lesion, str(raw / case / "lesion.nii.gz"))
    return raw / case


def spoil(array: np.ndarray) -> np.ndarray:
    array[3, 4, 5] = np.nan
    return array


NIFTI = {
    "nan": (lambda f: edit(f / "post.nii.gz", spoil), "1 voxels are not finite"),
    "flat": (lambda f: edit(f / "post.nii.gz", lambda array: array * 0 + 5), "a constant image: all voxels are 5"),
    "two images": (lambda f: shutil.copy(f / "post.nii.gz", f / "pre.nii.gz"), "2 images: "),
    "no image": (lambda f: (f / "post.nii.gz").unlink(), "no images among "),
    "smaller lesion": (lambda f: edit(f / "lesion.nii.gz", lambda a: a[:-1]), "image and lesion mask lie on different"),
    "empty lesion": (lambda f: edit(f / "lesion.nii.gz", lambda array: array * 0), "the lesion mask is empty"),
    "cut": (lambda f: (f / "post.nii.gz").write_bytes((f / "post.nii.gz").read_bytes()[:-900]), "cannot be read"),
    "both": (lambda f: (f / "more.dcm").write_bytes(b"DICM"), "and other files"),
}


@pytest.mark.parametrize("how", NIFTI)
def test_a_broken_nifti_case_is_a_row_and_the_others_finish(nifti: Path, run_local: Run, how: str) -> None:
    change, message = NIFTI[how]
    change(nifti)
    result = run_local(nifti.parent)
    (row,) = result.patient_flow.to_dict("records")
    assert (row["case"], row["stage"], row["modality"], row["status"]) == (nifti.name, "prepare", "all", "excluded")
    assert message in row["reason"]
    assert "/tmp" not in row["reason"]
    assert len(result.cases) == 2
    assert nifti.name not in {path.name.split(".")[0] for path in result.arrays.iterdir()}


def change_seg(folder: Path, change: Callable[[pydicom.Dataset], object]) -> None:
    path = next((folder / "SEG").rglob("*.dcm"))
    header = pydicom.dcmread(path)
    change(header)
    header.save_as(path)


def move(header: pydicom.Dataset) -> None:
    for frame in header.PerFrameFunctionalGroupsSequence:
        plane = frame.PlanePositionSequence[0]
        plane.ImagePositionPatient = [value + 1.5 for value in plane.ImagePositionPatient]


def second_phase(folder: Path) -> None:
    series = next((folder / "MR").iterdir())
    for path in list(series.iterdir()):
        header = pydicom.dcmread(path)
        header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{header.InstanceNumber}"
        header.save_as(path.with_name(f"2-{path.name}"))


DICOM = {
    "mask moved": (lambda f: change_seg(f, move), "lies on another grid than the image"),
    "mask empty": (
        lambda f: change_seg(f, lambda h: setattr(h, "PixelData", bytes(len(h.PixelData)))),
        "marks no voxel",
    ),
    "slice missing": (lambda f: next((f / "MR").rglob("1-007.dcm")).unlink(), "missing slice"),
    "two phases in one series": (second_phase, "duplicated slice"),
    "two series": (lambda f: shutil.copytree(next((f / "MR").iterdir()), f / "MR2"), "2 MR series"),
    "no series": (lambda f: shutil.rmtree(f / "MR"), "no MR series: there is SEG series"),
    "not DICOM": (lambda f: (f / "SEG" / "note.dcm").write_bytes(b"hello"), "no DICOM file"),
}


@pytest.mark.parametrize("how", DICOM)
def test_a_broken_dicom_case_is_a_row_and_the_others_finish(raw: Path, case: str, run_local: Run, how: str) -> None:
    change, message = DICOM[how]
    change(raw / case)
    result = run_local(raw)
    assert result.patient_flow["case"].tolist() == [case]
    assert message in result.patient_flow["reason"].iloc[0]
    assert len(result.cases) == 2


def test_a_case_without_mask_or_group_serves_training_and_timing(raw: Path, case: str, run_local: Run) -> None:
    shutil.rmtree(raw / case / "SEG")
    table = pd.read_csv(raw / "groups.csv")
    (raw / "groups.csv").unlink()
    other = str(table.loc[table["group"] == "benign", "case"].iloc[0])
    groups = raw.parent / "groups.csv"
    table[table["case"] != other].assign(patient=["one", "two"]).to_csv(groups, index=False)
    result = run_local(raw, clinical=groups)
    cases = result.cases.set_index("case")
    assert cases["included"].eq(1).all()
    assert (cases.loc[case, "evaluated"], cases.loc[case, "lesion_voxels"]) == (0, 0)
    assert (cases.loc[other, "evaluated"], cases.loc[other, "group"], cases.loc[other, "patient"]) == (0, "", other)
    assert cases["evaluated"].sum() == 1
    flow = result.patient_flow.set_index("case")
    assert flow.loc[case, "modality"] == "lesion"
    assert "groups.csv does not name it" in flow.loc[other, "reason"]


def test_a_group_of_no_scan_is_a_row(raw: Path, run_local: Run) -> None:
    with open(raw / "groups.csv", "a") as file:
        file.write("GHOST,benign\n")
    flow = run_local(raw).patient_flow
    assert flow.loc[0, ["case", "reason"]].tolist() == ["GHOST", "no scan of this case of groups.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case,kind\nA,benign\n", "column 'group' is missing"),
        ("case,group\nA,healthy\n", "group 'healthy' of A"),
        ("case,group\nA,benign\nA,benign\n", "A has two rows"),
        ("case,group,patient\nA,benign,P1\nB,benign,NA\n", "tables take the name 'NA' for a missing value"),
    ],
)
def test_a_broken_table_of_groups_ends_the_run(raw: Path, run_local: Run, text: str, message: str) -> None:
    (raw / "groups.csv").write_text(text)
    with pytest.raises(ReradError, match=message):
        run_local(raw)


def test_a_file_that_changed_since_it_was_acquired_is_told(phantom: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(phantom, tmp_path / "breast")
    manifest = read_manifest(folder)
    name = next(file.split("/")[0] for file in manifest if "/SEG/" in file)
    case = Case(name, folder, {file: entry for file, entry in manifest.items() if file.startswith(f"{name}/")})
    read_scan(case)
    path = next((folder / name / "MR").rglob("1-003.dcm"))
    path.write_bytes(path.read_bytes()[:-2] + b"\0\1")
    with pytest.raises(ReradError, match="changed since it was acquired"):
        read_scan(case)
