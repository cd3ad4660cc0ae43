"""DICOM segmentations (SEG) as masks on the grid of an image.

pydicom alone: a mask is frames of bits, each with its place in space. ITK's reader stacks the frames one upon the
other, however far apart they lie; highdicom reads them as here, but refuses files that lack codes of what the segments
are, which no mask needs, and would be a dependency for this one thing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset

from rerad.core.errors import CaseError
from rerad.imaging.dicom.tags import (
    items,
    missing,
    numbers,
    opened,
    raw,
    reason,
    refuse_torn,
    text,
    told,
    whole,
    wrong,
)

OFF_GRID = 0.1  # voxels
OTHER_GRID = "Bring the series that the segmentation was drawn on, or one on its grid"


def read_seg(path: str | Path, reference: sitk.Image) -> sitk.Image:
    """Read all segments of a SEG as one mask, uint8 of 0 and 1, on the grid of an image.

    Each frame is put where its own position says. The image may be another series than the one the SEG was drawn on,
    such as a later phase, as long as its grid has the voxels of the frames.

    Example: ``rerad.imaging.read_seg("SEG/1-1.dcm", rerad.imaging.read_mr("MR/1.2.3"))``

    Raises:
        CaseError: the file is no SEG, its pixels or places are damaged, a frame lies off the image's grid, or no voxel
            is marked.
    """
    header = opened(Path(path))
    where = str(path)
    refuse_torn(header, where)
    if (kind := text(header, "Modality", where)) != "SEG":
        raise wrong("Modality", kind, "is not SEG", where)
    frames = _frames(header, where)
    places = items(header, "PerFrameFunctionalGroupsSequence", where)
    if len(places) != len(frames):
        raise CaseError(f"{len(frames)} frames with {len(places)} places", where=where, remedy="Download it again")
    shared = (*items(header, "SharedFunctionalGroupsSequence", where), Dataset())[0]
    found = np.zeros(reference.GetSize()[::-1], np.uint8)
    for index, (frame, place) in enumerate(zip(frames, places, strict=True)):
        rows, columns = np.nonzero(frame)
        if len(rows):
            here = f"{where}, frame {index + 1}"
            _mark(found, rows, columns, _axes(place, shared, reference, here), here)
    if not found.any():
        raise CaseError("the segmentation marks no voxel", where=where, remedy="Leave the case out")
    mask = sitk.GetImageFromArray(found)
    mask.CopyInformation(reference)
    return mask


def _frames(header: Dataset, where: str) -> NDArray[np.bool_]:
    """Return the frames (frame, row, column)."""
    kind = text(header, "SegmentationType", where)
    if kind not in ("BINARY", "FRACTIONAL"):
        raise wrong("SegmentationType", kind, "is neither BINARY nor FRACTIONAL", where)
    shape = tuple(whole(header, keyword, where) for keyword in ("NumberOfFrames", "Rows", "Columns"))
    pixels = raw(header, "PixelData", where)
    if not isinstance(pixels, bytes):
        raise missing("PixelData", where)
    needed = -(-int(np.prod(shape)) * whole(header, "BitsAllocated", where) // 8)
    syntax = getattr(header.file_meta, "TransferSyntaxUID", None)
    if syntax is not None and not syntax.is_compressed and len(pixels) != needed + needed % 2:
        raise wrong("PixelData", f"{len(pixels)} bytes", f"is not {needed} bytes of {shape}", where)
    try:
        stored = header.pixel_array.reshape(shape)
    except Exception as error:  # decoders raise anything
        raise CaseError(
            f"{told('PixelData')} cannot be decoded ({reason(error)})", where=where, remedy="Download the file again"
        ) from error
    if kind == "BINARY":
        return stored > 0
    return stored >= whole(header, "MaximumFractionalValue", where) / 2


def _axes(place: Dataset, shared: Dataset, reference: sitk.Image, where: str) -> NDArray[np.int64]:
    """Return in voxels of the image (x, y, z): the frame's first pixel, a step down a column, a step along a row."""
    position = _group(place, shared, "PlanePositionSequence", "ImagePositionPatient", 3, where)
    cosines = _group(place, shared, "PlaneOrientationSequence", "ImageOrientationPatient", 6, where)
    spacing = _group(place, shared, "PixelMeasuresSequence", "PixelSpacing", 2, where)
    first, along, down = np.array(position), np.array(cosines[:3]) * spacing[1], np.array(cosines[3:]) * spacing[0]
    corner = (first, first + down, first + along)
    points = np.array([reference.TransformPhysicalPointToContinuousIndex(point.tolist()) for point in corner])
    steps = np.array([points[0], points[1] - points[0], points[2] - points[0]])
    nearest = np.rint(steps)
    # A tenth of a voxel for the place, and for the steps as much over a whole row or column.
    allowed = np.array([[OFF_GRID], *[[OFF_GRID / max(reference.GetSize())]] * 2])
    units = (np.abs(nearest[1:]).sum(axis=1) == 1).all()
    if not units or (np.abs(steps - nearest) > allowed).any():
        told_places = ", ".join(f"{value:.4g}" for value in steps[0])
        raise CaseError(
            f"the frame lies on another grid than the image: it begins at voxel ({told_places}) and its pixels have "
            f"{spacing[0]:.4g} × {spacing[1]:.4g} mm",
            where=where,
            remedy=OTHER_GRID,
        )
    return nearest.astype(np.int64)


def _group(place: Dataset, shared: Dataset, group: str, keyword: str, count: int, where: str) -> tuple[float, ...]:
    """Return a value of a functional group, of this frame or of all frames."""
    for header in (place, shared):
        if found := items(header, group, where):
            return numbers(found[0], keyword, count, where)
    raise missing(group, where)


def _mark(
    found: NDArray[np.uint8], rows: NDArray[Any], columns: NDArray[Any], axes: NDArray[np.int64], where: str
) -> None:
    x, y, z = axes[0][:, None] + axes[1][:, None] * rows + axes[2][:, None] * columns
    inside = np.ones(len(rows), bool)
    for values, size in zip((z, y, x), found.shape, strict=True):
        inside &= (values >= 0) & (values < size)
    if not inside.all():
        raise CaseError(f"{int((~inside).sum())} marked pixels lie outside the image", where=where, remedy=OTHER_GRID)
    found[z, y, x] = 1
