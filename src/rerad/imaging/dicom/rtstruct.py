"""RTSTRUCT files: which series they belong to, and their regions of interest as masks."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom import Dataset

from rerad.core.errors import CaseError
from rerad.imaging.dicom.contours import Points, filled
from rerad.imaging.dicom.references import rtstruct_references
from rerad.imaging.dicom.series import FRAME, SERIES
from rerad.imaging.dicom.tags import items, missing, numbers, opened, raw, refuse_torn, shown, text, told, whole, wrong

log = logging.getLogger(__name__)

# The two that enclose an area. An inner contour cuts a hole either way: by even-odd, or by a channel of no width.
CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
EMPTY = "Contour the ROI, or leave the case out"


def read_rtstruct(path: str | Path, reference: sitk.Image, roi: str) -> sitk.Image:
    """Read a region of interest as a mask, uint8 of 0 and 1, on the grid of the image it was contoured on.

    ``reference`` is that image as ``read_suv`` or ``read_ct`` return it: it carries the series' UID, which the RTSTRUCT
    must refer to. How contours become voxels: ``rerad.imaging.dicom.contours.filled``.

    Example: ``rerad.imaging.read_rtstruct("mask/1-1.dcm", rerad.imaging.read_suv("image"), "GTV_Mass")``

    Raises:
        CaseError: the file is no RTSTRUCT, refers to another series or frame, has no such ROI or two of its name, or
            the ROI has no closed contours, encloses no voxel or leaves the image.
    """
    header = opened(Path(path))
    where = _where(header, path)
    refuse_torn(header, where)
    series = reference.GetMetaData(SERIES) if reference.HasMetaDataKey(SERIES) else ""
    if not series:
        raise CaseError(
            "the reference image does not say which series it is",
            where=where,
            remedy=f"Read it with read_suv or read_ct, or set its metadata {SERIES} to the SeriesInstanceUID",
        )
    if (frame := rtstruct_references(header, where).get(series)) is None:
        raise _foreign(header, (series,), where)
    if reference.HasMetaDataKey(FRAME) and frame not in ("", reference.GetMetaData(FRAME)):
        raise wrong("FrameOfReferenceUID", frame, f"is not the image's {reference.GetMetaData(FRAME)}", where)
    contours = _contours(header, roi, frame, where)
    array = filled(contours, reference, f"{where}, ROI {roi}")
    if not array.any():
        raise CaseError("empty ROI: it encloses no voxel's centre", where=f"{where}, ROI {roi}", remedy=EMPTY)
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(reference)
    for key in reference.GetMetaDataKeys():
        mask.SetMetaData(key, reference.GetMetaData(key))
    return mask


def match(rtstructs: Iterable[str | Path], series: Iterable[str]) -> dict[str, list[Path]]:
    """Return for each SeriesInstanceUID the RTSTRUCTs that refer to it, by header alone; names play no part.

    Raises:
        CaseError: an RTSTRUCT refers to none of the series, or to several of them.
    """
    found: dict[str, list[Path]] = {uid: [] for uid in series}
    for path in sorted(map(Path, rtstructs)):
        header = opened(path)
        where = _where(header, path)
        refuse_torn(header, where)
        own = [uid for uid in rtstruct_references(header, where) if uid in found]
        if not own:
            raise _foreign(header, tuple(found), where)
        if len(own) > 1:
            raise CaseError(f"refers to several series: {', '.join(own)}", where=where, remedy="Name the one meant")
        found[own[0]].append(path)
    return found


def roi_names(header: Dataset, where: str) -> tuple[str, ...]:
    """Return the names of an RTSTRUCT's regions of interest, in the order of their definitions.

    Raises:
        CaseError: the definitions are damaged.
    """
    return tuple(text(part, "ROIName", where, default="") for part in items(header, "StructureSetROISequence", where))


def _where(header: Dataset, path: str | Path) -> str:
    kind = text(header, "Modality", str(path))
    if kind != "RTSTRUCT":
        raise wrong("Modality", kind, "is not RTSTRUCT", str(path))
    patient, uid = text(header, "PatientID", str(path)), text(header, "SeriesInstanceUID", str(path))
    return shown(f"{patient}, {kind}") + f" series {uid[:64]} ({path})"


def _foreign(header: Dataset, wanted: tuple[str, ...], where: str) -> CaseError:
    found = ", ".join(rtstruct_references(header, where)) or "no series at all"
    return CaseError(
        f"refers to {found} by {told('RTReferencedSeriesSequence')} / {told('SeriesInstanceUID')}, not to "
        f"{shown(', '.join(wanted))}",
        where=where,
        remedy="Take the RTSTRUCT of this series (rerad.imaging.dicom.match finds it)",
    )


def _contours(header: Dataset, roi: str, frame: str, where: str) -> list[Points]:
    """Return the contours of a ROI, each (points, 3) in mm."""
    definition = _definition(header, roi, where)
    own_frame = text(definition, "ReferencedFrameOfReferenceUID", where, default="")
    if frame and own_frame not in ("", frame):
        raise wrong("ReferencedFrameOfReferenceUID", own_frame, f"of ROI {roi} is not the series' {frame}", where)
    number = whole(definition, "ROINumber", where)
    drawn = [
        part
        for part in items(header, "ROIContourSequence", where)
        if whole(part, "ReferencedROINumber", where) == number
    ]
    if len(drawn) > 1:
        raise wrong("ReferencedROINumber", number, f"of ROI {roi} is there {len(drawn)} times", where)
    here = f"{where}, ROI {roi}"
    contours = [_points(contour, here) for part in drawn for contour in items(part, "ContourSequence", here)]
    areas = [points for points in contours if len(points) > 2]
    if not areas:
        raise CaseError(f"empty ROI: {told('ContourSequence')} has no contour", where=here, remedy=EMPTY)
    if len(areas) < len(contours):
        log.warning("%s: %d contours of one or two points enclose nothing", here, len(contours) - len(areas))
    return areas


def _definition(header: Dataset, roi: str, where: str) -> Dataset:
    rois = items(header, "StructureSetROISequence", where)
    names = roi_names(header, where)
    if names.count(roi) != 1:
        raise CaseError(
            f"{names.count(roi) or 'no'} ROI of the name {roi} ({told('ROIName')}), but {shown(', '.join(names))}",
            where=where,
            remedy="Name one of these",
        )
    definition = rois[names.index(roi)]
    number = whole(definition, "ROINumber", where)
    if sum(whole(part, "ROINumber", where) == number for part in rois) > 1:
        raise wrong("ROINumber", number, "belongs to several ROIs", where)
    return definition


def _points(contour: Dataset, where: str) -> Points:
    if (kind := text(contour, "ContourGeometricType", where)) not in CLOSED:
        raise wrong("ContourGeometricType", kind, f"is none of {', '.join(CLOSED)}", where)
    value = raw(contour, "ContourData", where)
    if value is None:
        raise missing("ContourData", where)
    count = len(value) if hasattr(value, "__len__") and not isinstance(value, str) else 1
    if count % 3 or count != 3 * whole(contour, "NumberOfContourPoints", where):
        raise wrong("NumberOfContourPoints", contour.NumberOfContourPoints, f"but {count} coordinates", where)
    return np.array(numbers(contour, "ContourData", count, where)).reshape(-1, 3)
