"""Shapes that phantoms are drawn from: fields on voxel grids in mm, rough surfaces, waves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

Array = NDArray[np.float64]
Axes = tuple[Array, Array, Array]
Field = Callable[[Array, Array, Array], Array]

STRETCH = 0.15  # how far the axes of a shape differ, as a logarithm
WAVES = 24


def near_origin(field: Field, axes: Axes, radius: float) -> Array:
    """Return a field within a radius (mm) of the origin, infinity elsewhere; shape (z, y, x)."""
    z, y, x = axes
    ball = z**2 + y**2 + x**2 <= radius**2
    values = np.full(ball.shape, np.inf)
    values[ball] = at_voxels(field, axes, ball)
    return values


def rough_surface(irregularity: float, generator: np.random.Generator, stretch: float = STRETCH) -> Field:
    """Return a function of place with star-shaped level sets: a rough ball, its axes stretched.

    ``irregularity`` is the amplitude of the logarithm of its radius, ``stretch`` the largest of those of its axes.
    """
    factors = np.exp(generator.uniform(-stretch, stretch, 3))
    bumps = random_waves((1.6, 3.0), generator)  # waves of this length on the unit sphere: a few lobes

    def surface(z: Array, y: Array, x: Array) -> Array:
        z, y, x = z * factors[0], y * factors[1], x * factors[2]
        radius = np.sqrt(z**2 + y**2 + x**2)
        unit = np.maximum(radius, 1e-9)
        rough = np.clip(bumps(z / unit, y / unit, x / unit), -2, 2)
        return radius / np.exp(irregularity * rough)

    return surface


def random_waves(lengths: Sequence[float], generator: np.random.Generator) -> Field:
    """Return a random field of mean 0 and variance 1 from waves of random direction and of these lengths."""
    direction = generator.standard_normal((WAVES, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    vectors = direction * (2 * np.pi / generator.uniform(lengths[0], lengths[1], (WAVES, 1)))
    phases = generator.uniform(0, 2 * np.pi, WAVES)

    def field(z: Array, y: Array, x: Array) -> Array:
        total = np.zeros(np.broadcast_shapes(z.shape, y.shape, x.shape))
        for (kz, ky, kx), phase in zip(vectors, phases, strict=True):
            total += np.cos(kz * z + ky * y + kx * x + phase)
        return total * np.sqrt(2 / WAVES)

    return field


def at_voxels(field: Field, axes: Axes, mask: NDArray[np.bool_]) -> Array:
    """Return a field at the voxels of a mask."""
    z, y, x = (axis.ravel()[index] for axis, index in zip(axes, np.nonzero(mask), strict=True))
    return field(z, y, x)


def voxel_axes(size: Sequence[int], spacing: Sequence[float]) -> Axes:
    """Return the places (mm) of voxels (z, y, x) around the middle of their field of view, to be broadcast."""
    z, y, x = (
        np.asarray((np.arange(count) - (count - 1) / 2) * step, dtype=np.float64)
        for count, step in zip(size, spacing, strict=True)
    )
    return z[:, None, None], y[None, :, None], x[None, None, :]


def half_field(axes: Axes) -> Array:
    """Return how far the outermost voxels lie from the middle (z, y, x), in mm."""
    return np.array([axis.max() for axis in axes])


def shifted(axes: Axes, place: Array) -> Axes:
    """Return the same places as seen from another one."""
    z, y, x = axes
    return z - place[0], y - place[1], x - place[2]


def as_image(values: NDArray, spacing: Sequence[float]) -> sitk.Image:
    """Return an array (z, y, x) as an image around the origin; ``spacing`` (z, y, x) in mm."""
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([float(step) for step in spacing[::-1]])
    image.SetOrigin([-(count - 1) / 2 * step for count, step in zip(values.shape[::-1], spacing[::-1], strict=True)])
    return image
