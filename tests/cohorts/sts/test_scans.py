"""Which files of a case are its PET, its CT and their GTV, and which are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.cohorts.cases import Case, acquired_cases
from rerad.cohorts.manifest import measured, read_manifest, write_manifest
from rerad.cohorts.sts.scans import read_scan
from rerad.core.errors import CaseError

CASE = "PHANTOM_001"


def case_of(folder: Path) -> Case:
    files = {str(path.relative_to(folder)): "" for path in sorted(folder.rglob("*")) if path.is_file()}
    write_manifest(folder, measured(folder, files))
    return acquired_cases(folder, read_manifest(folder))[CASE]


def scan(case: Case, modality: str = "PET", roi: str = "GTV_Mass") -> list[np.ndarray]:
    return [sitk.GetArrayFromImage(image) for image in read_scan(case, modality, roi=roi)]


@pytest.fixture
def dicom(phantom: Path, tmp_path: Path) -> Path:
    """A cohort of one patient in DICOM."""
    shutil.copytree(phantom / CASE, tmp_path / "dicom" / CASE)
    return tmp_path / "dicom"


@pytest.fixture
def whole(nifti: Path, tmp_path: Path) -> Path:
    """The same in NIfTI."""
    shutil.copytree(nifti / CASE, tmp_path / "nifti" / CASE)
    return tmp_path / "nifti"


def test_nifti_and_dicom_of_a_patient_are_the_same_scan(dicom: Path, whole: Path) -> None:
    for modality, step in (("PET", 1e-3), ("CT", 0)):
        image, mask = scan(case_of(dicom), modality)
        truth, gtv = scan(case_of(whole), modality)
        np.testing.assert_array_equal(mask, gtv)
        np.testing.assert_allclose(image, truth, atol=step)


def test_nifti_stays_as_it_is_stored(whole: Path) -> None:
    path = whole / CASE / "CT_image.nii.gz"
    turned = {
        name: sitk.DICOMOrient(sitk.ReadImage(str(whole / CASE / f"CT_{name}.nii.gz")), "RAS")
        for name in ("image", "mask")
    }
    sitk.WriteImage(turned["image"], str(path))
    image, mask = read_scan(case_of(whole), "CT", roi="")
    assert image.GetPixelID() == sitk.sitkInt16
    assert image.GetDirection() == mask.GetDirection() == turned["image"].GetDirection()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask), sitk.GetArrayFromImage(turned["mask"]))


def test_names_of_files_and_folders_play_no_part(dicom: Path) -> None:
    truth = scan(case_of(dicom), "CT")
    (dicom / CASE / "CT").rename(dicom / CASE / "MR")
    (dicom / CASE / "PT").rename(dicom / CASE / "CT")
    (dicom / CASE / "MR").rename(dicom / CASE / "PT")
    for number, path in enumerate(sorted(dicom.rglob("*.dcm"))):
        path.rename(path.with_name(f"{number * 7919 % 1000:03d}-{number}"))
    for found, true in zip(scan(case_of(dicom), "CT"), truth, strict=True):
        np.testing.assert_array_equal(found, true)


def test_another_region_can_be_asked_for(dicom: Path) -> None:
    case = case_of(dicom)
    mass, edema = scan(case)[1] > 0, scan(case, roi="GTV_Edema")[1] > 0
    assert (mass <= edema).all()
    assert edema.sum() > mass.sum()
    with pytest.raises(CaseError, match=r"no ROI of the name GTV \(ROIName \(3006,0026\)\), but GTV_Mass, GTV_Edema"):
        scan(case, roi="GTV")


def test_a_case_in_both_forms_is_refused(dicom: Path, whole: Path) -> None:
    shutil.copy(whole / CASE / "PET_image.nii.gz", dicom / CASE)
    with pytest.raises(CaseError, match=rf"{CASE}: NIfTI \(.*PET_image.nii.gz\) and DICOM \(.*\.dcm\) in one case"):
        scan(case_of(dicom))


def test_a_file_that_came_later_or_went_is_refused(dicom: Path) -> None:
    case = case_of(dicom)
    slices = sorted((dicom / CASE / "PT").rglob("*.dcm"))
    extra = shutil.copy(slices[0], slices[0].with_name("extra.dcm"))
    with pytest.raises(CaseError, match=r"extra\.dcm: came since the case was acquired"):
        scan(case)
    scan(case, "CT")  # which has nothing to do with it
    extra.unlink()
    slices[0].unlink()
    with pytest.raises(CaseError, match=rf"{slices[0].name}: the file is gone since it was acquired"):
        scan(case)


@pytest.mark.parametrize("part", ["PT", "RTSTRUCT"])
def test_changed_bytes_are_told_as_a_change_whatever_else_they_break(dicom: Path, part: str) -> None:
    case = case_of(dicom)
    for path in (dicom / CASE / part).rglob("*.dcm"):
        path.write_bytes(b"no DICOM" + path.read_bytes()[8:128] + b"????" + path.read_bytes()[132:])
    with pytest.raises(CaseError, match=rf"{part}/.*\.dcm: changed since it was acquired: SHA-256"):
        scan(case)


def test_only_the_files_of_the_scan_are_checked(dicom: Path) -> None:
    case = case_of(dicom)
    path = next((dicom / CASE / "CT").rglob("*.dcm"))
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x02")
    scan(case)
    with pytest.raises(CaseError, match=rf"{path.name}: changed since it was acquired"):
        scan(case, "CT")
