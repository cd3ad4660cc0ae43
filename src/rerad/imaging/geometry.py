"""Where the box of a prepared case lies in the image it was cut from, so that a prediction goes back there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from rerad.core.errors import CaseError


class Geometry(NamedTuple):
    """The voxel grid of an image as stored (ITK's order x, y, z), and a box in it once its axes are turned to LPS.

    ``size`` voxels, ``spacing`` and ``origin`` mm, ``direction`` nine cosines; ``box_start`` and ``box_shape`` voxels
    in (z, y, x).
    """

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    box_start: tuple[int, ...]
    box_shape: tuple[int, ...]

    @property
    def inside(self) -> tuple[slice, ...]:
        """The box as an index of the upright image's array."""
        return tuple(slice(start, start + count) for start, count in zip(self.box_start, self.box_shape, strict=True))


COUNTS = {"size": 3, "spacing": 3, "origin": 3, "direction": 9, "box_start": 3, "box_shape": 3}
WHOLE = ("size", "box_start", "box_shape")


def box_of(marked: NDArray[np.bool_]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return start and shape of the smallest box around the marked voxels, of which there is one at least."""
    start, stop = [], []
    for axis in range(marked.ndim):
        along = np.flatnonzero(marked.any(axis=tuple(other for other in range(marked.ndim) if other != axis)))
        start.append(int(along[0]))
        stop.append(int(along[-1]) + 1)
    return tuple(start), tuple(high - low for low, high in zip(start, stop, strict=True))


def geometry_of(image: sitk.Image, start: tuple[int, ...], shape: tuple[int, ...]) -> Geometry:
    """Return the geometry of an image as stored, with a box of it, turned to LPS, that begins at ``start``."""
    return Geometry(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection(), start, shape)


def box_spacing(geometry: Geometry) -> tuple[float, ...]:
    """Return the voxel size of a box (z, y, x), in mm."""
    return _upright(geometry.spacing, geometry)


def uncropped(values: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """Return the values of a box in the array (z, y, x) of the whole upright image, 0 outside the box.

    Raises:
        CaseError: the values have another shape than the box.
    """
    if values.shape != geometry.box_shape:
        raise CaseError(f"{values.shape} voxels for a box of {geometry.box_shape}", remedy="Predict the whole box")
    whole = np.zeros(_upright(geometry.size, geometry), values.dtype)
    whole[geometry.inside] = values
    return whole


def _upright(values: tuple[Any, ...], geometry: Geometry) -> tuple[Any, ...]:
    """Return what an image as stored has along x, y and z, along z, y and x of the upright one."""
    cosines = np.abs(np.reshape(geometry.direction, (3, 3)))
    return tuple(values[int(np.argmax(cosines[axis]))] for axis in (2, 1, 0))


def put_back(values: NDArray[Any], geometry: Geometry) -> sitk.Image:
    """Return the values of a box (z, y, x) as an image on the grid that the box was cut from, 0 outside.

    Raises:
        CaseError: the values have another shape than the box.
    """
    whole = uncropped(values, geometry)
    grid = sitk.Image([int(count) for count in geometry.size], sitk.sitkUInt8)
    grid.SetSpacing(geometry.spacing)
    grid.SetOrigin(geometry.origin)
    grid.SetDirection(geometry.direction)
    upright = sitk.DICOMOrient(grid, "LPS")
    filled = sitk.GetImageFromArray(whole)
    filled.CopyInformation(upright)
    code = sitk.DICOMOrientImageFilter.GetOrientationFromDirectionCosines(geometry.direction)
    turned = sitk.DICOMOrient(filled, code)
    turned.CopyInformation(grid)  # without the rounding of two turns
    return turned


def to_cells(geometry: Geometry) -> dict[str, str]:
    """Return a geometry as cells of a table: numbers with spaces between, and digits enough; no -0."""
    return {name: " ".join(repr(value + 0) for value in getattr(geometry, name)) for name in COUNTS}


def from_cells(row: Mapping[str, Any], *, where: str) -> Geometry:
    """Return the geometry that :func:`to_cells` wrote into a row of a table.

    Raises:
        CaseError: a cell is missing or holds something else.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for name, count in COUNTS.items():
        try:
            values = tuple((int if name in WHOLE else float)(part) for part in str(row[name]).split())
        except (KeyError, ValueError):
            values = ()
        if len(values) != count:
            told = f"{name} is {row.get(name)!r}, not {count} numbers"
            raise CaseError(told, where=where, remedy="Remove the table and prepare the cohort again")
        found[name] = values
    return Geometry(**found)
