"""Four kinds of MRI of a phantom brain: tissues, one glioma of nested parts, nothing outside the brain."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rerad.cohorts.brats.labels import CORE, EDEMA, ENHANCING
from rerad.cohorts.shapes import (
    Array,
    Axes,
    at_voxels,
    half_field,
    near_origin,
    random_waves,
    rough_surface,
    shifted,
    voxel_axes,
)
from rerad.core.errors import ConfigError

MM3_PER_ML = 1000.0

# Half axes as shares of half the field of view, (z, y, x): a mean brain cube of 136 x 177 x 134 in 155 x 240 x 240.
BRAIN = (0.88, 0.74, 0.56)
SMALLER = 0.1  # a brain is up to this share smaller
ROUGH = 0.02  # amplitude of the logarithm of its radius, and of its axes
SULCI_MM = (14.0, 30.0)  # waves of the border of grey and white matter
FOLDS = 0.04  # their amplitude, as a share of the brain's radius
GREY_FROM, FLUID_FROM = 0.82, 0.96  # shares of the brain's radius
VENTRICLES = [((0.1, 0.0, side), (0.22, 0.3, 0.07)) for side in (-0.13, 0.13)]  # place, half axes
# The superior sagittal sinus: half its width, as a share of the brain's, and its depth, as a share of the radius.
SINUS, SINUS_FROM = 0.06, 0.9
TUMOUR_AT = 0.55  # how far from the middle of the brain it may lie, as a share of the radius
IRREGULAR = 0.12
GAIN = 2.0  # scanners have no common scale: intensities of a volume are up to this factor higher or lower
WHITE = 600.0  # white matter in T1 at gain 1
BLUR_MM = 0.7  # standard deviation of the point spread

# White matter in T1 is 1: (t1, t1ce, t2, flair), as these sequences typically show it.
TISSUES = {
    "white": (1.00, 1.00, 0.45, 0.55),
    "grey": (0.75, 0.78, 0.65, 0.75),
    "fluid": (0.30, 0.30, 1.30, 0.25),
    # Blood takes up contrast medium in every patient, and more than a tumour does: without it the scaling of a scan to
    # its own range would show in all of the brain whether the tumour enhances.
    "blood": (0.50, 2.00, 0.50, 0.30),
}
TUMOUR = {
    EDEMA: (0.70, 0.70, 1.10, 1.25),
    CORE: (0.45, 0.45, 1.25, 0.95),
    ENHANCING: (0.70, 1.80, 0.90, 1.10),
}
LEAST_VOXELS = 30


class Glioma(NamedTuple):
    """A tumour: ml of the whole, its core as a share of it, and the part of the core that does not enhance."""

    volume_ml: float
    core: float
    quiet: float


def draw_brain(
    glioma: Glioma, settings: dict[str, Any], generator: np.random.Generator
) -> tuple[list[NDArray[np.int16]], NDArray[np.uint8]]:
    """Return the volumes t1, t1ce, t2, flair and the labels 0, 1, 2, 4, all (z, y, x); outside the brain all are 0.

    Raises:
        ConfigError: the tumour is a few voxels only, or larger than a third of the brain.
    """
    axes = voxel_axes(settings["size"], settings["spacing_mm"])
    half = half_field(axes) * BRAIN * generator.uniform(1 - SMALLER, 1)
    centre = generator.uniform(-1, 1, 3) * (half_field(axes) - half) / 4
    placed = shifted(axes, centre)
    depth = _depth(placed, half, generator)
    brain = depth <= 1
    labels = _labels(glioma, placed, half, brain, settings, generator)
    tissue = _tissues(placed, half, depth, generator)
    return [_scan(index, tissue, labels, brain, settings, generator) for index in range(len(TISSUES["white"]))], labels


def _depth(axes: Axes, half: Array, generator: np.random.Generator) -> Array:
    """Return the distance from the middle of the brain as a share of its radius there; infinity far outside."""
    z, y, x = (axis / length for axis, length in zip(axes, half, strict=True))
    # No radius is longer than this: clipped waves of twice the amplitude, on an axis stretched by it.
    return near_origin(rough_surface(ROUGH, generator, stretch=ROUGH), (z, y, x), float(np.exp(3 * ROUGH)))


def _labels(
    glioma: Glioma,
    axes: Axes,
    half: Array,
    brain: NDArray[np.bool_],
    settings: dict[str, Any],
    generator: np.random.Generator,
) -> NDArray[np.uint8]:
    """Return the labels: levels of one field, so that enhancement lies around the quiet core and edema around both."""
    count = round(glioma.volume_ml * MM3_PER_ML / float(np.prod(settings["spacing_mm"])))
    if not LEAST_VOXELS <= count <= brain.sum() / 3:
        raise ConfigError(
            f"a tumour of {glioma.volume_ml:.1f} ml is {count} of the brain's {brain.sum()} voxels",
            where="cohorts.brats.phantom.tumour_ml",
            remedy=f"Write volumes of {LEAST_VOXELS} voxels to a third of the brain",
        )
    direction = generator.standard_normal(3)
    place = direction / np.linalg.norm(direction) * generator.uniform(0.2, TUMOUR_AT) * half
    field = at_voxels(rough_surface(IRREGULAR, generator), shifted(axes, place), brain)
    rank = np.empty(field.size, np.int64)
    rank[np.argsort(field, kind="stable")] = np.arange(field.size)
    core = round(count * glioma.core)
    inside = np.select([rank < round(core * glioma.quiet), rank < core, rank < count], [CORE, ENHANCING, EDEMA], 0)
    labels = np.zeros(brain.shape, np.uint8)
    labels[brain] = inside
    return labels


def _tissues(axes: Axes, half: Array, depth: Array, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return which of ``TISSUES`` a voxel is, by position."""
    brain = depth <= 1
    folded = depth[brain] + FOLDS * at_voxels(random_waves(SULCI_MM, generator), axes, brain)
    tissue = np.zeros(depth.shape, np.int64)
    tissue[brain] = np.select([depth[brain] > FLUID_FROM, folded > GREY_FROM], [2, 1], 0)
    for at, size in VENTRICLES:
        z, y, x = shifted(axes, half * at)
        tissue[(z / size[0] / half[0]) ** 2 + (y / size[1] / half[1]) ** 2 + (x / size[2] / half[2]) ** 2 <= 1] = 2
    z, _, x = axes
    tissue[brain & (depth > SINUS_FROM) & (z > 0) & (np.abs(x) <= SINUS * half[2])] = 3
    return tissue


def _scan(
    modality: int,
    tissue: NDArray[np.int64],
    labels: NDArray[np.uint8],
    brain: NDArray[np.bool_],
    settings: dict[str, Any],
    generator: np.random.Generator,
) -> NDArray[np.int16]:
    values = np.array([shown[modality] for shown in TISSUES.values()])[tissue]
    for label, shown in TUMOUR.items():
        part = labels == label
        values[part] += settings["contrast"] * (shown[modality] - values[part])
    values = gaussian_filter(values, BLUR_MM / np.array(settings["spacing_mm"])) + settings[
        "noise"
    ] * generator.standard_normal(values.shape)
    gain = WHITE * GAIN ** generator.uniform(-1, 1)
    stored = np.clip(np.rint(gain * values), 1, np.iinfo(np.int16).max)  # 0 is for what is no brain
    return np.where(brain, stored, 0).astype(np.int16)
