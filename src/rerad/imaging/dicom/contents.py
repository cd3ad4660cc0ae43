"""What lies in a tree of DICOM files: the series, each in a folder of its own, and the RTSTRUCTs; told by headers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from pydicom import Dataset, dcmread

from rerad.core.errors import CaseError
from rerad.imaging.dicom.references import rtstruct_references
from rerad.imaging.dicom.rtstruct import roi_names
from rerad.imaging.dicom.series import COMPANIONS
from rerad.imaging.dicom.tags import reason, text

RTSTRUCT = "RTSTRUCT"
TAGS = [
    "PatientID", "Modality", "SeriesInstanceUID", "ReferencedFrameOfReferenceSequence", "StructureSetROISequence",
]  # fmt: skip


class ImageSeries(NamedTuple):
    """A series and the folder that holds it."""

    folder: Path
    modality: str
    uid: str
    patient: str


class StructureSet(NamedTuple):
    """An RTSTRUCT file, the series that it refers to and the names of its regions."""

    path: Path
    uid: str
    refers_to: tuple[str, ...]
    rois: tuple[str, ...]


class Contents(NamedTuple):
    """What was found, the files whose headers told it, and those among them that are no DICOM."""

    series: list[ImageSeries]
    structures: list[StructureSet]
    looked_at: list[Path]
    unreadable: dict[Path, str]


def contents(paths: Iterable[Path], *, whole: Collection[str]) -> Contents:
    """Tell what DICOM files hold, by the fewest headers: file names play no part.

    A folder with a file of one of the modalities ``whole`` is taken for that series without a look at its other
    files: whoever reads it will see them all. Of other folders every header is read.
    """
    folders: dict[Path, list[Path]] = {}
    for path in sorted(paths):
        if may_be_dicom(path):
            folders.setdefault(path.parent, []).append(path)
    series: dict[ImageSeries, None] = {}
    found = Contents([], [], [], {})
    for folder, files in folders.items():
        for path in files:
            found.looked_at.append(path)
            try:
                header = _header(path)
                here = ImageSeries(
                    folder, *(text(header, tag, str(path)) for tag in ("Modality", "SeriesInstanceUID", "PatientID"))
                )
                if here.modality == RTSTRUCT:
                    found.structures.append(_structure_set(header, here, path))
                    continue
            except CaseError as error:
                found.unreadable[path] = error.what
                continue
            series[here] = None
            if here.modality in whole:
                break
    return found._replace(series=list(series))


def may_be_dicom(path: Path) -> bool:
    """Tell whether a file may be DICOM by its name: not a hidden one, and none of those that archives lay beside."""
    return not path.name.startswith(".") and path.name not in COMPANIONS


def _header(path: Path) -> Dataset:
    try:
        return dcmread(path, stop_before_pixels=True, specific_tags=TAGS)
    except Exception as error:  # see rerad.imaging.dicom.tags.opened
        raise CaseError(f"cannot be read as DICOM ({reason(error)})", where=str(path)) from error


def _structure_set(header: Dataset, series: ImageSeries, path: Path) -> StructureSet:
    where = str(path)
    return StructureSet(path, series.uid, tuple(rtstruct_references(header, where)), roi_names(header, where))
