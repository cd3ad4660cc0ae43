"""Lengths of a voxel mask, from voxel centre to voxel centre: its diameter, and two axes in an axial slice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

Mask = NDArray[np.bool_]
Points = NDArray[np.int64]
Spacing = tuple[float, float, float]
SAME = 1e-9  # relative: lengths that differ by rounding only are the same


class Axes(NamedTuple):
    """Lengths (mm) of two axes at right angles in one axial slice."""

    major: float
    minor: float


def max_diameter(mask: Mask, spacing: Spacing) -> float:
    """Return the largest distance (mm) of any two voxels of a mask (z, y, x) that is not empty."""
    corners = hull_corners(ends_of_rows(mask)) * np.array(spacing)
    return float(np.sqrt(pdist(corners, "sqeuclidean").max(initial=0.0)))


def axes_by_extent(mask: Mask, spacing: Spacing) -> Axes:
    """Return the largest distance of any two voxels of one axial slice, and the slice's extent perpendicular to it.

    Where several pairs of voxels or several slices are as long, the largest of their perpendicular extents counts: the
    result is the same however the mask lies in its array.
    """
    return _largest([_by_extent(plane, spacing[1:]) for plane in mask if plane.any()])


def axes_by_ellipse(mask: Mask, spacing: Spacing) -> Axes:
    """Return the axes of the ellipse that has the second moments of an axial slice, of the one with the longest.

    As ``regionprops`` of Matlab: a voxel has an extent of its own, and the ellipse of a bent region is longer than it.
    """
    return _largest([_by_ellipse(plane, spacing[1:]) for plane in mask if plane.any()])


def ends_of_rows(mask: Mask) -> Points:
    """Return voxels (z, y, x) that end a row of the mask along x, and among those one along y, and one along z.

    All corners of the convex hull are among them, and of a compact body a few thousand others.
    """
    lines = mask.reshape(-1, mask.shape[2])
    rows = np.flatnonzero(lines.any(axis=1))
    lines = lines[rows]
    z, y = np.divmod(rows, mask.shape[1])
    ends = (lines.argmax(axis=1), mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1))
    points = np.concatenate([np.stack([z, y, x], axis=1) for x in ends])
    for along, across in ((1, (0, 2)), (0, (1, 2))):
        points = points[np.lexsort((points[:, along], points[:, across[1]], points[:, across[0]]))]
        changes = np.any(np.diff(points[:, across], axis=0) != 0, axis=1)
        points = points[np.append(True, changes) | np.append(changes, True)]
    return np.unique(points, axis=0).astype(np.int64)


def hull_corners(points: Points) -> Points:
    """Return those of some points (n, 3), each of them once, that are corners of their convex hull, be it flat."""
    from_first = points - points[0]
    if len(points) == 1:
        return points
    line = from_first[1]
    normals = np.cross(line, from_first)
    if not normals.any():  # all on one line
        along = from_first @ line
        return points[[along.argmin(), along.argmax()]]
    normal = normals[np.flatnonzero(normals.any(axis=1))[0]]
    if (from_first @ normal).any():
        return points[ConvexHull(points.astype(float)).vertices]
    # All in one plane, whose corners are those of its shadow along the axis that it faces most.
    shadow = np.delete(points, np.abs(normal).argmax(), axis=1)
    return points[ConvexHull(shadow.astype(float)).vertices]


def _largest(found: list[Axes]) -> Axes:
    major = max(axes.major for axes in found)
    return Axes(major, max(axes.minor for axes in found if axes.major >= major * (1 - SAME)))


def _by_extent(plane: Mask, spacing: tuple[float, ...]) -> Axes:
    corners = hull_corners(ends_of_rows(plane[None]))[:, 1:] * np.array(spacing)
    distances = squareform(pdist(corners))
    major = float(distances.max(initial=0.0))
    if major == 0:
        return Axes(0.0, 0.0)
    first, second = np.nonzero(np.triu(distances) >= major * (1 - SAME))
    directions = (corners[second] - corners[first]) / major
    across = corners @ np.stack([-directions[:, 1], directions[:, 0]])
    return Axes(major, float(np.ptp(across, axis=0).max()))


def _by_ellipse(plane: Mask, spacing: tuple[float, ...]) -> Axes:
    places = np.argwhere(plane) * np.array(spacing)
    places -= places.mean(axis=0)
    # A voxel is not a point: a segment of length s has a variance of s²/12.
    moments = places.T @ places / len(places) + np.diag(np.square(spacing)) / 12
    minor, major = 4 * np.sqrt(np.linalg.eigvalsh(moments))
    return Axes(float(major), float(minor))
