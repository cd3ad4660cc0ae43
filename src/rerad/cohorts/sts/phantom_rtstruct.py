"""RTSTRUCTs of a phantom: masks as contours along the edges of their voxels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import MRImageStorage

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
# For each side of a pixel: where its neighbour lies (row, column), and the side's ends (row, column) from the pixel's
# corner, so that the pixel is to the right of the way.
SIDES = (((-1, 0), (0, 0), (0, 1)), ((0, 1), (0, 1), (1, 1)), ((1, 0), (1, 1), (1, 0)), ((0, -1), (1, 0), (0, 0)))


class Contour(NamedTuple):
    """A closed contour: its slice, its points (points, 3) in mm."""

    level: int
    points: Points


def outlines(mask: Mask, reference: sitk.Image) -> list[Contour]:
    """Return the contours of a mask (z, y, x), each around one part or one hole of a slice, along the voxels' edges.

    Every voxel's centre is half a voxel away from them: whoever fills them by even-odd gets the mask again.
    """
    contours = []
    for level in np.flatnonzero(mask.any(axis=(1, 2))):
        for corners in _loops(mask[level]):
            indices = np.array([(column - 0.5, row - 0.5, level) for row, column in corners])
            points = [reference.TransformContinuousIndexToPhysicalPoint(index) for index in indices.tolist()]
            contours.append(Contour(int(level), np.array(points)))
    return contours


def _loops(mask: Mask) -> list[list[tuple[int, int]]]:
    """Return the closed ways along the edges of a slice (row, column), as the corners where they turn."""
    inside = np.pad(mask, 1)
    onward: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (row, column), start, end in SIDES:
        edge = inside & ~np.roll(inside, (-row, -column), axis=(0, 1))
        for y, x in (np.argwhere(edge) - 1).tolist():
            onward.setdefault((y + start[0], x + start[1]), []).append((y + end[0], x + end[1]))
    loops = []
    while onward:
        first = at = min(onward)
        loop: list[tuple[int, int]] = []
        while not loop or at != first:
            loop.append(at)
            ends = onward[at]
            after = ends.pop()
            if not ends:
                del onward[at]
            at = after
        loops.append(_turns(loop))
    return loops


def _turns(loop: list[tuple[int, int]]) -> list[tuple[int, int]]:
    before, after = np.roll(loop, 1, axis=0), np.roll(loop, -1, axis=0)
    straight = (before + after == 2 * np.array(loop)).all(axis=1)
    return [corner for corner, kept in zip(loop, ~straight, strict=True) if kept]


def add_structures(
    header: Dataset, regions: Mapping[str, Sequence[Contour]], referred: Dataset, uids: Sequence[tuple[str, str]]
) -> None:
    """Add regions to the header of an RTSTRUCT, and whose they are.

    ``referred`` is a header of the series that they were drawn on, ``uids`` the (SOPClassUID, SOPInstanceUID) of its
    slices, of which an absent series has none.
    """
    frame, study, series = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = referred.SeriesInstanceUID
    series.ContourImageSequence = [_reference(*uid) for uid in uids] or [
        _reference(MRImageStorage, f"{referred.SeriesInstanceUID[:60]}.1")
    ]
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"  # detached study management, as the collection has it
    study.ReferencedSOPInstanceUID, study.RTReferencedSeriesSequence = referred.StudyInstanceUID, [series]
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = referred.FrameOfReferenceUID, [study]
    header.ReferencedFrameOfReferenceSequence = [frame]
    header.StructureSetROISequence, header.ROIContourSequence, header.RTROIObservationsSequence = [], [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        definition, drawn, observed = Dataset(), Dataset(), Dataset()
        definition.ROINumber, definition.ROIName, definition.ROIGenerationAlgorithm = number, name, "AUTOMATIC"
        definition.ReferencedFrameOfReferenceUID = referred.FrameOfReferenceUID
        drawn.ReferencedROINumber, drawn.ContourSequence = number, [_contour(part, uids) for part in contours]
        observed.ObservationNumber, observed.ReferencedROINumber = number, number
        observed.RTROIInterpretedType, observed.ROIInterpreter = "GTV", ""
        header.StructureSetROISequence.append(definition)
        header.ROIContourSequence.append(drawn)
        header.RTROIObservationsSequence.append(observed)


def _contour(contour: Contour, uids: Sequence[tuple[str, str]]) -> Dataset:
    item = Dataset()
    if uids:
        item.ContourImageSequence = [_reference(*uids[contour.level])]
    item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", len(contour.points)
    item.ContourData = [f"{value:.10g}" for value in contour.points.ravel()]
    return item


def _reference(kind: str, uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = kind, uid
    return item
