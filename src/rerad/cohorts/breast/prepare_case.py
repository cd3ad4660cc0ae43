"""Prepare one case: the image on its own grid, and its tissues."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from rerad.cohorts.breast.labels import LESION, TISSUES
from rerad.cohorts.breast.scans import read_scan
from rerad.cohorts.breast.tissues import label_tissues
from rerad.cohorts.cases import Case
from rerad.core.errors import CaseError
from rerad.imaging.geometry import Geometry, box_of, geometry_of
from rerad.imaging.images import upright
from rerad.imaging.stored import store_case


class Labelled(NamedTuple):
    """A case and the group that it counts for, nothing if nobody knows; which of how many blocks of its slices."""

    case: Case
    group: str
    block: int = 1
    blocks: int = 1

    def __str__(self) -> str:
        return self.case.name if self.blocks == 1 else f"{self.case.name}_block{self.block}"


class Prepared(NamedTuple):
    """What the tables say about one prepared case; its arrays lie in files of their own.

    ``slice_axis`` is the axis across the slices as they were taken; ``slices`` has for each with any tissue its index
    and the voxels of fatty, glandular and lesion tissue.
    """

    case: str
    voxels: dict[str, int]
    low: float
    high: float
    geometry: Geometry
    slice_axis: int
    slices: list[tuple[int, ...]]
    extent_mm: tuple[float, ...]
    outside: float
    missing: dict[str, str]


def prepare_case(item: Labelled, *, settings: dict[str, Any], arrays: Path) -> Prepared:
    """Write image and tissue labels of a case, see :mod:`rerad.imaging.stored`, and return the rest.

    A block has its share of consecutive slices, and tissues and range of the whole case. Nothing is resampled: a map of
    pairs of neighbours is about the voxels as they were taken.

    Raises:
        CaseError: the case cannot be used.
    """
    scan = read_scan(item.case)
    image = upright(scan.image, where=item.case.name)
    spacing = image.GetSpacing()[::-1]
    values = sitk.GetArrayFromImage(image)
    lesion = None if scan.lesion is None else sitk.GetArrayFromImage(sitk.DICOMOrient(scan.lesion, "LPS")) > 0
    try:
        labels, missing, outside = label_tissues(values, lesion, spacing, group=item.group, settings=settings)
    except CaseError as error:
        raise CaseError(error.what, where=item.case.name, remedy=error.remedy) from error
    low, high = float(values.min()), float(values.max())
    axis = int(np.argmax(np.round(spacing, 3)))
    start, values, labels = _block(values, labels, axis, item)
    store_case(arrays, str(item), values[None], labels)
    across = tuple(other for other in range(3) if other != axis)
    counts = np.stack([(labels == value).sum(axis=across) for value in TISSUES.values()], axis=1)
    drawn = labels == LESION
    box = box_of(drawn)[1] if drawn.any() else (0, 0, 0)
    return Prepared(
        case=str(item),
        voxels=dict(zip(TISSUES, map(int, counts.sum(axis=0)), strict=True)),
        low=low,
        high=high,
        geometry=geometry_of(scan.image, start, values.shape),
        slice_axis=axis,
        slices=[(int(index), *map(int, counts[index])) for index in np.flatnonzero(counts.any(axis=1))],
        extent_mm=tuple(float(count * step) for count, step in zip(box, spacing, strict=True)),
        outside=outside,
        missing=missing,
    )


def _block(
    values: NDArray[np.float32], labels: NDArray[np.uint8], axis: int, item: Labelled
) -> tuple[tuple[int, int, int], NDArray[np.float32], NDArray[np.uint8]]:
    """Return where the block of a case begins, and its part of both arrays."""
    parts = np.array_split(np.arange(values.shape[axis]), item.blocks)
    own = parts[item.block - 1]
    if not len(own):
        told = f"{values.shape[axis]} slices for {item.blocks} blocks"
        raise CaseError(told, where=item.case.name, remedy="Lower slice_blocks")
    start = [0, 0, 0]
    start[axis] = int(own[0])
    return (start[0], start[1], start[2]), np.take(values, own, axis=axis), np.take(labels, own, axis=axis)
