"""Time the exact map of GLCM entropy against what else there is: pixels a second, on one thread, in one run.

    python benchmarks/glcm_map.py [--size 512] [--crop 24] [--turns 3]

512 × 512 pixels, windows of 5 × 5, 64 levels, 4 directions. The peers: scikit-image's ``graycomatrix`` for each pixel
and PyRadiomics' voxel-based extraction at the best of several ``voxelBatch``, both on a crop and with the same values;
RadSynth patch by patch (on rows of the image) and over the whole image at once; and a plain pass of its convolutions,
which has other values than the network. Seconds are those of the processor. Fails if a peer is nearer than its target,
if 256 levels cost more than 1.5 times as much as 16, or if a window of 15 costs more than 4.5 times one of 5.
Needs scikit-image: ``pip install "scikit-image>=0.26"``; without it nothing is measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
import torch
from measured import RATIO, at_least, at_most, measured, not_measured, verdict
from numpy.lib.stride_tricks import sliding_window_view
from radiomics.glcm import RadiomicsGLCM
from scipy.ndimage import gaussian_filter
from torch import nn

from rerad.models.radsynth import build, by_patches, dense
from rerad.radiomics import glcm_map
from rerad.radiomics.glcm_levels import bin_edges, to_levels

LEVELS, WINDOW = 64, 5
ANGLES = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
TARGETS = {"scikit-image": 500, "PyRadiomics": 500, "convolutions": 8}
OURS = "exact engine"
BATCHES = (10, 50, 250, 1000)
FILTERS = (128, 64, 32, 16)


def main() -> int:
    """Time all sides in turns, print the tables, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--crop", type=int, default=24)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    if importlib.util.find_spec("skimage") is None:
        not_measured("map of GLCM entropy", 'scikit-image is missing: pip install "scikit-image>=0.26"')
        return verdict([])
    torch.set_num_threads(1)
    image = texture(given.size)
    crop = image[: given.crop, : given.crop]
    levels = (to_levels(image, None, bin_edges(image, None, levels=LEVELS, binning="volume")) - 1).astype(np.uint8)
    ours = glcm_map(image, threads=1)  # compiles
    network, plain = build({}).eval(), convolutions()
    tensor, rows = torch.from_numpy(image), given.crop + WINDOW - 1
    pixels, few = image.size, (given.crop - WINDOW + 1) ** 2
    sides: dict[str, tuple[Callable[[], object], int]] = {
        OURS: (lambda: glcm_map(image, threads=1), pixels),
        "RadSynth, whole image": (lambda: dense(network, tensor), (given.size - WINDOW + 1) ** 2),
        "RadSynth, by patches": (
            lambda: by_patches(network, tensor[:rows], batch=2000),
            given.crop * (given.size - WINDOW + 1),
        ),
        "convolutions": (lambda: passed(plain, tensor), pixels),
        "scikit-image": (lambda: matrices(levels, given.crop), few),
    }
    for batch in BATCHES:
        sides[f"PyRadiomics, batches of {batch}"] = (lambda batch=batch: by_pyradiomics(crop, batch), crop.size)
    check_values(ours, levels, crop)
    times = timed(sides, given.turns)
    rates = {name: sides[name][1] / seconds for name, seconds in times.items()}
    what = f"entropy of {given.size} × {given.size} pixels, windows of {WINDOW}, {LEVELS} levels, 4 directions"
    kept = []
    for name, rate in rates.items():
        if name == OURS:
            continue
        limit = next((limit for peer, limit in TARGETS.items() if name.startswith(peer)), None)
        target = None if limit is None else at_least(limit, RATIO)
        kept.append(measured(what, rates[OURS], "pixels/s", peer=(name, rate), target=target))
    return verdict(kept + grown(image, given.turns))


def grown(image: np.ndarray, turns: int) -> list[bool]:
    """Tell what windows and levels cost, and return which targets are met."""
    shapes = [(window, LEVELS) for window in (5, 9, 15)] + [(WINDOW, levels) for levels in (16, 256)]
    sides = {
        shape: (lambda shape=shape: glcm_map(image, window=shape[0], levels=shape[1], threads=1), image.size)
        for shape in shapes
    }
    times = timed(sides, turns)
    few, small = ("16 levels", times[WINDOW, 16]), (f"windows of {WINDOW}", times[WINDOW, LEVELS])
    return [
        measured("exact engine, 256 levels", times[WINDOW, 256], "s", peer=few, target=at_most(1.5, RATIO)),
        measured("exact engine, windows of 9", times[9, LEVELS], "s", peer=small),
        measured("exact engine, windows of 15", times[15, LEVELS], "s", peer=small, target=at_most(4.5, RATIO)),
    ]


def texture(size: int) -> np.ndarray:
    """Return an image with structure of several sizes and noise."""
    generator = np.random.default_rng(0)
    layers = [gaussian_filter(generator.normal(size=(size, size)), width) * width for width in (1, 4, 16)]
    return (100 * sum(layers) + generator.normal(size=(size, size), scale=5)).astype(np.float32)


def convolutions() -> nn.Sequential:
    """Return RadSynth's four convolutions with normalisation and ReLU; not its pooling, so each pixel has a value."""
    layers: list[nn.Module] = []
    for before, after in zip((1, *FILTERS), FILTERS, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(FILTERS[-1], 1, 1)).eval()


@torch.no_grad()
def passed(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """Return what plain convolutions make of a whole image."""
    return network(image[None, None])


def matrices(levels: np.ndarray, size: int) -> list[np.ndarray]:
    """Return scikit-image's matrices of the full windows of a crop; what is computed from them comes on top."""
    from skimage.feature import graycomatrix

    windows = sliding_window_view(levels[:size, :size], (WINDOW, WINDOW)).reshape(-1, WINDOW, WINDOW)
    return [graycomatrix(one, [1], ANGLES, levels=LEVELS, symmetric=True, normed=True) for one in windows]


def entropy(matrix: np.ndarray) -> float:
    """Return the mean over the directions."""
    return float(-(matrix * np.log2(np.where(matrix > 0, matrix, 1))).sum((0, 1)).mean())


def by_pyradiomics(crop: np.ndarray, batch: int) -> np.ndarray:
    """Return the entropies of all pixels of a crop but the first, which is outside the mask."""
    mask = np.ones((1, *crop.shape), np.uint8)
    mask[0, 0, 0] = 0
    peer = RadiomicsGLCM(
        sitk.GetImageFromArray(crop[np.newaxis]),
        sitk.GetImageFromArray(mask),
        voxelBased=True,
        kernelRadius=WINDOW // 2,
        binCount=LEVELS,
        force2D=True,
        voxelBatch=batch,
    )
    peer.enableFeatureByName("JointEntropy")
    return sitk.GetArrayFromImage(peer.execute()["JointEntropy"])[0]


def check_values(ours: np.ndarray, levels: np.ndarray, crop: np.ndarray) -> None:
    """End if a peer's entropies are not ours."""
    far, size = WINDOW // 2, len(crop)
    theirs = np.reshape([entropy(matrix) for matrix in matrices(levels, size)], (size - WINDOW + 1,) * 2)
    mask = np.ones(crop.shape)
    mask[0, 0] = 0
    worst = max(
        np.abs(theirs - ours[far : size - far, far : size - far]).max(),
        np.abs(by_pyradiomics(crop, BATCHES[-1]) - glcm_map(crop, mask, binning="mask")).max(),
    )
    print(f"largest difference of an entropy from a peer's: {worst:.1e}")
    if not worst < 1e-6:
        raise SystemExit("the values differ")


def timed(sides: dict, turns: int) -> dict:
    """Return the least seconds of the processor that each side took, in turns."""
    times: dict = {name: [] for name in sides}
    for _ in range(turns):
        for name, (work, _) in sides.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return {name: min(seconds) for name, seconds in times.items()}


if __name__ == "__main__":
    sys.exit(main())
