"""Intensities of a scan on its box."""

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
