"""Intensities of a scan: on its box, or of a whole skull-stripped brain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import CaseError, ConfigError

STANDARDISED = ("zscore", "none")


def normalise(values: NDArray[np.float32], *, clip: Sequence[float] | None, standardise: str) -> NDArray[np.float32]:
    """Return a box with clipped and standardised intensities, and 0 where the scan has no voxel.

    Percentiles, mean and standard deviation are those of the scan inside the box; where the box leaves the scan
    (NaN), nothing is known and nothing enters them. After a z-score that 0 is the scan's own mean, so padding neither
    looks like air nor like uptake.

    Args:
        values: shape (z, y, x), NaN outside the scan.
        clip: lower and upper percentile to clip to, or None.
        standardise: ``zscore`` or ``none``.

    Raises:
        CaseError: the box meets no voxel of the scan, or all of them have the same value.
        ConfigError: an unknown way to standardise.
    """
    if standardise not in STANDARDISED:
        raise ConfigError(
            f"{standardise!r} is no way to standardise intensities",
            where="standardise",
            remedy=f"Write one of {', '.join(STANDARDISED)}",
        )
    scanned = ~np.isnan(values)
    inside = values[scanned].astype(np.float64)
    if not inside.size:
        raise CaseError(
            "the scan does not reach the box around the GTV", remedy="Check that image and mask belong together"
        )
    if clip is not None:
        inside = np.clip(inside, *np.percentile(inside, clip))
    if standardise == "zscore":
        spread = inside.std()
        if not spread > 0:
            raise CaseError(
                f"all {inside.size} voxels around the GTV have the value {inside[0]:g}", remedy="Export the image again"
            )
        inside = (inside - inside.mean()) / spread
    result = np.zeros(values.shape, np.float32)
    result[scanned] = inside
    return result


def brain_wise(values: NDArray[np.generic], *, scale: float, offset: float) -> NDArray[np.float32]:
    """Return a skull-stripped volume with its brain from ``scale * offset`` up, and 0 in the background.

    NAS-3D-U-Net, Eq. 2, with ξ = ``scale`` and λ = ``offset``. The z-score of Eq. 1, by mean and standard deviation of
    all training volumes, is not computed: Eq. 2 takes a volume's own minimum and maximum, which no shift and no
    positive factor before it can change. So nothing of the other cases, nor of a fold, enters.

    Args:
        values: any shape; what is not 0 is brain.

    Raises:
        CaseError: there is no brain, or all of it has the same value.
    """
    brain = values != 0
    inside = values[brain].astype(np.float64)
    remedy = "Export the image again, or leave the case out"
    if not inside.size:
        raise CaseError("every voxel is 0", remedy=remedy)
    low, high = inside.min(), inside.max()
    if not high > low:
        raise CaseError(f"all {inside.size} voxels of the brain have the value {low:g}", remedy=remedy)
    result = np.zeros(values.shape, np.float32)
    result[brain] = scale * ((inside - low) / (high - low) + offset)
    return result
