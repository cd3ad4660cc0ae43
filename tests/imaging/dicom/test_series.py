"""Folders become volumes by their headers alone, or are refused by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import series_uid, write_series
from pydicom.uid import RLELossless, generate_uid

from rerad.core.errors import CaseError
from rerad.imaging.dicom.series import FRAME, PATIENT, SERIES, as_image, read_series

STORED = np.random.default_rng(1).integers(-2000, 2000, size=(7, 5, 4))
TURN = 0.3
ORIENTATIONS = {
    "axial": (1.0, 0, 0, 0, 1.0, 0),
    "axial, head last": (1.0, 0, 0, 0, -1.0, 0),
    "coronal": (1.0, 0, 0, 0, 0, -1.0),
    "sagittal": (0, 1.0, 0, 0, 0, -1.0),
    "oblique": (np.cos(TURN), np.sin(TURN), 0, 0, 0, -1.0),
    "doubly oblique": (np.cos(TURN), np.sin(TURN), 0, *(np.cos(0.5) * np.array([-np.sin(TURN), np.cos(TURN), 0]) + [0, 0, np.sin(0.5)])),
}  # fmt: skip


def move(index_to_mm: dict[int, float]):
    def change(header, index):
        x, y, z = map(float, header.ImagePositionPatient)
        header.ImagePositionPatient = [x, y, z + index_to_mm.get(index, 0)]

    return change


def image_of(folder: Path) -> sitk.Image:
    series = read_series(folder, "PT")
    return as_image(series, series.values)


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_every_voxel_lies_where_its_header_says(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    origin, gap, (row_gap, column_gap) = np.array([-10.0, 20, 5]), 3.0, (4.0, 2.0)
    slopes = [1.0, 2, 3, 4, 5, 6, 7]
    write_series(
        tmp_path, STORED, orientation=orientation, origin=origin, gap=gap, spacing=(row_gap, column_gap), slopes=slopes
    )
    image = image_of(tmp_path)
    along_row, along_column = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(along_row, along_column)
    # PS3.3 C.7.6.2.1.1: columns count along the row direction at PixelSpacing[1], rows along the other at PixelSpacing[0].
    for index, row, column in np.ndindex(*STORED.shape):
        point = origin + index * gap * normal + row * row_gap * along_column + column * column_gap * along_row
        place = image.TransformPhysicalPointToContinuousIndex(point.tolist())
        assert np.allclose(place, np.round(place), atol=1e-5)
        assert image[[round(part) for part in place]] == STORED[index, row, column] * slopes[index]
    assert image.GetSize() == sitk.DICOMOrient(image, "LPS").GetSize()
    assert sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(image.GetDirection()) == "LPS"


def test_the_image_says_where_it_comes_from(tmp_path: Path) -> None:
    uid = write_series(tmp_path, STORED)
    image = image_of(tmp_path)
    assert image.GetMetaData(PATIENT) == "STS_900"
    assert image.GetMetaData(SERIES) == uid
    assert image.GetMetaData(FRAME)


def test_file_names_play_no_part(tmp_path: Path) -> None:
    write_series(tmp_path / "a", STORED)
    for number, path in enumerate(sorted((tmp_path / "a").iterdir(), reverse=True)):
        (tmp_path / "b").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "b" / f"{number}")
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(image_of(tmp_path / "a")), sitk.GetArrayFromImage(image_of(tmp_path / "b"))
    )


def test_hidden_files_and_what_archives_add_are_no_slices(tmp_path: Path) -> None:
    write_series(tmp_path, STORED)
    for name in (".DS_Store", "LICENSE", "manifest.csv"):
        (tmp_path / name).write_text("text")
    assert image_of(tmp_path).GetSize() == (4, 5, 7)
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(CaseError, match=r"notes\.txt: cannot be read as DICOM"):
        image_of(tmp_path)


def test_lossless_compression_changes_nothing(tmp_path: Path) -> None:
    write_series(tmp_path / "plain", STORED)
    write_series(
        tmp_path / "rle", STORED, change=lambda header, _: header.compress(RLELossless, generate_instance_uid=False)
    )
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(image_of(tmp_path / "rle")), sitk.GetArrayFromImage(image_of(tmp_path / "plain"))
    )


def test_rounded_places_pass_as_scanners_write_them(tmp_path: Path) -> None:
    write_series(tmp_path, STORED, change=move({2: 0.07, 4: -0.07}))  # 2.3 % of the gap, as at the beds of STS_001
    assert image_of(tmp_path).GetSpacing()[2] == pytest.approx(3.0)


def drop(*indices: int):
    def change(header, index):
        header.Rows = 0 if index in indices else header.Rows
        del header.NumberOfSlices

    return change


def second_series(header, index):
    if index == 5:
        header.SeriesInstanceUID = series_uid("other")


def tilt(header, index):
    x, y, z = header.ImagePositionPatient
    header.ImagePositionPatient = [x, y + 0.5 * index, z]


def put(keyword, value, only=None):
    def change(header, index):
        if only in (None, index):
            setattr(header, keyword, value)

    return change


FAULTS = {
    "missing slice": (drop(3), r"missing slice: 6 mm between .*, elsewhere 3 mm .*0020,0032"),
    "duplicated place": (move({3: 3.0}), r"duplicated slice: .* both lie at 17 mm"),
    "duplicated instance": (put("SOPInstanceUID", generate_uid(entropy_srcs=["x"])), r"duplicated slice: SOPInstanceUID \(0008,0018\)"),
    "unequal spacing": (move({3: 0.4}), r"unequal spacing: gaps of 2\.6 to 3\.4 mm"),
    "drifting spacing": (move({5: 0.2, 6: 0.4}), "unequal spacing"),
    "mixed series": (second_series, r"mixed series: SeriesInstanceUID \(0020,000e\) = .* in "),
    "mixed modality": (put("Modality", "CT", 4), r"mixed series: Modality \(0008,0060\) = "),
    "gantry tilt": (tilt, "shifted against each other"),
    "one slice": (drop(0, 1, 2, 3, 4, 5), "1 slice is no volume"),
    "turned slice": (put("ImageOrientationPatient", [0, 1, 0, 1, 0, 0], 2), r"ImageOrientationPatient \(0020,0037\)"),
    "no orientation": (put("ImageOrientationPatient", [1, 0, 0, 1, 0, 0]), "no pair of orthogonal unit vectors"),
    "another patient": (put("PatientID", "STS_901", 2), r"PatientID \(0010,0020\) = STS_90. differs"),
    "another frame": (put("FrameOfReferenceUID", "1.2.3", 2), r"FrameOfReferenceUID \(0020,0052\) = "),
    "no position": (put("ImagePositionPatient", None, 2), r"ImagePositionPatient \(0020,0032\) is missing"),
    "no slope": (put("RescaleSlope", None, 2), r"RescaleSlope \(0028,1053\) is missing"),
    "slope of nothing": (put("RescaleSlope", 0, 2), r"RescaleSlope \(0028,1053\) = 0.0 is not positive"),
    "short pixels": (put("PixelData", b"\0" * 38, 2), r"PixelData \(7fe0,0010\) = 38 bytes is not 5 × 4"),
    "no pixels": (put("PixelData", b"", 2), r"PixelData \(7fe0,0010\) is missing"),
    "colour": (put("SamplesPerPixel", 3), r"SamplesPerPixel \(0028,0002\)"),
    "several frames": (put("NumberOfFrames", 2), r"NumberOfFrames \(0028,0008\) = 2"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("change", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_refused_by_name(tmp_path: Path, change, told: str) -> None:
    write_series(tmp_path, STORED, change=change)
    with pytest.raises(CaseError, match=told) as caught:
        image_of(tmp_path)
    assert caught.value.where.startswith("STS_90")


def test_a_copy_of_a_file_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, STORED)
    shutil.copy(next(tmp_path.iterdir()), tmp_path / "copy.dcm")
    with pytest.raises(CaseError, match=r"duplicated slice: SOPInstanceUID .* and copy\.dcm"):
        image_of(tmp_path)


@pytest.mark.parametrize("end", [0, -1])
def test_a_slice_missing_at_the_end_is_told_by_the_count(tmp_path: Path, end: int) -> None:
    write_series(tmp_path, STORED)
    sorted(tmp_path.iterdir(), key=lambda path: int(path.stem.split("_")[1]))[end].unlink()
    with pytest.raises(CaseError, match=r"NumberOfSlices \(0054,0081\) = 7 but there are 6 files: missing slices"):
        image_of(tmp_path)


def test_missing_folders_and_empty_ones_are_told(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="the folder is missing"):
        image_of(tmp_path / "gone")
    with pytest.raises(CaseError, match="no DICOM file"):
        image_of(tmp_path)


def test_itk_alone_would_take_a_gap_and_one_of_two_series(tmp_path: Path) -> None:
    # Why its series reader is not used. Should it learn to refuse these one day, much of ours can go.
    write_series(tmp_path / "gap", STORED, change=drop(3))
    write_series(tmp_path / "mixed", STORED[:3], name="one")
    write_series(tmp_path / "mixed" / "more", STORED[3:], name="two")
    for path in (tmp_path / "mixed" / "more").iterdir():
        shutil.copy(path, tmp_path / "mixed" / f"two{path.name}")
    sizes = [
        sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / name))).GetSize()[2]
        for name in ("gap", "mixed")
    ]
    assert sizes[0] == 6
    assert sizes[1] in (3, 4)
