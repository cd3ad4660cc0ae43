"""SUV against hand-computed values, the released images of a real patient, and every fault by name."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import write_series

from rerad.core.errors import CaseError
from rerad.imaging import read_suv

STORED = np.random.default_rng(0).integers(0, 30000, size=(6, 5, 4))
SLOPES = [0.5, 2.0, 1.25, 3.0, 0.75, 1.0]


def all_slices(**values):
    def change(header, index):
        for keyword, value in values.items():
            target = (
                header
                if keyword in header or keyword == "SUVType"
                else header.get("RadiopharmaceuticalInformationSequence")[0]
            )
            if value is None:
                delattr(target, keyword)
            else:
                setattr(target, keyword, value)

    return change


def test_suv_is_the_formula_with_each_slice_s_own_slope(tmp_path: Path) -> None:
    write_series(tmp_path, STORED, slopes=SLOPES)
    # An hour after the injection with a half-life of an hour: half of 350 MBq is left; 70 kg.
    truth = STORED * np.array(SLOPES)[:, None, None] * 70000 / 175e6
    np.testing.assert_allclose(sitk.GetArrayFromImage(read_suv(tmp_path)), truth, rtol=1e-6)


def test_admin_is_corrected_to_the_injection_already(tmp_path: Path) -> None:
    # Neither a half-life nor times are needed then.
    write_series(tmp_path, STORED, slopes=SLOPES, change=all_slices(DecayCorrection="ADMIN", RadionuclideHalfLife=None))
    truth = STORED * np.array(SLOPES)[:, None, None] * 70000 / 350e6
    np.testing.assert_allclose(sitk.GetArrayFromImage(read_suv(tmp_path)), truth, rtol=1e-6)


@pytest.mark.parametrize("kind", [{}, {"SUVType": "BW"}])
def test_gml_is_suv_after_the_slope(tmp_path: Path, kind: dict) -> None:
    write_series(tmp_path, STORED, slopes=SLOPES, change=all_slices(Units="GML", PatientWeight=None, **kind))
    truth = STORED * np.array(SLOPES)[:, None, None]
    np.testing.assert_allclose(sitk.GetArrayFromImage(read_suv(tmp_path)), truth, rtol=1e-6)


def test_fractions_of_a_second_and_short_times_count(tmp_path: Path) -> None:
    write_series(
        tmp_path, STORED, slopes=SLOPES,
        change=all_slices(SeriesTime="11", RadiopharmaceuticalStartTime="105959.500000", RadionuclideHalfLife=0.5),
    )  # fmt: skip
    truth = STORED * np.array(SLOPES)[:, None, None] * 70000 / 175e6
    np.testing.assert_allclose(sitk.GetArrayFromImage(read_suv(tmp_path)), truth, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"PatientWeight": None}, r"PatientWeight \(0010,1030\) is missing"),
        ({"PatientWeight": ""}, r"PatientWeight \(0010,1030\) is missing"),
        ({"PatientWeight": 0}, r"PatientWeight \(0010,1030\) = 0 is not between"),
        ({"PatientWeight": 70000}, r"PatientWeight \(0010,1030\) = 70000 is not between"),
        ({"RadionuclideTotalDose": None}, r"RadionuclideTotalDose \(0018,1074\) is missing"),
        ({"RadionuclideTotalDose": 350}, r"RadionuclideTotalDose \(0018,1074\) = 350 is not between"),
        ({"RadionuclideHalfLife": None}, r"RadionuclideHalfLife \(0018,1075\) is missing"),
        ({"RadionuclideHalfLife": -1}, r"RadionuclideHalfLife \(0018,1075\) = -1.0 s is not positive"),
        ({"RadionuclideHalfLife": 1}, r"RadionuclideHalfLife \(0018,1075\) = 1.0 s leaves nothing"),
        ({"RadiopharmaceuticalInformationSequence": None}, r"RadiopharmaceuticalInformationSequence \(0054,0016\) is missing"),
        ({"RadiopharmaceuticalStartTime": None}, r"RadiopharmaceuticalStartTime \(0018,1072\) is missing"),
        ({"RadiopharmaceuticalStartTime": "110001"}, r"negative delay: SeriesTime \(0008,0031\) = 110000 is before .* = 110001"),
        ({"SeriesTime": "250000"}, r"SeriesTime \(0008,0031\) = 250000 is no time of day"),
        ({"Units": "CNTS"}, r"Units \(0054,1001\) = CNTS is neither BQML nor GML"),
        ({"Units": None}, r"Units \(0054,1001\) is missing"),
        ({"Units": "GML", "SUVType": "LBM"}, r"SUVType \(0054,1006\) = LBM is not BW"),
        ({"DecayCorrection": "NONE"}, r"DecayCorrection \(0054,1102\) = NONE is neither START nor ADMIN"),
        ({"DecayCorrection": None}, r"DecayCorrection \(0054,1102\) is missing"),
        ({"Modality": "MR"}, r"Modality \(0008,0060\) = MR is not PT"),
    ],
)  # fmt: skip
def test_a_fault_names_patient_series_tag_and_value(tmp_path: Path, values: dict, told: str) -> None:
    uid = write_series(tmp_path, STORED, change=all_slices(**values))
    with pytest.raises(CaseError, match=told) as caught:
        read_suv(tmp_path)
    assert "STS_900, " in caught.value.where
    assert uid in caught.value.where
    assert caught.value.remedy


def test_two_slices_that_tell_different_weights_are_refused(tmp_path: Path) -> None:
    def change(header, index):
        header.PatientWeight = 71 if index == 3 else 70

    write_series(tmp_path, STORED, change=change)
    with pytest.raises(CaseError, match=r"PatientWeight \(0010,1030\) = 7.\.0 differs from the first slice's 7.\.0"):
        read_suv(tmp_path)


def test_a_series_time_after_the_acquisition_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_series(tmp_path, STORED, change=all_slices(AcquisitionTime="105900"))
    with caplog.at_level(logging.WARNING):
        read_suv(tmp_path)
    assert "after the first AcquisitionTime" in caplog.text


def test_the_real_series_gives_the_released_suv(real_data: Path) -> None:
    image = read_suv(real_data / "sts_dicom/STS_001/PET/image")
    released = sitk.ReadImage(str(real_data / "sts/STS_001/PET_image.nii.gz"))
    np.testing.assert_allclose(image.GetSpacing(), released.GetSpacing(), atol=1e-6)
    corner = image.TransformPhysicalPointToContinuousIndex(released.GetOrigin())
    np.testing.assert_allclose(corner, np.round(corner), atol=1e-4)
    x, y, z = (round(place) for place in corner)
    width, height, depth = released.GetSize()
    whole = sitk.GetArrayFromImage(image).astype(float)[z : z + depth]
    ours, theirs = whole[:, y : y + height, x : x + width], sitk.GetArrayFromImage(released).astype(float)
    # The release went through 16 bits once more: each slice of the crop on 32767 steps to its maximum, cut, not rounded.
    # Ours within 5e-6, put on these steps, is theirs in every voxel (some values lie on a step but for rounding).
    step = ours.max(axis=(1, 2), keepdims=True) / 32767
    near = [np.trunc(ours / step * (1 + slack)) * step for slack in (-5e-6, 0, 5e-6)]
    away = np.abs(np.stack(near) - theirs).min(axis=0)
    np.testing.assert_array_less(away, 1e-5 * np.maximum(theirs, step))
    assert np.all(ours - theirs < 1.01 * step)
    assert np.linalg.norm(ours - theirs) < 1e-4 * np.linalg.norm(theirs)
