"""One isotropic box around the GTV, the same for every modality of a case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

Triple = tuple[float, float, float]


class Box(NamedTuple):
    """An isotropic voxel grid along the patient's axes: voxels and centre (mm, LPS) in (z, y, x)."""

    shape: tuple[int, int, int]
    spacing_mm: float
    centre: Triple

    @property
    def reach(self) -> NDArray[np.float64]:
        """Half the size of the box in mm, (z, y, x)."""
        return np.array(self.shape) * self.spacing_mm / 2


class Extent(NamedTuple):
    """Where a GTV begins and ends, voxel edges included: mm, LPS, (z, y, x)."""

    low: Triple
    high: Triple

    @property
    def size(self) -> NDArray[np.float64]:
        """Size in mm, (z, y, x)."""
        return np.array(self.high) - np.array(self.low)


def extent_of(mask: sitk.Image) -> Extent:
    """Return the extent of a mask's voxels along the patient's axes."""
    points = _points(mask)
    low, high = points.min(axis=0) - _half_voxel(mask), points.max(axis=0) + _half_voxel(mask)
    return Extent(_triple(low), _triple(high))


def box_around(extent: Extent, *, shape: Sequence[int], spacing_mm: float) -> Box:
    """Return the box of ``shape`` (z, y, x) voxels around the middle of an extent.

    The middle of the extent, not the centre of mass: it is where the fewest GTVs leave the box.
    """
    depth, height, width = (int(count) for count in shape)
    middle = (np.array(extent.low) + np.array(extent.high)) / 2
    return Box((depth, height, width), float(spacing_mm), _triple(middle))


def clipped_fraction(mask: sitk.Image, box: Box) -> float:
    """Return the part of a mask's volume that lies outside a box.

    Voxels that the box cuts count by the part outside; voxels of a grid that is oblique to the patient count as the
    upright cuboids around them.
    """
    away, half = np.abs(_points(mask) - np.array(box.centre)), _half_voxel(mask)
    inside = np.clip((box.reach - away + half) / (2 * half), 0.0, 1.0)
    return float(1.0 - inside.prod(axis=1).mean())


def resample(image: sitk.Image, box: Box) -> NDArray[np.float32]:
    """Return an image on a box by linear interpolation, shape (z, y, x); NaN where the box leaves the scan."""
    on_box = _resample(image, box, sitk.sitkLinear, float("nan"), sitk.sitkFloat32)
    return sitk.GetArrayFromImage(on_box).astype(np.float32, copy=False)


def resample_mask(mask: sitk.Image, box: Box) -> NDArray[np.uint8]:
    """Return a mask on a box by nearest neighbour, shape (z, y, x); 0 where the box leaves the scan."""
    on_box = _resample(mask, box, sitk.sitkNearestNeighbor, 0.0, sitk.sitkUInt8)
    return sitk.GetArrayFromImage(on_box)


def _resample(image: sitk.Image, box: Box, interpolator: int, outside: float, pixel: int) -> sitk.Image:
    first = np.array(box.centre) - (np.array(box.shape) - 1) / 2 * box.spacing_mm
    return sitk.Resample(
        image,
        [int(count) for count in box.shape[::-1]],
        sitk.Transform(),
        interpolator,
        [float(place) for place in first[::-1]],
        [box.spacing_mm] * 3,
        np.eye(3).ravel().tolist(),
        outside,
        pixel,
    )


def _points(mask: sitk.Image) -> NDArray[np.float64]:
    """Return the centres of a mask's voxels (voxels, 3) in mm, (z, y, x)."""
    indices = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1]
    turn = np.array(mask.GetDirection()).reshape(3, 3) * np.array(mask.GetSpacing())
    return (indices @ turn.T + np.array(mask.GetOrigin()))[:, ::-1]


def _half_voxel(mask: sitk.Image) -> NDArray[np.float64]:
    """Return how far a voxel reaches from its centre along the patient's axes: mm, (z, y, x)."""
    return (np.abs(np.array(mask.GetDirection()).reshape(3, 3)) @ np.array(mask.GetSpacing()) / 2)[::-1]


def _triple(values: NDArray[np.float64]) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third
