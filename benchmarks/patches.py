"""Time a random patch of a prepared case against reading its NIfTI files each time.

    [RERAD_REAL_DATA=<folder>] python benchmarks/patches.py [--turns 20]

The plain side is what anybody would write: read four modalities and labels with SimpleITK and cut a patch from them,
without normalising anything. Ours opens the prepared case anew for every patch, as a worker that draws cases by lot
does. Both read files that the system has in memory. The case is the real one of BraTS 2021, or a phantom of the same
size. Fails if reading a patch is less than 5 times as fast, at either patch size of the paper.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from rerad.cohorts.brats.acquire import acquire
from rerad.cohorts.brats.naming import LABELS, MODALITIES, find_cases
from rerad.cohorts.brats.prepare import prepare
from rerad.imaging.patches import read_patch
from rerad.imaging.stored import open_case

RATIO = 5.0
SIZES = (64, 128)
CASE = "BraTS2021_00006"
PHANTOM = {
    "cases": 1, "low_grade": 0, "without_enhancing": 0, "size": [155, 240, 240], "spacing_mm": [1, 1, 1],
    "tumour_ml": [60, 90], "contrast": 1.0, "noise": 0.03,
}  # fmt: skip


def main() -> int:
    """Time both sides at both sizes and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        scans, arrays, case, box = prepared(Path(place))
        generator = np.random.default_rng(0)
        ratios = []
        for size in SIZES:
            corners = [generator.integers(0, np.maximum(np.array(box) - size, 0) + 1) for _ in range(given.turns)]
            plain = timed(
                lambda corner, size=size: from_scans(scans, corner, size), corners[: max(2, given.turns // 4)]
            )
            ours = timed(lambda corner, size=size: from_arrays(arrays, case, corner, size), corners)
            ratios.append(plain / ours)
            print(
                f"patch of {size}³: NIfTI {plain * 1e3:.0f} ms, prepared {ours * 1e3:.1f} ms, ratio {plain / ours:.0f}"
            )
    return int(min(ratios) < RATIO)


def prepared(place: Path) -> tuple[dict[str, Path], Path, str, list[int]]:
    """Return the files of a case by kind, the prepared arrays, the case's name and the shape of its brain cube."""
    source, settings = "phantom", PHANTOM
    if folder := os.environ.get("RERAD_REAL_DATA"):
        path = str(Path(folder) / "brats" / CASE)
        source, settings = "local", {"path": path, "grades": None, "licence": None, "doi": None}
    raw = place / "brats"
    acquire(raw, source=source, settings=settings, seed=0)
    files = {name: place / f"{name}.csv" for name in ("cases", "patient_flow", "box_check", "slices")}
    intensity = {"scale": 100, "offset": 0.1}
    prepare(
        raw,
        settings={"intensity": intensity},
        seed=0,
        permute_labels=False,
        workers=1,
        arrays=place / "arrays",
        **files,
    )
    row = pd.read_csv(files["cases"]).iloc[0]
    found = find_cases(str(path.relative_to(raw)) for path in raw.rglob("*.nii.gz"))[row["case"]]
    scans = {kind: raw / found.kinds[kind][0] for kind in (*MODALITIES, LABELS)}
    return scans, place / "arrays", row["case"], [int(count) for count in row["box_shape"].split()]


def from_scans(scans: dict[str, Path], corner: np.ndarray, size: int) -> list[np.ndarray]:
    """Return the patch of every file, each read anew."""
    volumes = [sitk.GetArrayViewFromImage(sitk.ReadImage(str(path))) for path in scans.values()]
    return [np.array(read_patch(volume, corner, [size] * 3)) for volume in volumes]


def from_arrays(arrays: Path, case: str, corner: np.ndarray, size: int) -> list[np.ndarray]:
    """Return the patch of the images and of the labels of a prepared case."""
    return [read_patch(volume, corner, [size] * 3) for volume in open_case(arrays, case, channels=len(MODALITIES))]


def timed(read: Callable[[np.ndarray], object], corners: list[np.ndarray]) -> float:
    """Return the median seconds of a patch, the first left out."""
    times = []
    for corner in corners:
        start = time.perf_counter()
        read(corner)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


if __name__ == "__main__":
    sys.exit(main())
