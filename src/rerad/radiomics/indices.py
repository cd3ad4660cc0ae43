"""PET indices of a GTV, on the scan's own grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rerad.radiomics.mesh import hull_volume, measure

Spacing = tuple[float, float, float]
MM3_PER_ML = 1000.0


def pet_indices(
    suv: NDArray[np.floating],
    mask: NDArray[np.bool_],
    spacing: Spacing,
    *,
    peak_ml: float,
    inactive_threshold: float,
    inactive_radius: int,
    inactive_minimum: int,
) -> dict[str, float]:
    """Return Volume (ml), SUVmax, SUVpeak, SUVmean, TLG (SUV ml), PercentInactive (%) and Solidity of a GTV.

    TLG is SUVmean × Volume, and Volume counts voxels. The other definitions stand with their functions.

    Args:
        suv: PET in SUV, shape (z, y, x).
        mask: GTV, not empty, shape (z, y, x).
        spacing: voxel size in mm, (z, y, x).
        peak_ml: see :func:`suv_peak`.
        inactive_threshold, inactive_radius, inactive_minimum: see :func:`percent_inactive`.
    """
    volume = float(mask.sum() * np.prod(spacing) / MM3_PER_ML)
    mean = float(suv[mask].mean(dtype=float))
    return {
        "Volume": volume,
        "SUVmax": float(suv[mask].max()),
        "SUVpeak": suv_peak(suv, mask, spacing, volume_ml=peak_ml),
        "SUVmean": mean,
        "TLG": mean * volume,
        "PercentInactive": percent_inactive(
            suv, mask, threshold=inactive_threshold, radius=inactive_radius, minimum=inactive_minimum
        ),
        "Solidity": solidity(mask, spacing),
    }


def suv_peak(suv: NDArray[np.floating], mask: NDArray[np.bool_], spacing: Spacing, *, volume_ml: float) -> float:
    """Return the highest mean SUV of a sphere that is centred on a voxel of the GTV.

    A voxel counts if its centre lies in the sphere. The sphere may reach out of the GTV, but voxels beyond the scan do
    not count. Source: IBSI's global intensity peak (0F91), arXiv 1612.07003; Wahl 2009 for the 1 ml.
    """
    radius = (3 * volume_ml * MM3_PER_ML / (4 * np.pi)) ** (1 / 3)
    reach = [int(radius // step) for step in spacing]
    axes = np.ogrid[tuple(slice(-far, far + 1) for far in reach)]
    sphere = sum((axis * step) ** 2 for axis, step in zip(axes, spacing, strict=True)) <= radius**2
    centres = np.argwhere(mask)
    sums, counts = np.zeros(len(centres)), np.zeros(len(centres))
    for offset in np.argwhere(sphere) - reach:
        places = centres + offset
        inside = ((places >= 0) & (places < suv.shape)).all(1)
        sums[inside] += suv[tuple(places[inside].T)]
        counts += inside
    return float((sums / counts).max())


def percent_inactive(
    suv: NDArray[np.floating], mask: NDArray[np.bool_], *, threshold: float, radius: int, minimum: int
) -> float:
    """Return the part of the GTV (%) that takes up no tracer, such as a necrotic core.

    Active is a voxel above ``threshold`` × SUVmax², with the region closed and opened by the octahedron of ``radius``
    voxels. Of the rest, the surface of the GTV and connected regions of less than ``minimum`` voxels do not count.
    Source: Vallières 2015, doi 10.1088/0031-9155/60/14/5471, and its published code.
    """
    margin = 2 * radius + 1  # more than closing and opening can reach
    box = tuple(slice(where.min(), where.max() + 1) for where in np.nonzero(mask))
    gtv = np.pad(mask[box], margin)
    uptake = np.pad(np.where(mask[box], suv[box], 0), margin)
    active = gtv & (uptake > threshold * float(suv[mask].max()) ** 2)
    octahedron = ndimage.iterate_structure(ndimage.generate_binary_structure(3, 1), radius)
    active = ndimage.binary_opening(ndimage.binary_closing(active, octahedron), octahedron)
    neighbours = ndimage.generate_binary_structure(3, 3)
    core = ndimage.binary_erosion(gtv, neighbours)
    regions, _ = ndimage.label(core & ~active, neighbours)
    sizes = np.bincount(regions.ravel())[1:]
    return float(100 * sizes[sizes >= minimum].sum() / gtv.sum())


def solidity(mask: NDArray[np.bool_], spacing: Spacing) -> float:
    """Return the volume of the GTV's mesh by that of its convex hull: 1 for a convex body.

    Source: IBSI's volume density of the convex hull (R3ER), arXiv 1612.07003.
    """
    return measure(mask, spacing).volume / hull_volume(mask, spacing)
