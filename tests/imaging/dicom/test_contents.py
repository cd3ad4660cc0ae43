"""What lies in a tree of DICOM files is told by headers, and by few of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_files import series_uid, write_rtstruct, write_series
from pydicom import dcmread

from rerad.imaging.dicom.contents import Contents, contents

PIXELS = np.ones((4, 3, 3), int)
CONTOUR = [np.array([(-9.0, 22, 8), (-3, 22, 8), (-3, 30, 8)])]


def look(folder: Path) -> Contents:
    return contents((path for path in folder.rglob("*") if path.is_file()), whole=("PT", "CT"))


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Folders whose names all mislead."""
    write_series(tmp_path / "CT", PIXELS, name="pet")
    write_series(tmp_path / "RTSTRUCT" / "deep", PIXELS, name="ct", modality="CT")
    write_series(tmp_path / "PT", PIXELS, name="mr", modality="MR")
    write_rtstruct(tmp_path / "MR" / "of_ct.dcm", {"GTV_Mass": CONTOUR}, series="pet")
    write_rtstruct(tmp_path / "MR" / "of_pet.dcm", {"GTV_Edema": CONTOUR, "x": []}, series="ct")
    return tmp_path


def test_series_and_rtstructs_are_told_by_their_headers(case: Path) -> None:
    found = look(case)
    assert sorted((series.modality, series.uid, series.folder.name) for series in found.series) == [
        ("CT", series_uid("ct"), "deep"), ("MR", series_uid("mr"), "PT"), ("PT", series_uid("pet"), "CT"),
    ]  # fmt: skip
    assert {series.patient for series in found.series} == {"STS_900"}
    first, second = found.structures
    assert (first.path.name, first.refers_to, first.rois) == ("of_ct.dcm", (series_uid("pet"),), ("GTV_Mass",))
    assert (second.path.name, second.refers_to, second.rois) == ("of_pet.dcm", (series_uid("ct"),), ("GTV_Edema", "x"))
    assert found.unreadable == {}


def test_of_a_series_that_is_read_later_one_header_is_enough(case: Path) -> None:
    looked = [path.parent.name for path in look(case).looked_at]
    assert {name: looked.count(name) for name in set(looked)} == {"CT": 1, "deep": 1, "PT": 4, "MR": 2}


def test_a_slice_among_other_files_is_found(case: Path) -> None:
    write_series(case / "MR", PIXELS, name="hidden")
    write_series(case / "PT", PIXELS, name="behind")
    uids = {series.uid for series in look(case).series}
    assert {series_uid("hidden"), series_uid("behind")} <= uids


def test_a_damaged_first_file_hides_no_series(case: Path) -> None:
    first = min((case / "CT").iterdir())
    first.write_bytes(b"no DICOM")
    found = look(case)
    assert series_uid("pet") in {series.uid for series in found.series}
    assert list(found.unreadable) == [first]
    assert "cannot be read as DICOM" in found.unreadable[first]


def test_an_rtstruct_without_references_and_one_without_regions(tmp_path: Path) -> None:
    for name, keywords in (
        ("a", ["ReferencedFrameOfReferenceSequence"]),
        ("b", ["StructureSetROISequence", "ROIContourSequence"]),
    ):
        path = write_rtstruct(tmp_path / f"{name}.dcm", {"GTV_Mass": CONTOUR})
        header = dcmread(path)
        for keyword in keywords:
            delattr(header, keyword)
        header.save_as(path)
    assert [(part.refers_to, part.rois) for part in look(tmp_path).structures] == [
        ((), ("GTV_Mass",)),
        ((series_uid("one"),), ()),
    ]


def test_what_archives_lay_beside_and_hidden_files_do_not_count(case: Path) -> None:
    (case / "CT" / "LICENSE").write_text("free")
    (case / "CT" / ".DS_Store").write_text("")
    assert look(case).unreadable == {}
