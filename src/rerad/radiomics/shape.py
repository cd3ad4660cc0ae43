"""The ten shape features of the radiogenomic study, of one mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rerad.core.errors import ReradError
from rerad.imaging.geometry import box_of
from rerad.radiomics.crofton import surface_area
from rerad.radiomics.diameters import axes_by_ellipse, axes_by_extent, max_diameter

FEATURES = (
    "volume",
    "surface_area",
    "sa_v_ratio",
    "sphericity",
    "spherical_disproportion",
    "max_diameter",
    "major_axis",
    "minor_axis",
    "compactness1",
    "compactness2",
)
AXES = {"extent": axes_by_extent, "ellipse": axes_by_ellipse}


def morphology(mask: ArrayLike, spacing: Sequence[float], *, axes: str = "extent") -> dict[str, float]:
    """Return the features of Table 1 of the radiogenomic study, in mm, mm² and mm³.

    All marked voxels count, connected or not. Where the mask ends at the border of its array, it ends there. Lengths go
    from voxel centre to voxel centre, so that one voxel has a diameter of 0.

    Args:
        mask: shape (z, y, x), axis 0 axial; bool, or numbers that are 0 and 1.
        spacing: voxel size in mm, (z, y, x).
        axes: what major and minor axis are. ``extent``: the largest distance of two voxels of an axial slice, and the
            slice's extent perpendicular to it; ``ellipse``: the axes of the ellipse with the slice's second moments.

    Raises:
        ReradError: the mask is empty, not 3-D or not binary, a spacing is not above 0, or ``axes`` is unknown.

    Source: Table 1 of the paper; volume and surface area by Legland 2007, doi 10.5566/ias.v26.p83-92 (13 directions).

    >>> cube = morphology(np.ones((10, 10, 10), bool), (1.0, 1.0, 1.0))
    >>> cube["volume"], round(cube["max_diameter"], 2)
    (1000.0, 15.59)
    """
    inside, steps = _checked(mask, spacing)
    if axes not in AXES:
        raise ReradError(f"{axes!r} is no kind of axes", where="axes", remedy=f"Write one of {', '.join(AXES)}")
    start, shape = box_of(inside)
    box = inside[tuple(slice(first, first + count) for first, count in zip(start, shape, strict=True))]
    volume = float(np.count_nonzero(box) * np.prod(steps))
    area = surface_area(box, steps)
    ball = np.cbrt(36 * np.pi * volume**2)  # the area of the ball of this volume
    major, minor = AXES[axes](box, steps)
    values = (
        volume,
        area,
        area / volume,
        ball / area,
        area / ball,
        max_diameter(box, steps),
        major,
        minor,
        volume / np.sqrt(np.pi * area**3),
        36 * np.pi * volume**2 / area**3,
    )
    return dict(zip(FEATURES, map(float, values), strict=True))


def _checked(mask: ArrayLike, spacing: Sequence[float]) -> tuple[NDArray[np.bool_], tuple[float, float, float]]:
    values: NDArray[Any] = np.asarray(mask)
    if values.ndim != 3:
        raise ReradError(f"{values.ndim} dimensions", where="mask", remedy="A mask has three: z, y, x")
    steps = tuple(float(step) for step in spacing)
    if len(steps) != 3 or not all(np.isfinite(step) and step > 0 for step in steps):
        told = ", ".join(f"{step:g}" for step in steps)
        raise ReradError(f"({told}) is no voxel size", where="spacing", remedy="Write three numbers above 0: z, y, x")
    inside = values.astype(bool)
    if values.dtype != bool and not np.array_equal(inside, values):
        other = values[inside & (values != 1)].flat[0]
        raise ReradError(f"a voxel has the value {other}", where="mask", remedy="Mark voxels by 1 and others by 0")
    if not inside.any():
        raise ReradError("no voxel is marked", where="mask", remedy="Leave the case out, or look at the segmentation")
    return inside, (steps[0], steps[1], steps[2])
