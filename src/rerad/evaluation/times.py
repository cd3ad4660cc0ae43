"""How long everything takes that makes a map of GLCM entropy: pixels a second on one thread, in one run."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.models.radsynth import PATCH, build, by_patches, dense
from rerad.radiomics import glcm_map

ANGLES = [0, math.pi / 4, math.pi / 2, 3 * math.pi / 4]
BATCH = 2000  # windows at a time of the network, patch by patch
VOXELS = 1000  # at a time of PyRadiomics: near its best
EXACT, DENSE, PATCHES = "exact engine", "RadSynth, whole slices", "RadSynth, patch by patch"
RADIOMICS, SKIMAGE = "PyRadiomics, voxel-based", "scikit-image, pixel by pixel"


class Timed(NamedTuple):
    """A way to make a map: the pixels that it made in so many seconds of the processor; why not, in ``note``."""

    way: str
    pixels: int
    seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        """Pixels a second; nan where it did not run."""
        return self.pixels / self.seconds if self.seconds > 0 else math.nan


def time_maps(
    levels: NDArray[np.uint8], network: Mapping[str, Any], *, count: int, crop: int, turns: int
) -> list[Timed]:
    """Return how long each way takes on a slice (y, x) of grey levels from 1 to ``count``, the least of ``turns``.

    The slow ways are timed on the middle ``crop`` × ``crop`` pixels. ``network`` are the settings of RadSynth, whose
    weights play no part in its time. What is not installed has no time and a note.

    Raises:
        ReradError: the slice has no window.
    """
    if min(levels.shape) < PATCH:
        raise ReradError(f"a slice of {levels.shape} has no window to time", where="times", remedy="Time another one")
    top, left = ((side - min(crop, side)) // 2 for side in levels.shape)
    part = np.ascontiguousarray(levels[top : top + crop, left : left + crop])
    model, image = build(dict(network)).eval(), torch.from_numpy(levels.astype(np.float32))
    rows = image[: min(len(image), crop + PATCH - 1)]
    settings: dict[str, Any] = {"levels": count, "window": PATCH, "binning": "none", "in_plane": True, "threads": 1}
    ways: dict[str, tuple[Callable[[], object], int]] = {
        EXACT: (lambda: glcm_map(levels, **settings), levels.size),
        DENSE: (lambda: dense(model, image), _windows(image.shape)),
        PATCHES: (lambda: by_patches(model, rows, batch=BATCH), _windows(rows.shape)),
        RADIOMICS: (lambda: _by_pyradiomics(part, count), part.size),
    }
    if importlib.util.find_spec("skimage"):
        ways[SKIMAGE] = (lambda: _by_skimage(part, count), _windows(part.shape))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        glcm_map(part, **settings)  # compiles
        found = [Timed(way, pixels, min(_seconds(work) for _ in range(turns))) for way, (work, pixels) in ways.items()]
    finally:
        torch.set_num_threads(threads)
    if SKIMAGE not in ways:
        found.append(Timed(SKIMAGE, 0, 0.0, 'scikit-image is not installed (pip install "scikit-image>=0.26")'))
    return found


def _windows(shape: tuple[int, ...]) -> int:
    return max(shape[0] - PATCH + 1, 0) * max(shape[1] - PATCH + 1, 0)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return max(time.process_time() - start, 1e-6)


def _by_pyradiomics(levels: NDArray[np.uint8], count: int) -> object:
    """Make the map by PyRadiomics, which refuses a mask that is 1 everywhere: the first pixel is left out."""
    from radiomics.glcm import RadiomicsGLCM

    mask = np.ones((1, *levels.shape), np.uint8)
    mask[0, 0, 0] = 0
    peer = RadiomicsGLCM(
        sitk.GetImageFromArray(levels[np.newaxis].astype(np.float32)),
        sitk.GetImageFromArray(mask),
        voxelBased=True,
        kernelRadius=PATCH // 2,
        binCount=count,
        force2D=True,
        voxelBatch=VOXELS,
    )
    peer.enableFeatureByName("JointEntropy")
    return peer.execute()


def _by_skimage(levels: NDArray[np.uint8], count: int) -> list[float]:
    from skimage.feature import graycomatrix  # type: ignore[import-not-found,import-untyped,unused-ignore]

    found = []
    for one in sliding_window_view(levels - 1, (PATCH, PATCH)).reshape(-1, PATCH, PATCH):
        matrix = graycomatrix(one, [1], ANGLES, levels=count, symmetric=True, normed=True)
        found.append(float(-(matrix * np.log2(np.where(matrix > 0, matrix, 1))).sum((0, 1)).mean()))
    return found
