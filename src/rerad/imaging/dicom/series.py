"""Read the files of one series, each with its own slope, and refuse folders that are not one whole series.

pydicom, not ITK's series reader: ITK fills a missing slice by stretching the gaps, keeps one of two series in a folder,
and says nothing about either (tests show it), and it does not hand out the tags of every slice, of which the dose, the
weight and the decay correction must agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataelem import RawDataElement

from rerad.core.errors import CaseError
from rerad.imaging.dicom.stack import Slice, Stack, stacked
from rerad.imaging.dicom.tags import (
    AGAIN,
    differ,
    missing,
    number,
    numbers,
    opened,
    raw,
    reason,
    shown,
    text,
    told,
    whole,
    wrong,
)

# What archives and this project lay beside the slices. Any other file must be a slice: one whose first bytes are
# damaged would otherwise be passed over as something else, and the volume lose its end unnoticed.
COMPANIONS = {"LICENSE", "LICENSE.txt", "ATTRIBUTION.md", "manifest.csv", "metadata.csv", "DICOMDIR"}

COMMON = (
    "SOPClassUID", "StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "Rows", "Columns", "PixelSpacing",
    "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "NumberOfSlices",
)  # fmt: skip

# Keys under which an image carries where it comes from, as ITK names tags.
PATIENT, SERIES, FRAME = "0010|0020", "0020|000e", "0020|0052"


class Series(NamedTuple):
    """One series in the order of its slices: headers without pixels, values (slice, row, column) after the slopes."""

    headers: list[Dataset]
    values: NDArray[np.float32]
    stack: Stack
    spacing: tuple[float, ...]  # mm between rows, between columns
    uid: str
    where: str  # patient, modality and series, for errors


def read_series(folder: str | Path, modality: str, *, common: Sequence[str] = (), slopes: bool = True) -> Series:
    """Read the one series in a folder; ``common`` are further tags that all slices must agree in.

    Without ``slopes`` slices may lack slope and intercept, which are then 1 and 0 (PS3.3 section C.11.1).

    Raises:
        CaseError: the folder holds no series, several, or another modality; a slice is damaged, missing, doubled or off
            the grid; slices contradict each other. It names patient, series, file, tag and value.
    """
    paths = slice_files(folder)
    headers: list[Dataset] = []
    stored: list[NDArray[np.float32]] = []
    for path in paths:
        header = opened(path)
        encoded = {keyword: header.get_item(keyword) for keyword in (*COMMON, *common)}
        if not headers:
            where, first = _where(header, path), encoded
        _refuse_another_series(header, path, modality, headers, where)
        doubtful = [keyword for keyword in encoded if not _same_bytes(encoded[keyword], first[keyword])]
        _refuse_disagreement(header, path, doubtful, headers, where)
        stored.append(_values(header, f"{where}, {path.name}", slopes))
        del header["PixelData"]
        headers.append(header)
    _refuse_copies(headers, paths, where)
    _refuse_too_few(headers, where)
    stack = stacked([_place(header, path, where) for header, path in zip(headers, paths, strict=True)], where)
    spacing = numbers(headers[0], "PixelSpacing", 2, where)
    if min(spacing) <= 0:
        raise wrong("PixelSpacing", spacing, "is not positive", where)
    text(headers[0], "FrameOfReferenceUID", where)
    values = np.stack([stored[index] for index in stack.order])
    uid = text(headers[0], "SeriesInstanceUID", where)
    return Series([headers[index] for index in stack.order], values, stack, spacing, uid, where)


def slice_files(folder: str | Path) -> list[Path]:
    """Return the files of a folder that must be slices: all but hidden ones and what archives lay beside them.

    Raises:
        CaseError: there is no such folder, or no file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CaseError("the folder is missing", where=str(folder), remedy="Acquire the case again, or leave it out")
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    paths = [path for path in paths if path.name not in COMPANIONS]
    if not paths:
        raise CaseError("no DICOM file", where=str(folder), remedy="Name the folder that holds the slices themselves")
    return paths


def as_image(series: Series, values: NDArray[np.float32]) -> sitk.Image:
    """Return values on a series' grid as an image turned to LPS that carries patient, series and frame of reference.

    Raises:
        CaseError: a value is not finite.
    """
    broken = np.argwhere(~np.isfinite(values))
    if len(broken):
        place = tuple(int(part) for part in broken[0])
        raise CaseError(
            f"{len(broken)} values are not finite, the first at (slice, row, column) = {place}",
            where=series.where,
            remedy=AGAIN,
        )
    image = sitk.GetImageFromArray(values)
    row_gap, column_gap = series.spacing
    image.SetSpacing([column_gap, row_gap, series.stack.gap_mm])
    image.SetOrigin(series.stack.origin.tolist())
    image.SetDirection(series.stack.direction.ravel().tolist())
    image = sitk.DICOMOrient(image, "LPS")
    for key, keyword in ((PATIENT, "PatientID"), (SERIES, "SeriesInstanceUID"), (FRAME, "FrameOfReferenceUID")):
        image.SetMetaData(key, text(series.headers[0], keyword, series.where, default=""))
    return image


def _where(header: Dataset, path: Path) -> str:
    patient = text(header, "PatientID", str(path))
    kind, uid = text(header, "Modality", str(path)), text(header, "SeriesInstanceUID", str(path))
    return shown(f"{patient}, {kind}") + f" series {uid[:64]} ({path.parent})"


def _refuse_another_series(header: Dataset, path: Path, modality: str, before: list[Dataset], where: str) -> None:
    for keyword in ("SeriesInstanceUID", "Modality"):
        found = text(header, keyword, f"{where}, {path.name}")
        if before and found != (first := text(before[0], keyword, where)):
            raise CaseError(
                f"mixed series: {told(keyword)} = {shown(found)} in {path.name}, {first} in others",
                where=where,
                remedy="Put each series into a folder of its own",
            )
    if found != modality:
        raise wrong("Modality", found, f"is not {modality}", f"{where}, {path.name}")


def _same_bytes(one: Any, other: Any) -> bool:
    # Most values of most slices: to decode both takes longer than the rest of the reading.
    return (
        isinstance(one, RawDataElement)
        and isinstance(other, RawDataElement)
        and one.value is not None
        and (one.VR, one.value, one.is_little_endian) == (other.VR, other.value, other.is_little_endian)
    )


def _refuse_disagreement(
    header: Dataset, path: Path, keywords: Sequence[str], before: list[Dataset], where: str
) -> None:
    if not before:
        return
    here = f"{where}, {path.name}"
    for keyword in keywords:
        found, first = raw(header, keyword, here), raw(before[0], keyword, where)
        if differ(found, first):
            told_first = f"differs from the first slice's {shown(first)}"
            raise wrong(keyword, "missing" if found is None else found, told_first, here)
    syntaxes = [getattr(part.file_meta, "TransferSyntaxUID", None) for part in (header, before[0])]
    if syntaxes[0] != syntaxes[1]:
        raise wrong("TransferSyntaxUID", syntaxes[0], f"differs from the first slice's {syntaxes[1]}", here)


def _values(header: Dataset, where: str, slopes: bool) -> NDArray[np.float32]:
    """Return a slice's values (row, column): stored · slope + intercept of this very slice."""
    stored = _stored(header, where)
    if not slopes and all(raw(header, keyword, where) is None for keyword in ("RescaleSlope", "RescaleIntercept")):
        return stored.astype(np.float32)
    slope, intercept = number(header, "RescaleSlope", where), number(header, "RescaleIntercept", where)
    if slope <= 0:
        raise wrong("RescaleSlope", slope, "is not positive", where)
    return (stored.astype(np.float64) * slope + intercept).astype(np.float32)


def _stored(header: Dataset, where: str) -> NDArray[np.generic]:
    rows, columns = whole(header, "Rows", where), whole(header, "Columns", where)
    for keyword, allowed in (
        ("SamplesPerPixel", (1,)),
        ("BitsAllocated", (8, 16, 32)),
        ("PixelRepresentation", (0, 1)),
    ):
        if (value := whole(header, keyword, where)) not in allowed:
            raise wrong(keyword, value, f"is none of {allowed}", where)
    if whole(header, "HighBit", where) != whole(header, "BitsStored", where) - 1:
        raise wrong("HighBit", header.HighBit, f"does not fit BitsStored = {header.BitsStored}", where)
    if (frames := raw(header, "NumberOfFrames", where)) not in (None, 1):
        raise wrong("NumberOfFrames", frames, "is not one slice a file", where)
    if (kind := text(header, "PhotometricInterpretation", where)) != "MONOCHROME2":
        raise wrong("PhotometricInterpretation", kind, "is not MONOCHROME2", where)
    pixels = raw(header, "PixelData", where)
    if not isinstance(pixels, bytes):
        raise missing("PixelData", where)
    syntax = getattr(header.file_meta, "TransferSyntaxUID", None)
    if syntax is None or not syntax.is_transfer_syntax:
        raise wrong("TransferSyntaxUID", syntax, "is no transfer syntax", where)
    needed = rows * columns * whole(header, "BitsAllocated", where) // 8
    if not syntax.is_compressed and len(pixels) != needed + needed % 2:
        raise wrong("PixelData", f"{len(pixels)} bytes", f"is not {rows} × {columns} pixels of {needed} bytes", where)
    try:
        stored = header.pixel_array
    except Exception as error:  # decoders raise anything
        raise CaseError(
            f"{told('PixelData')} cannot be decoded ({reason(error)}; transfer syntax {syntax})",
            where=where,
            remedy="Download the file again; if its compression is unknown here, install pylibjpeg[all]",
        ) from error
    if stored.shape != (rows, columns):
        raise wrong("PixelData", stored.shape, f"is not {rows} rows × {columns} columns", where)
    return stored


def _refuse_copies(headers: list[Dataset], paths: list[Path], where: str) -> None:
    seen: dict[str, str] = {}
    for header, path in zip(headers, paths, strict=True):
        uid = text(header, "SOPInstanceUID", f"{where}, {path.name}")
        if uid in seen:
            raise CaseError(
                f"duplicated slice: {told('SOPInstanceUID')} = {shown(uid)} is in {seen[uid]} and {path.name}",
                where=where,
                remedy="Keep one of them",
            )
        seen[uid] = path.name


def _refuse_too_few(headers: list[Dataset], where: str) -> None:
    # A slice missing at either end leaves equal gaps behind; only the count tells. PET has one (PS3.3 C.8.9.4): the
    # slices of one volume, so that a series of several beds may hold more than it says, but never fewer.
    if raw(headers[0], "NumberOfSlices", where) is None:
        return
    if len(headers) < (claimed := whole(headers[0], "NumberOfSlices", where)):
        raise wrong("NumberOfSlices", claimed, f"but there are {len(headers)} files: missing slices", where)


def _place(header: Dataset, path: Path, where: str) -> Slice:
    here = f"{where}, {path.name}"
    position = numbers(header, "ImagePositionPatient", 3, here)
    return Slice(path.name, position, numbers(header, "ImageOrientationPatient", 6, here))
