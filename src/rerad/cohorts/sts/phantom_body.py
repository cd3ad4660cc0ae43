"""PET and CT of a phantom patient: a body, organs, one tumour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rerad.cohorts.shapes import (
    STRETCH,
    Array,
    Axes,
    Field,
    as_image,
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

# Places are shares of half the field of view, (z, y, x): z towards the head, y towards the back, x to the left.
BODY = (0.66, 0.84)  # half axes of its ellipse (y, x)
FAT_FROM = 0.88  # share of the body's radius where the fat under the skin begins
TUMOUR = (-0.5, 0.0, 0.15)  # at the level of the thigh, far from organs with uptake
BONES = [((0.05, -0.4), 0.08), ((0.05, 0.4), 0.08)]  # along z: place (y, x), radius


class Organ(NamedTuple):
    """A ball with uptake: place, radius, SUV."""

    place: tuple[float, float, float]
    radius: float
    suv: float


# Typical FDG uptake, rounded.
ORGANS = [
    Organ((0.80, 0.0, 0.0), 0.40, 8.0),  # brain
    Organ((0.38, -0.15, 0.2), 0.28, 4.0),  # heart
    Organ((0.08, -0.15, 0.0), 0.20, 15.0),  # bladder
]
SUV = {"air": 0.0, "muscle": 0.8, "fat": 0.3}
HU = {"air": -1000.0, "muscle": 50.0, "fat": -100.0, "bone": 600.0, "tumour": 35.0}
CT_NOISE_HU = 12.0
CT_TEXTURE_HU = 20.0  # how much an uneven tumour shows in CT
PET_NOISE = 0.06  # standard deviation at SUV 1; it grows with the root of the uptake
PET_FWHM_MM = 6.0  # resolution of a clinical scanner


class Tumour(NamedTuple):
    """What a tumour looks like: ml, amplitude of log uptake, amplitude of the radius, median SUV."""

    volume_ml: float
    heterogeneity: float
    irregularity: float
    uptake_suv: float


def scan(tumour: Tumour, settings: dict[str, Any], generator: np.random.Generator) -> dict[str, sitk.Image]:
    """Return PET_image (SUV, float32), CT_image (HU, int16) and the GTV on both grids, as *_mask (uint8).

    Both fields of view have the same centre. The GTV has the tumour's volume on the PET grid to the voxel.

    Raises:
        ConfigError: the tumour is smaller than some voxels or leaves the field of view.
    """
    shape, texture = rough_surface(tumour.irregularity, generator), random_waves(settings["texture_mm"], generator)
    pet_axes = voxel_axes(settings["pet_size"], settings["pet_spacing_mm"])
    ct_axes = voxel_axes(settings["ct_size"], settings["ct_spacing_mm"])
    place = half_field(pet_axes) * TUMOUR
    # How far a level set can reach from its centre: the radius varies by this factor either way.
    factor = float(np.exp(2 * tumour.irregularity + STRETCH))
    ball = (3 * tumour.volume_ml * MM3_PER_ML / (4 * np.pi)) ** (1 / 3)
    on_pet = near_origin(shape, shifted(pet_axes, place), ball * factor**2)
    level = _level(tumour.volume_ml, on_pet, settings["pet_spacing_mm"])
    pet_gtv, ct_gtv = on_pet <= level, near_origin(shape, shifted(ct_axes, place), level * factor) <= level
    for gtv in (pet_gtv, ct_gtv):
        _check_inside(gtv, tumour)
    pet = _pet(tumour, pet_axes, pet_gtv, texture, settings["pet_spacing_mm"], generator)
    ct = _ct(tumour, ct_axes, ct_gtv, texture, generator)
    return {
        "PET_image": as_image(pet.astype(np.float32), settings["pet_spacing_mm"]),
        "PET_mask": as_image(pet_gtv.astype(np.uint8), settings["pet_spacing_mm"]),
        "CT_image": as_image(np.rint(ct).astype(np.int16), settings["ct_spacing_mm"]),
        "CT_mask": as_image(ct_gtv.astype(np.uint8), settings["ct_spacing_mm"]),
    }


def _pet(
    tumour: Tumour,
    axes: Axes,
    gtv: NDArray[np.bool_],
    texture: Field,
    spacing: Sequence[float],
    generator: np.random.Generator,
) -> Array:
    depth = _body_depth(axes)
    uptake = np.select([depth > 1, depth > FAT_FROM], [SUV["air"], SUV["fat"]], SUV["muscle"])
    half = half_field(axes)
    for organ in ORGANS:
        z, y, x = shifted(axes, half * organ.place)
        uptake[z**2 + y**2 + x**2 <= (organ.radius * half.min()) ** 2] = organ.suv
    amplitude = tumour.heterogeneity
    uptake[gtv] = tumour.uptake_suv * np.exp(amplitude * at_voxels(texture, axes, gtv))
    blur = PET_FWHM_MM / np.sqrt(8 * np.log(2)) / np.array(spacing)
    blurred = gaussian_filter(uptake, blur)
    noise = PET_NOISE * np.sqrt(blurred) * generator.standard_normal(blurred.shape)
    return np.maximum(blurred + noise, 0)


def _ct(tumour: Tumour, axes: Axes, gtv: NDArray[np.bool_], texture: Field, generator: np.random.Generator) -> Array:
    depth = _body_depth(axes)
    values = np.select([depth > 1, depth > FAT_FROM], [HU["air"], HU["fat"]], HU["muscle"])
    half = half_field(axes)
    _, y, x = axes
    for (at_y, at_x), radius in BONES:
        bone = (y - at_y * half[1]) ** 2 + (x - at_x * half[2]) ** 2 <= (radius * half[1:].min()) ** 2
        values[np.broadcast_to(bone, values.shape)] = HU["bone"]
    values[gtv] = HU["tumour"] + CT_TEXTURE_HU * tumour.heterogeneity * at_voxels(texture, axes, gtv)
    return values + CT_NOISE_HU * generator.standard_normal(values.shape)


def _level(volume_ml: float, values: Array, spacing: Sequence[float]) -> float:
    count = round(volume_ml * MM3_PER_ML / float(np.prod(spacing)))
    if not 8 <= count < values.size:
        raise ConfigError(
            f"a tumour of {volume_ml:.1f} ml is {count} of {values.size} PET voxels",
            where="cohorts.sts.phantom.volume_ml",
            remedy="Write volumes that the field of view can hold and the voxels can show",
        )
    below, above = np.partition(values.ravel(), [count - 1, count])[count - 1 : count + 1]
    return float((below + above) / 2)


def _check_inside(gtv: NDArray[np.bool_], tumour: Tumour) -> None:
    faces = [gtv.take(index, axis) for axis in range(3) for index in (0, -1)]
    if any(face.any() for face in faces) or not gtv.any():
        raise ConfigError(
            f"a tumour of {tumour.volume_ml:.1f} ml leaves the field of view of {gtv.shape} voxels",
            where="cohorts.sts.phantom.volume_ml",
            remedy="Lower it, or enlarge pet_size and ct_size",
        )


def _body_depth(axes: Axes) -> Array:
    """Return the distance from the body's axis as a share of its radius, shape (z, y, x)."""
    z, y, x = axes
    half = half_field(axes)
    flat = np.sqrt((y / (BODY[0] * half[1])) ** 2 + (x / (BODY[1] * half[2])) ** 2)
    return np.broadcast_to(flat, (z.size, y.size, x.size))
