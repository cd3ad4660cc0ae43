"""Every fault of DICOM is a row that names patient, series, tag and value, and costs no other patient anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from rerad.cohorts.sts.acquire import acquire
from rerad.cohorts.sts.phantom import draw_scans
from rerad.cohorts.sts.phantom_risk import plant

BROKEN = "PHANTOM_002"
# The smallest phantom: four patients of sixteen slices.
TINY = {
    "cases": 4, "positives": 2, "recurrences": 0, "without_ct": 0, "oracle_auc": 1.0, "volume_auc_max": 1.0,
    "pet_size": [16, 16, 16], "pet_spacing_mm": [8.0, 8.0, 8.0],
    "ct_size": [16, 20, 20], "ct_spacing_mm": [8.0, 6.0, 6.0],
}  # fmt: skip
SIZES = {"spacing_mm": 8.0, "box": [12, 12, 12]}


@pytest.fixture(scope="module")
def tiny(small_settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "sts"
    acquire(folder, source="phantom", settings=small_settings | TINY, seed=0)
    return folder


@pytest.fixture
def scans(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "raw", ignore=shutil.ignore_patterns("*.csv", "*.md"))


def files_of(scans: Path, modality: str) -> list[Path]:
    """Return the slices of the patient to be broken from the feet to the head, or its RTSTRUCTs."""
    paths = sorted((scans / BROKEN / modality).rglob("*.dcm"))
    if modality == "RTSTRUCT":
        return paths
    return sorted(paths, key=lambda path: dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])


def rtstruct_of(scans: Path, modality: str) -> Path:
    uid = uid_of(scans, modality)
    return next(path for path in files_of(scans, "RTSTRUCT") if referred(dcmread(path)).SeriesInstanceUID == uid)


def uid_of(scans: Path, modality: str) -> str:
    return next((scans / BROKEN / modality).iterdir()).name


def referred(header: Dataset) -> Dataset:
    return header.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]


def edit(path: Path, change: Callable[[Dataset], object]) -> None:
    header = dcmread(path)
    change(header)
    header.save_as(path)


def tags(in_tracer: bool = False, **values: Any) -> Callable[[Path, str], None]:
    """Return a fault: values of all slices, None to leave a tag out."""

    def change(header: Dataset) -> None:
        target = header.RadiopharmaceuticalInformationSequence[0] if in_tracer else header
        for keyword, value in values.items():
            if value is None:
                delattr(target, keyword)
            else:
                setattr(target, keyword, value)

    def fault(scans: Path, modality: str) -> None:
        for path in files_of(scans, modality):
            edit(path, change)

    return fault


def slice_missing(scans: Path, modality: str) -> None:
    files_of(scans, modality)[6].unlink()


def slice_missing_untold(scans: Path, modality: str) -> None:
    tags(NumberOfSlices=None)(scans, modality)
    slice_missing(scans, modality)


def slice_missing_at_the_end(scans: Path, modality: str) -> None:
    files_of(scans, modality)[-1].unlink()


def slice_twice(scans: Path, modality: str) -> None:
    path = files_of(scans, modality)[6]
    shutil.copy(path, path.with_name("copy.dcm"))


def place_twice(scans: Path, modality: str) -> None:
    path = files_of(scans, modality)[6]
    new = path.with_name("again.dcm")
    shutil.copy(path, new)
    edit(new, lambda header: setattr(header, "SOPInstanceUID", generate_uid(entropy_srcs=["again"])))


def place_shifted(scans: Path, modality: str) -> None:
    def change(header: Dataset) -> None:
        x, y, z = header.ImagePositionPatient
        header.ImagePositionPatient = [x, y, z + 2.5]

    edit(files_of(scans, modality)[6], change)


def series_mixed(scans: Path, modality: str) -> None:
    edit(files_of(scans, modality)[6], lambda header: setattr(header, "SeriesInstanceUID", "1.2.3.4"))


def series_twice(scans: Path, modality: str) -> None:
    new = scans / BROKEN / "again"
    for path in files_of(scans, modality):
        new.mkdir(exist_ok=True)
        shutil.copy(path, new)
        edit(new / path.name, lambda header: setattr(header, "SeriesInstanceUID", "1.2.3.4"))


def series_gone(scans: Path, modality: str) -> None:
    shutil.rmtree(scans / BROKEN / modality)


def all_in_one_folder(scans: Path, modality: str) -> None:
    for path in (scans / BROKEN).rglob("*.dcm"):
        path.rename(scans / BROKEN / f"{path.parents[1].name}_{path.name}")


def rtstruct_gone(scans: Path, modality: str) -> None:
    rtstruct_of(scans, modality).unlink()


def rtstruct_of_nothing(scans: Path, modality: str) -> None:
    edit(rtstruct_of(scans, modality), lambda header: delattr(header, "ReferencedFrameOfReferenceSequence"))


def rtstruct_of_another(scans: Path, modality: str) -> None:
    edit(rtstruct_of(scans, modality), lambda header: setattr(referred(header), "SeriesInstanceUID", "1.2.3.4"))


def rtstruct_twice(scans: Path, modality: str) -> None:
    path = rtstruct_of(scans, modality)
    edit(
        Path(shutil.copy(path, path.with_name("other.dcm"))),
        lambda header: setattr(header, "SeriesInstanceUID", "1.2.3.4"),
    )


def rtstruct_of_both(scans: Path, modality: str) -> None:
    other = Dataset()
    other.SeriesInstanceUID = uid_of(scans, "CT" if modality == "PT" else "PT")

    def change(header: Dataset) -> None:
        header.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence.append(
            other
        )

    edit(rtstruct_of(scans, modality), change)


def roi_empty(scans: Path, modality: str) -> None:
    edit(rtstruct_of(scans, modality), lambda header: delattr(header.ROIContourSequence[0], "ContourSequence"))


def roi_of_another_name(scans: Path, modality: str) -> None:
    edit(rtstruct_of(scans, modality), lambda header: setattr(header.StructureSetROISequence[0], "ROIName", "GTV Mass"))


def another_patient(scans: Path, modality: str) -> None:
    tags(PatientID="STS_999")(scans, modality)


# What breaks a PT, and what the row says: tag and value.
OF_PT: dict[str, tuple[Callable[[Path, str], None], str]] = {
    "no weight": (tags(PatientWeight=None), r"PatientWeight \(0010,1030\) is missing"),
    "no dose": (tags(in_tracer=True, RadionuclideTotalDose=None), r"RadionuclideTotalDose \(0018,1074\) is missing"),
    "no half-life": (tags(in_tracer=True, RadionuclideHalfLife=None), r"RadionuclideHalfLife \(0018,1075\) is missing"),
    "units": (tags(Units="CNTS"), r"Units \(0054,1001\) = CNTS is neither BQML nor GML"),
    "negative delay": (tags(SeriesTime="080000"), r"negative delay: SeriesTime \(0008,0031\) = 080000 is before"),
    "no decay correction": (tags(DecayCorrection="NONE"), r"DecayCorrection \(0054,1102\) = NONE is neither"),
    "slice missing": (slice_missing, r"NumberOfSlices \(0054,0081\) = 16 but there are 15 files: missing slices"),
    "slice missing, by its place": (slice_missing_untold, r"missing slice: 16 mm between .*\(0020,0032\)"),
    "RTSTRUCT of both": (rtstruct_of_both, r"refers to this and to .*RTReferencedSeriesSequence \(3006,0014\)"),
    "end missing": (slice_missing_at_the_end, r"NumberOfSlices \(0054,0081\) = 16.* but there are 15 files"),
}
# What breaks a PT and a CT.
OF_BOTH: dict[str, tuple[Callable[[Path, str], None], str]] = {
    "slice twice": (slice_twice, r"duplicated slice: SOPInstanceUID \(0008,0018\) = .* is in .*copy\.dcm"),
    "place twice": (place_twice, r"duplicated slice: .*again\.dcm.* both lie at -?\d+ mm .*\(0020,0032\)"),
    "unequal gaps": (place_shifted, r"unequal spacing: gaps of 5\.5 to 10\.5 mm.*\(0020,0032\)"),
    "mixed series": (series_mixed, r"mixed series: SeriesInstanceUID \(0020,000e\) = 1\.2\.3\.4 in "),
    "two series": (series_twice, r"2 series of Modality \(0008,0060\) = {modality}: .*series {uid} .*series 1\.2\.3\.4 "),
    "no RTSTRUCT": (rtstruct_gone, r"no RTSTRUCT refers to it by .*\(3006,0014\) / SeriesInstanceUID \(0020,000e\)"),
    "RTSTRUCT of nothing": (rtstruct_of_nothing, r"no RTSTRUCT refers to it .* refers to no series at all"),
    "RTSTRUCT of another": (rtstruct_of_another, r"no RTSTRUCT refers to it .* refers to 1\.2\.3\.4"),
    "RTSTRUCT twice": (rtstruct_twice, r"2 RTSTRUCTs of this series have ROIName \(3006,0026\) = GTV_Mass: .*1\.2\.3\.4 "),
    "empty ROI": (roi_empty, r"ROI GTV_Mass: empty ROI: ContourSequence \(3006,0040\) has no contour"),
    "no such ROI": (roi_of_another_name, r"no ROI of the name GTV_Mass \(ROIName \(3006,0026\)\), but GTV Mass, GTV_Edema"),
}  # fmt: skip
OF_CT: dict[str, tuple[Callable[[Path, str], None], str]] = {
    "slice missing": (slice_missing, r"missing slice: 16 mm between .*\(0020,0032\)"),
    "no HU": (tags(RescaleType="US"), r"RescaleType \(0028,1054\) = US is not HU"),
    "no slope": (tags(RescaleSlope=None), r"RescaleSlope \(0028,1053\) is missing"),
    "no CT": (series_gone, r"no series of Modality \(0008,0060\) = CT: there is PT series "),
}
FAULTS = [(f"PT: {name}", "PT", *row) for name, row in (OF_PT | OF_BOTH).items()]
FAULTS += [(f"CT: {name}", "CT", *row) for name, row in (OF_CT | OF_BOTH).items()]
ALL = [
    ("no PT", "PT", series_gone, r"no series of Modality \(0008,0060\) = PT: there is CT series "),
    ("one folder", "PT", all_in_one_folder, r"no series of Modality \(0008,0060\) = PT: there is CT series .*in a folder of its own"),
    ("CT's RTSTRUCT of both", "CT", rtstruct_of_both, r"2 RTSTRUCTs of this series have ROIName \(3006,0026\) = GTV_Mass"),
    ("two patients", "CT", another_patient, r"scans of several patients: PatientID \(0010,0020\) = PHANTOM_002, STS_999"),
]  # fmt: skip


def broken_row(result: SimpleNamespace, modality: str) -> str:
    """Return the reason in the one row of the broken patient; the others are all there."""
    kept = sorted(set(result.cases["case"]) | {BROKEN})
    assert kept == ["PHANTOM_001", "PHANTOM_002", "PHANTOM_003", "PHANTOM_004"]
    others = result.cases[result.cases["case"] != BROKEN]
    assert others["has_ct"].tolist() == [1, 1, 1]
    ((case, told, reason),) = result.patient_flow[["case", "modality", "reason"]].itertuples(index=False, name=None)
    assert (case, told) == (BROKEN, modality)
    if modality == "CT":
        assert result.cases.set_index("case").loc[BROKEN, "has_ct"] == 0
    else:
        assert BROKEN not in set(result.cases["case"])
    return str(reason)


@pytest.mark.parametrize(("modality", "fault", "told"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_of_pt_costs_the_patient_and_one_of_ct_the_ct(
    scans: Path, run_local: Callable[..., SimpleNamespace], modality: str, fault, told: str
) -> None:
    uid = uid_of(scans, modality)
    fault(scans, modality)
    reason = broken_row(run_local(scans, settings=SIZES), "all" if modality == "PT" else "CT")
    assert re.search(told.replace("{modality}", modality).replace("{uid}", re.escape(uid)), reason), reason
    assert BROKEN in reason
    assert "series 1.2" in reason
    assert str(scans.parent) not in reason


@pytest.mark.parametrize(("modality", "fault", "told"), [row[1:] for row in ALL], ids=[row[0] for row in ALL])
def test_what_makes_the_whole_case_doubtful_costs_the_patient(
    scans: Path, run_local: Callable[..., SimpleNamespace], modality: str, fault, told: str
) -> None:
    fault(scans, modality)
    assert re.search(told, broken_row(run_local(scans, settings=SIZES), "all"))


@pytest.mark.parametrize("modality", ["PT", "CT"])
def test_changed_pixels_are_told_by_the_manifest(
    scans: Path,
    tmp_path: Path,
    run_local: Callable[..., SimpleNamespace],
    run: Callable[..., SimpleNamespace],
    modality: str,
) -> None:
    whole = run_local(scans, settings=SIZES)
    assert whole.patient_flow.empty
    assert whole.cases["has_ct"].tolist() == [1] * 4
    path = files_of(scans, modality)[6]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    result = run(tmp_path / "data" / "sts", name="again", settings=SIZES)
    reason = broken_row(result, "all" if modality == "PT" else "CT")
    assert (
        f"{BROKEN}/{modality}/{uid_of(scans, modality)}/{path.name}: changed since it was acquired: SHA-256" in reason
    )


def test_a_cohort_may_have_nifti_and_dicom_cases(
    scans: Path, run_local: Callable[..., SimpleNamespace], small_settings: dict[str, Any]
) -> None:
    before = run_local(scans, name="before", settings=SIZES)
    shutil.rmtree(scans / BROKEN)
    (scans / BROKEN).mkdir()
    settings = small_settings | TINY
    patient = next(patient for patient in plant(settings, 0) if patient.case == BROKEN)
    for name, image in draw_scans(patient, settings, 0).items():
        sitk.WriteImage(image, str(scans / BROKEN / f"{name}.nii.gz"))
    after = run_local(scans, name="after", settings=SIZES)
    assert after.patient_flow.empty
    assert after.cases.equals(before.cases)
    np.testing.assert_array_equal(np.load(after.arrays / "GTV.npy"), np.load(before.arrays / "GTV.npy"))
    np.testing.assert_array_equal(np.load(after.arrays / "CT.npy"), np.load(before.arrays / "CT.npy"))
    np.testing.assert_allclose(np.load(after.arrays / "PET.npy"), np.load(before.arrays / "PET.npy"), atol=2e-4)
