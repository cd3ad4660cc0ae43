"""Two breasts on a chest, fat suppressed after contrast: skin, fat, glands, muscle, and a lesion in one of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rerad.cohorts.shapes import Axes, at_voxels, half_field, random_waves, rough_surface, shifted, voxel_axes
from rerad.core.errors import ConfigError

AIR, SKIN, FAT, GLAND, MUSCLE, BENIGN, MALIGNANT = range(7)
LESIONS = {"benign": BENIGN, "malignant": MALIGNANT}
CHEST_AT = 0.25  # of half the field behind its middle
CLEFT_DEPTH = 0.08  # how much lower the chest is between the breasts
RADII = (0.8, 0.9, 0.4)  # of a breast, of half the field (z, y, x)
BREAST_AT = 0.46  # of half the field to either side
SKIN_FROM, GLAND_TO = 0.94, 0.72  # depth in a breast as a share of its radius
GLAND_MM = (25.0, 60.0)
LESION_AT = 0.45
IRREGULAR = {"benign": 0.05, "malignant": 0.3}
LEAST_VOXELS = 30
MM3_PER_ML = 1000.0
MOST = 4000  # of the stored values


class Look(NamedTuple):
    """How a tissue looks: brightness, amplitude of the logarithm of its texture, length of the texture in voxels."""

    bright: float
    uneven: float
    length: float


# Levels and spreads near those of a public fat-suppressed scan (Breast-MRI-NACT-Pilot): in 64 bins of the image's
# range the standard deviation of fat is about two bins, that of glands about five.
LOOKS = {
    AIR: Look(4.0, 0.0, 1.0),
    SKIN: Look(420.0, 0.1, 1.0),
    FAT: Look(180.0, 0.2, 1.5),
    GLAND: Look(440.0, 0.22, 1.5),
    MUSCLE: Look(250.0, 0.15, 1.0),
    BENIGN: Look(600.0, 0.12, 2.5),
    MALIGNANT: Look(650.0, 0.22, 1.0),
}


def draw_breasts(
    group: str, settings: dict[str, Any], generator: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return the image and its tissues (the constants of this module), both (z, y, x).

    Raises:
        ConfigError: the lesion is a few voxels only, or larger than a fifth of the breast.
    """
    axes = voxel_axes(settings["size"], settings["spacing_mm"])
    half = half_field(axes)
    tissue = np.full(settings["size"], AIR, np.uint8)
    sides = generator.permutation([-1, 1])
    depths = [_breast(axes, half, int(side), generator) for side in sides]
    for depth in depths:
        inside = depth <= 1
        tissue[inside] = np.where(depth[inside] > SKIN_FROM, SKIN, FAT)
        core = depth <= GLAND_TO
        tissue[core] = np.where(at_voxels(random_waves(GLAND_MM, generator), axes, core) > 0, GLAND, FAT)
    _, y, x = axes
    chest = y / half[1] > CHEST_AT + CLEFT_DEPTH * np.cos(np.pi * x / half[2])
    tissue[np.broadcast_to(chest, tissue.shape)] = MUSCLE
    if group in LESIONS:
        _add_lesion(tissue, group, depths[0], axes, half, int(sides[0]), settings, generator)
    return _image(tissue, settings, generator), tissue


def _breast(axes: Axes, half: NDArray[np.float64], side: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the depth in a breast, 0 in the middle of its base and 1 on its surface."""
    radii = half * RADII * generator.uniform(0.9, 1.0, 3)
    z, y, x = shifted(axes, half * (0.0, CHEST_AT, side * BREAST_AT))
    return np.sqrt((z / radii[0]) ** 2 + (y / radii[1]) ** 2 + (x / radii[2]) ** 2)


def _add_lesion(
    tissue: NDArray[np.uint8],
    group: str,
    depth: NDArray[np.float64],
    axes: Axes,
    half: NDArray[np.float64],
    side: int,
    settings: dict[str, Any],
    generator: np.random.Generator,
) -> None:
    """Turn the voxels around a place in one breast into a lesion of a volume drawn by lot."""
    volume = float(np.exp(generator.uniform(*np.log(settings["lesion_ml"]))))
    count = round(volume * MM3_PER_ML / float(np.prod(settings["spacing_mm"])))
    breast = (depth <= SKIN_FROM) & (tissue != MUSCLE)
    if not LEAST_VOXELS <= count <= breast.sum() / 5:
        raise ConfigError(
            f"a lesion of {volume:.2f} ml is {count} of the breast's {breast.sum()} voxels",
            where="cohorts.breast.phantom.lesion_ml",
            remedy=f"Write volumes of {LEAST_VOXELS} voxels to a fifth of the breast",
        )
    offset = generator.uniform(-0.2, 0.2, 3) * half * RADII
    place = half * (0.0, CHEST_AT - RADII[1] * LESION_AT, side * BREAST_AT) + offset
    field = at_voxels(rough_surface(IRREGULAR[group], generator), shifted(axes, place), breast)
    inside = np.zeros(field.size, bool)
    inside[np.argsort(field, kind="stable")[:count]] = True
    tissue[breast] = np.where(inside, LESIONS[group], tissue[breast])


def _image(tissue: NDArray[np.uint8], settings: dict[str, Any], generator: np.random.Generator) -> NDArray[np.uint16]:
    """Return the values: brightness times a texture of the tissue's own length, and noise as magnitudes have it."""
    values = np.zeros(tissue.shape)
    for kind, look in LOOKS.items():
        here = tissue == kind
        if not here.any():
            continue
        values[here] = look.bright
        if look.uneven:
            texture = gaussian_filter(generator.standard_normal(tissue.shape), look.length)[here]
            spread = texture.std() or 1.0
            values[here] *= np.exp(settings["texture"] * look.uneven * texture / spread)
    values = gaussian_filter(values, 0.4)
    noise = settings["noise"] * LOOKS[FAT].bright
    values = np.hypot(
        values + noise * generator.standard_normal(tissue.shape), noise * generator.standard_normal(tissue.shape)
    )
    return np.clip(np.rint(values), 0, MOST).astype(np.uint16)
