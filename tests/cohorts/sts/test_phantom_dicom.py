"""What is read from the phantom's DICOM is what was drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread

from rerad.cohorts.cases import acquired_cases
from rerad.cohorts.manifest import read_manifest
from rerad.cohorts.sts.phantom import draw_scans
from rerad.cohorts.sts.phantom_risk import plant
from rerad.cohorts.sts.phantom_rtstruct import outlines
from rerad.cohorts.sts.scans import read_scan
from rerad.imaging.dicom.contents import contents
from rerad.imaging.dicom.contours import filled


def arrays(*images: sitk.Image) -> list[np.ndarray]:
    return [sitk.GetArrayFromImage(image) for image in images]


def test_pet_ct_and_gtv_are_read_as_they_were_drawn(phantom: Path, small_settings: dict[str, Any]) -> None:
    cases = acquired_cases(phantom, read_manifest(phantom))
    patients = plant(small_settings, 0)
    assert list(cases) == [patient.case for patient in patients]
    for patient in patients[:4]:
        drawn = draw_scans(patient, small_settings, 0)
        for modality in ["PET", "CT"] if patient.has_ct else ["PET"]:
            scan = read_scan(cases[patient.case], modality, roi="GTV_Mass")
            for image in scan:
                assert image.GetSpacing() == pytest.approx(drawn[f"{modality}_image"].GetSpacing(), rel=1e-9)
                assert image.GetOrigin() == pytest.approx(drawn[f"{modality}_image"].GetOrigin(), abs=1e-6)
                assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
            image, mask, truth, gtv = arrays(*scan, drawn[f"{modality}_image"], drawn[f"{modality}_mask"])
            np.testing.assert_array_equal(mask, gtv)
            if modality == "CT":
                np.testing.assert_array_equal(image, truth)
            else:
                # Half a step of each slice's own 16 bits, and the digits of 32-bit numbers.
                step = truth.max(axis=(1, 2), keepdims=True) / 32766
                assert (np.abs(image - truth) <= 0.5001 * step + 1e-6 * truth).all()


def test_every_slice_of_the_pet_has_a_slope_of_its_own(phantom: Path) -> None:
    series = next((phantom / "PHANTOM_001" / "PT").iterdir())
    headers = [dcmread(path, stop_before_pixels=True) for path in series.iterdir()]
    assert len({header.RescaleSlope for header in headers}) == len(headers) == 40
    assert {header.Units for header in headers} == {"BQML"}
    assert {header.DecayCorrection for header in headers} == {"START"}
    assert len({header.SOPInstanceUID for header in headers}) == 40


def test_what_lies_in_a_case_is_what_the_collection_has(phantom: Path, small_settings: dict[str, Any]) -> None:
    for patient in plant(small_settings, 0):
        found = contents((phantom / patient.case).rglob("*.dcm"), whole=("PT", "CT"))
        modalities = sorted(series.modality for series in found.series)
        assert modalities == (["CT", "PT"] if patient.has_ct else ["PT"])
        assert {series.patient for series in found.series} == {patient.case}
        uids = {series.uid for series in found.series}
        own = [part for part in found.structures if uids & set(part.refers_to)]
        assert sorted(uid for part in own for uid in part.refers_to) == sorted(uids)
        assert all(part.rois == ("GTV_Mass", "GTV_Edema") for part in own)
        (absent,) = [part for part in found.structures if part not in own]
        assert "GTV_Mass" in absent.rois


def test_uids_are_unlike_across_the_cohort_and_no_time_of_writing_is_in_the_files(phantom: Path) -> None:
    headers = [dcmread(path, stop_before_pixels=True) for path in phantom.glob("PHANTOM_00[12]/*/*/*.dcm")]
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    assert len({header.StudyInstanceUID for header in headers}) == 2
    assert all(header.file_meta.MediaStorageSOPInstanceUID == header.SOPInstanceUID for header in headers)
    assert {header.SeriesDate for header in headers} == {"20000101"}
    assert {header.file_meta.ImplementationVersionName for header in headers} == {"RERAD_PHANTOM"}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_contours_of_any_mask_enclose_it_to_the_voxel(share: float) -> None:
    # Holes, islands in holes, voxels that touch at a corner, parts at the border, empty slices between.
    mask = np.random.default_rng(0).random((9, 12, 14)) < share
    mask[[2, 5, 6]] = False
    reference = sitk.GetImageFromArray(mask.astype(np.uint8))
    reference.SetSpacing((2.5, 3.1, 4.7))
    reference.SetOrigin((-100.3, 20.7, 5.9))
    contours = outlines(mask, reference)
    assert {contour.level for contour in contours} == {0, 1, 3, 4, 7, 8}
    np.testing.assert_array_equal(filled([contour.points for contour in contours], reference, "test"), mask)


def test_the_contour_of_one_voxel_and_of_a_ring() -> None:
    mask = np.zeros((1, 7, 7), bool)
    mask[0, 1:6, 1:6] = True
    mask[0, 2:5, 2:5] = False
    mask[0, 3, 3] = True
    reference = sitk.GetImageFromArray(mask.astype(np.uint8))
    corners = [{tuple(map(float, point)) for point in contour.points[:, :2]} for contour in outlines(mask, reference)]
    squares = [
        {(low, low), (low, high), (high, low), (high, high)} for low, high in ((0.5, 5.5), (1.5, 4.5), (2.5, 3.5))
    ]
    assert corners == squares
