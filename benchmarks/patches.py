"""Time patches of a prepared case: reading one at random, and a network over all that cover the brain cube.

    [RERAD_REAL_DATA=<folder>] python benchmarks/patches.py [--turns 20]

The plain side is what anybody would write: read four modalities and labels with SimpleITK and cut a patch from them,
without normalising anything. Ours opens the prepared case anew for every patch, as a worker that draws cases by lot
does. Both read files that the system has in memory. The case is the real one of BraTS 2021, or a phantom of the same
size. Fails if reading a patch is less than 5 times as fast, at either patch size of the paper.

Auto-fitting patches are compared with MONAI's sliding windows: the same network, patches of 64³, and an overlap that
gives as many windows. Fails if ours take more than 1.05 of the CPU's time, the least of some turns on either side.
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
import torch
from measured import RATIO, at_least, at_most, measured, verdict
from monai.inferers import sliding_window_inference

from rerad.cohorts.brats.acquire import acquire
from rerad.cohorts.brats.naming import LABELS, MODALITIES, find_cases
from rerad.cohorts.brats.prepare import prepare
from rerad.imaging.patches import by_patches, places, read_patch
from rerad.imaging.stored import open_case

RATES, INFERENCE_RATIO = 5.0, 1.05
OVERLAP = 0.1  # of MONAI: as many windows as auto-fitting patches on a brain cube of the usual size
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
        kept = []
        for size in SIZES:
            corners = [generator.integers(0, np.maximum(np.array(box) - size, 0) + 1) for _ in range(given.turns)]
            plain = timed(
                lambda corner, size=size: from_scans(scans, corner, size), corners[: max(2, given.turns // 4)]
            )
            ours = timed(lambda corner, size=size: from_arrays(arrays, case, corner, size), corners)
            kept.append(
                measured(
                    f"reading patches of {size}³ with labels, {source()}",
                    1 / ours,
                    "patches/s",
                    peer=("NIfTI files by SimpleITK", 1 / plain),
                    target=at_least(RATES, RATIO),
                    note=f"a patch: {ours * 1e3:.1f} ms, from NIfTI {plain * 1e3:.0f} ms",
                )
            )
        images = np.array(open_case(arrays, case, channels=len(MODALITIES)).images)
        kept.append(inference(images, given.turns // 5))
    return verdict(kept)


def source() -> str:
    """Return what the case is."""
    return CASE if os.environ.get("RERAD_REAL_DATA") else "a phantom"


def inference(images: np.ndarray, turns: int) -> bool:
    """Time both ways to cover a volume and return whether the target is met."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv3d(4, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv3d(8, 3, 1)).eval()
    volume, patch, seen = torch.from_numpy(images), (SIZES[0],) * 3, [0]
    network.register_forward_hook(lambda *_: seen.__setitem__(0, seen[0] + 1))
    with torch.inference_mode():
        sides: dict[str, Callable[[], object]] = {
            "ours": lambda: by_patches(network, volume, patch),
            "MONAI": lambda: sliding_window_inference(volume[None], patch, 1, network, overlap=OVERLAP),
        }
        times: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(max(turns, 2)):
            for side, cover in sides.items():
                seen[0], start = 0, time.process_time()
                cover()
                times[side].append(time.process_time() - start)
                if seen[0] != len(places(images.shape[1:], patch)):
                    raise SystemExit(f"{side} needs {seen[0]} windows on {images.shape[1:]}: set another OVERLAP")
    ours, monai = min(times["ours"]), min(times["MONAI"])
    return measured(
        f"network over {seen[0]} auto-fitting patches of {SIZES[0]}³, processor's time",
        ours,
        "s",
        peer=("MONAI's sliding windows", monai),
        target=at_most(INFERENCE_RATIO, RATIO),
    )


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
    # A view does not keep its image alive.
    images = [sitk.ReadImage(str(path)) for path in scans.values()]
    return [np.array(read_patch(sitk.GetArrayViewFromImage(image), corner, [size] * 3)) for image in images]


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
