"""Surface area of a voxel mask by Crofton's formula: counted along lines instead of measured on a mesh.

The area of a body is four times the mean, over all directions, of how often parallel lines meet it, times the area
that a line stands for. On a voxel grid 13 directions have lines through voxel centres one step apart; each speaks for
the part of the sphere that is nearer to it than to another.

Source: Legland, Kiêu and Devaux 2007, Image Analysis and Stereology 26(2): 83-92, doi 10.5566/ias.v26.p83-92; their
weights for cubic voxels, and for others as in MorphoLibJ (class IntrinsicVolumes3DUtils). Round bodies come out within
1 % from a radius of 10 voxels on; a face along the grid, the worst case, at 0.927 of its area.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import SphericalVoronoi

Spacing = tuple[float, float, float]
Step = tuple[int, ...]

# One of each pair of opposite neighbours: the first step that is not 0 is positive.
STEPS: list[Step] = [step for step in itertools.product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]


def surface_area(mask: NDArray[np.bool_], spacing: Spacing) -> float:
    """Return the surface area (mm²) of a mask of shape (z, y, x); outside the array there is nothing.

    Voxels that touch in a corner only are joined along that diagonal. ``spacing`` (z, y, x) in mm.
    """
    voxels = int(np.count_nonzero(mask))
    voxel_mm3 = float(np.prod(spacing))
    area = 0.0
    for step, weight in zip(STEPS, weights(spacing), strict=True):
        # A row of n voxels has n - 1 joints: their difference counts the rows.
        rows = voxels - _joints(mask, step)
        area += weight * rows * voxel_mm3 / float(np.linalg.norm(np.multiply(step, spacing)))
    return 4 * area


@lru_cache(maxsize=64)
def weights(spacing: Spacing) -> tuple[float, ...]:
    """Return the share of the sphere for which each of ``STEPS`` and its opposite speak; they sum to 1."""
    directions = np.array(STEPS) * spacing
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    cells = SphericalVoronoi(np.concatenate([directions, -directions]))
    areas = cells.calculate_areas().reshape(2, len(STEPS)).sum(axis=0)
    return tuple(float(area) for area in areas / areas.sum())


def _joints(mask: NDArray[np.bool_], step: Step) -> int:
    """Return how many voxels of the mask have a neighbour in it one step further."""
    ahead = tuple(slice(max(move, 0), size + min(move, 0)) for move, size in zip(step, mask.shape, strict=True))
    behind = tuple(slice(max(-move, 0), size + min(-move, 0)) for move, size in zip(step, mask.shape, strict=True))
    return int(np.count_nonzero(mask[ahead] & mask[behind]))
