"""RTSTRUCTs belong to series by reference, and give the masks they draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import series_uid, write_rtstruct, write_series

from rerad.core.errors import CaseError
from rerad.imaging import read_rtstruct, read_suv
from rerad.imaging.dicom import match


def box(level: float) -> np.ndarray:
    """2 × 3 voxels (row, column) around the second and third row of the series below, mm."""
    return np.array([(-9.0, 22, level), (-3, 22, level), (-3, 30, level), (-9, 30, level)])


ROIS = {"GTV_Edema": [box(8.0)], "GTV_Mass": [box(8.0), box(11.0)], "empty": []}


@pytest.fixture
def reference(tmp_path: Path) -> sitk.Image:
    write_series(tmp_path / "PT", np.ones((6, 5, 4), int))
    return read_suv(tmp_path / "PT")


def test_the_mask_lies_on_the_grid_of_its_series(tmp_path: Path, reference: sitk.Image) -> None:
    mask = read_rtstruct(write_rtstruct(tmp_path / "rt.dcm", ROIS), reference, "GTV_Mass")
    truth = np.zeros((6, 5, 4), np.uint8)
    truth[1:3, 1:3, 1:4] = 1
    np.testing.assert_array_equal(sitk.GetArrayFromImage(mask), truth)
    assert mask.GetOrigin() == reference.GetOrigin()
    assert mask.GetMetaData("0020|000e") == series_uid("one")


def definition(**values):
    return lambda header: [setattr(header.StructureSetROISequence[1], k, v) for k, v in values.items()]


def contour(**values):
    return lambda header: [setattr(header.ROIContourSequence[1].ContourSequence[0], k, v) for k, v in values.items()]


def no_references(header):
    del header.ReferencedFrameOfReferenceSequence


def another_frame(header):
    header.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"


def no_contours(header):
    del header.ROIContourSequence[1].ContourSequence


def drawn_twice(header):
    header.ROIContourSequence[0].ReferencedROINumber = 2


FAULTS = {
    "no reference": (no_references, "refers to no series at all"),
    "another frame": (another_frame, r"FrameOfReferenceUID \(0020,0052\) = 1\.2\.3 is not the image's"),
    "frame of the ROI": (definition(ReferencedFrameOfReferenceUID="1.2.3"), r"\(3006,0024\) = 1\.2\.3 of ROI GTV_Mass"),
    "no such ROI": (definition(ROIName="GTV"), r"no ROI of the name GTV_Mass \(ROIName \(3006,0026\)\), but GTV_Edema, GTV, empty"),
    "two of the name": (definition(ROIName="GTV_Edema"), "no ROI of the name GTV_Mass"),
    "number of another": (definition(ROINumber=1), r"ROINumber \(3006,0022\) = 1 belongs to several"),
    "drawn twice": (drawn_twice, "of ROI GTV_Mass is there 2 times"),
    "empty ROI": (no_contours, r"empty ROI: ContourSequence \(3006,0040\)"),
    "points": (contour(ContourGeometricType="POINT"), r"ContourGeometricType \(3006,0042\) = POINT is none of"),
    "count": (contour(NumberOfContourPoints=5), r"NumberOfContourPoints \(3006,0046\) = 5 but 12"),
    "no data": (contour(ContourData=None), r"ContourData \(3006,0050\) is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_patient_series_tag_and_value(tmp_path: Path, reference: sitk.Image, change, told: str) -> None:
    path = write_rtstruct(tmp_path / "rt.dcm", ROIS, change=change)
    with pytest.raises(CaseError, match=told) as caught:
        read_rtstruct(path, reference, "GTV_Mass")
    assert caught.value.where.startswith(f"STS_900, RTSTRUCT series {series_uid('rtstruct of one')}")


def test_a_roi_that_encloses_no_voxel_is_empty(tmp_path: Path, reference: sitk.Image) -> None:
    speck = np.array([(-9.2, 21, 8.0), (-9.1, 21, 8), (-9.1, 21.1, 8)])
    path = write_rtstruct(tmp_path / "rt.dcm", {"GTV_Mass": [speck]})
    with pytest.raises(CaseError, match="empty ROI: it encloses no voxel"):
        read_rtstruct(path, reference, "GTV_Mass")


def test_another_series_is_refused_though_its_name_is_the_same(tmp_path: Path, reference: sitk.Image) -> None:
    path = write_rtstruct(tmp_path / "RTstruct_PET.dcm", ROIS, series="CT")
    with pytest.raises(CaseError, match=f"refers to {series_uid('CT')} by RTReferencedSeriesSequence"):
        read_rtstruct(path, reference, "GTV_Mass")


def test_an_image_of_no_known_series_is_no_reference(tmp_path: Path, reference: sitk.Image) -> None:
    reference.EraseMetaData("0020|000e")
    with pytest.raises(CaseError, match="does not say which series it is"):
        read_rtstruct(write_rtstruct(tmp_path / "rt.dcm", ROIS), reference, "GTV_Mass")


def test_a_scan_is_no_rtstruct(tmp_path: Path, reference: sitk.Image) -> None:
    with pytest.raises(CaseError, match=r"Modality \(0008,0060\) = PT is not RTSTRUCT"):
        read_rtstruct(next((tmp_path / "PT").iterdir()), reference, "GTV_Mass")


def test_match_goes_by_reference_not_by_name(tmp_path: Path) -> None:
    of_ct = write_rtstruct(tmp_path / "RTstruct_PET.dcm", ROIS, series="CT")
    of_pet = write_rtstruct(tmp_path / "RTstruct_CT.dcm", ROIS, series="PT")
    found = match([of_ct, of_pet], [series_uid("PT"), series_uid("CT"), series_uid("MR")])
    assert found == {series_uid("PT"): [of_pet], series_uid("CT"): [of_ct], series_uid("MR"): []}


def test_match_refuses_an_rtstruct_of_no_series_there(tmp_path: Path) -> None:
    path = write_rtstruct(tmp_path / "rt.dcm", ROIS, series="MR")
    with pytest.raises(CaseError, match=f"refers to {series_uid('MR')} by .* not to {series_uid('PT')}"):
        match([path], [series_uid("PT")])


def test_the_real_gtv_is_the_released_mask(real_data: Path) -> None:
    folder = real_data / "sts_dicom/STS_001/PET"
    image = read_suv(folder / "image")
    assert match((folder / "mask").iterdir(), [image.GetMetaData("0020|000e")])[image.GetMetaData("0020|000e")]
    mask = read_rtstruct(next((folder / "mask").iterdir()), image, "GTV_Mass")
    released = sitk.ReadImage(str(real_data / "sts/STS_001/PET_mask.nii.gz"))
    corner = [round(place) for place in image.TransformPhysicalPointToContinuousIndex(released.GetOrigin())]
    window = sitk.RegionOfInterest(mask, released.GetSize(), corner)
    ours, theirs = sitk.GetArrayFromImage(window) > 0, sitk.GetArrayFromImage(released) > 0
    assert ours.sum() == sitk.GetArrayFromImage(mask).sum()
    assert 2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()) >= 0.98
    np.testing.assert_array_equal(ours, theirs)  # it is even the same mask
