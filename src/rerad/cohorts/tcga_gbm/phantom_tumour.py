"""Segmentation of a phantom glioblastoma: a quiet core, a rim of enhancement, edema around both."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.cohorts.brats.labels import CORE, EDEMA, ENHANCING
from rerad.cohorts.shapes import Array, Axes, half_field, rough_surface, shifted, voxel_axes
from rerad.core.errors import ConfigError

MM3_PER_ML = 1000.0
REACH = 3.0  # no tumour reaches farther than so many radii of the ball of its volume
PLACE = 0.2  # how far its middle lies from that of the field of view, as a share of half of it
LEAST_VOXELS = 20


class Tumour(NamedTuple):
    """ml of enhancement and edema, the quiet part of the core, and shape: of the core's surface, then of the edema's.

    ``irregularity``: amplitude of the logarithm of the radius; ``elongation``: longest axis over the others.
    """

    enhancing_ml: float
    edema_ml: float
    quiet: float
    irregularity: tuple[float, float]
    elongation: tuple[float, float]


def draw_tumour(tumour: Tumour, settings: dict[str, Any], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return labels 0, 1, 2, 4, shape (z, y, x).

    Raises:
        ConfigError: a part is a few voxels only, or the whole fills a quarter of the field of view.
    """
    size, spacing = settings["size"], settings["spacing_mm"]
    voxel_ml = float(np.prod(spacing)) / MM3_PER_ML
    enhancing, edema = round(tumour.enhancing_ml / voxel_ml), round(tumour.edema_ml / voxel_ml)
    quiet = round(tumour.enhancing_ml * tumour.quiet / (1 - tumour.quiet) / voxel_ml)
    total = quiet + enhancing + edema
    if min(enhancing, edema) < LEAST_VOXELS or total > np.prod(size) / 4:
        raise ConfigError(
            f"{tumour.enhancing_ml:.1f} ml of enhancement and {tumour.edema_ml:.1f} ml of edema are {enhancing} and "
            f"{edema} of {int(np.prod(size))} voxels",
            where="cohorts.tcga_gbm.phantom",
            remedy=f"Write volumes of at least {LEAST_VOXELS} voxels, a quarter of the field of view in all",
        )
    axes = voxel_axes(size, spacing)
    axes = shifted(axes, generator.uniform(-PLACE, PLACE, 3) * half_field(axes))
    near = _near(axes, REACH * np.cbrt(3 * total * voxel_ml * MM3_PER_ML / (4 * np.pi)))
    places = np.stack([axis.ravel()[index] for axis, index in zip(axes, np.nonzero(near), strict=True)])
    turn, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    depths = [_depth(places, turn, tumour.irregularity[part], tumour.elongation[part], generator) for part in (0, 1)]
    labels = np.zeros(places.shape[1], np.uint8)
    inner = np.argsort(depths[0], kind="stable")
    labels[inner[:quiet]] = CORE
    labels[inner[quiet : quiet + enhancing]] = ENHANCING
    # Edema follows its own surface and the core's: by its own alone, a little of it would be lumps apart.
    outer = np.argsort(np.where(labels > 0, np.inf, depths[0] + depths[1]), kind="stable")
    labels[outer[:edema]] = EDEMA
    result = np.zeros(near.shape, np.uint8)
    result[near] = labels
    return result


def _near(axes: Axes, radius: float) -> NDArray[np.bool_]:
    z, y, x = axes
    return z**2 + y**2 + x**2 <= radius**2


def _depth(places: Array, turn: Array, irregularity: float, elongation: float, generator: np.random.Generator) -> Array:
    """Return a field at places (3, n), mm, whose level sets are rough ellipsoids with their axes turned."""
    scale = np.array([elongation ** (-2 / 3), elongation ** (1 / 3), elongation ** (1 / 3)])
    # Sums written out: a product of matrices may round otherwise with another number of threads.
    z, y, x = (sum(turn[row, axis] * places[axis] for axis in range(3)) * scale[row] for row in range(3))
    return rough_surface(irregularity, generator, stretch=0.0)(z, y, x)
