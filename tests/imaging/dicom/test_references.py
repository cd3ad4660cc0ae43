"""Structures and segmentations say which series they were drawn on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_files import series_uid, write_rtstruct, write_series
from pydicom import Dataset, dcmread
from pydicom.uid import SegmentationStorage

from rerad.core.errors import CaseError
from rerad.imaging.dicom.references import references

SQUARE = np.array([(-9.0, 22, 8), (-3, 22, 8), (-3, 30, 8)])


def referring_to(*uids: str) -> list[Dataset]:
    parts = []
    for uid in uids:
        part = Dataset()
        part.SeriesInstanceUID = uid
        parts.append(part)
    return parts


def test_an_rtstruct_names_its_series(tmp_path: Path) -> None:
    assert references(write_rtstruct(tmp_path / "rt.dcm", {"GTV": [SQUARE]}, series="pet")) == {series_uid("pet")}


def test_a_seg_names_series_of_its_study_and_of_others(tmp_path: Path) -> None:
    def change(header: Dataset, index: int) -> None:
        other = Dataset()
        other.StudyInstanceUID, other.ReferencedSeriesSequence = "1.9", referring_to("1.3")
        header.Modality, header.SOPClassUID = "SEG", SegmentationStorage
        header.ReferencedSeriesSequence = referring_to("1.1", "1.2")
        header.StudiesContainingOtherReferencedInstancesSequence = [other]

    write_series(tmp_path, np.zeros((1, 4, 4), int), change=change)
    (path,) = tmp_path.iterdir()
    assert references(path) == {"1.1", "1.2", "1.3"}


def test_one_without_references_names_none(tmp_path: Path) -> None:
    def change(header: Dataset) -> None:
        del header.ReferencedFrameOfReferenceSequence

    assert references(write_rtstruct(tmp_path / "rt.dcm", {"GTV": [SQUARE]}, change=change)) == frozenset()


def test_an_image_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, np.zeros((1, 4, 4), int))
    (path,) = tmp_path.iterdir()
    with pytest.raises(CaseError, match="is neither RTSTRUCT nor SEG"):
        references(path)


def test_the_real_one_refers_to_its_pet(real_data: Path) -> None:
    folder = real_data / "sts_dicom" / "STS_001" / "PET"
    header = dcmread(next((folder / "image").iterdir()), stop_before_pixels=True)
    assert references(next((folder / "mask").iterdir())) == {header.SeriesInstanceUID}
