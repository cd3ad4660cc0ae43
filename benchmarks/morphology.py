"""Time the largest diameter of a tumour of a million voxels, and all ten shape features of it.

    python benchmarks/morphology.py [--turns 5]

The plain side is scipy's convex hull of all voxels and the pairs of its corners, as anybody would write it; a loop over
all pairs of a million voxels would take days. Both find the same diameter. Seconds are those of the CPU, since a case
has one core. Fails if ours takes more than half a second.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from measured import at_most, measured, verdict
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from rerad.cohorts.shapes import rough_surface, voxel_axes
from rerad.radiomics import morphology
from rerad.radiomics.diameters import max_diameter

LIMIT_S = 0.5
VOXELS = 1_000_000
SHAPE, SPACING = (155, 240, 240), (1.0, 1.0, 1.0)


def main() -> int:
    """Time both sides in turns, print seconds and their ratio, and return 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    kept = []
    for name, mask in {"ball": tumour(0.0), "rough tumour": tumour(0.15), "box": box()}.items():
        plain, expected = timed(plain_diameter, mask, 1)
        ours, found = timed(lambda mask: max_diameter(mask, SPACING), mask, given.turns)
        if abs(found - expected) > 1e-9 * expected:
            raise SystemExit(f"{name}: {found} mm against {expected} mm")
        every, _ = timed(lambda mask: morphology(mask, SPACING)["max_diameter"], mask, given.turns)
        what, peer = f"{name} of {mask.sum():,} voxels", ("convex hull of all voxels", plain)
        size = f"{found:.2f} mm"
        kept.append(measured(f"diameter of a {what}", ours, "s", peer=peer, target=at_most(LIMIT_S), note=size))
        kept.append(measured(f"all ten shape features of a {what}", every, "s"))
    return verdict(kept)


def tumour(irregularity: float) -> np.ndarray:
    """Return the million voxels nearest to the middle by the depth below a rough surface."""
    field = rough_surface(irregularity, np.random.default_rng(0), stretch=0.0)(*voxel_axes(SHAPE, SPACING))
    mask = np.zeros(field.size, bool)
    mask[np.argsort(field, axis=None, kind="stable")[:VOXELS]] = True
    return mask.reshape(SHAPE)


def box() -> np.ndarray:
    """Return a cube of a million voxels: every voxel of its faces ends a row."""
    mask = np.zeros(SHAPE, bool)
    mask[10:110, 10:110, 10:110] = True
    return mask


def plain_diameter(mask: np.ndarray) -> float:
    """Return the diameter by the convex hull of all voxels."""
    places = np.argwhere(mask).astype(float)
    return float(pdist(places[ConvexHull(places).vertices]).max())


def timed(measure: Callable[[np.ndarray], float], mask: np.ndarray, turns: int) -> tuple[float, float]:
    """Return the median CPU seconds of a measurement and what it found."""
    times, found = [], 0.0
    for _ in range(turns):
        start = time.process_time()
        found = measure(mask)
        times.append(time.process_time() - start)
    return float(np.median(times)), found


if __name__ == "__main__":
    sys.exit(main())
