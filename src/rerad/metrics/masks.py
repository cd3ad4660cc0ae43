"""Metrics of a predicted mask against the true one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

METRICS = ("dice", "jaccard", "accuracy", "sensitivity", "specificity", "hd95_mm")
Mask = NDArray[np.bool_]


def segmentation(truth: Any, predicted: Any, spacing_mm: float | Sequence[float]) -> dict[str, float]:
    """Return Dice, Jaccard, accuracy, sensitivity, specificity and the 95 % Hausdorff distance of a predicted mask.

    ``truth`` and ``predicted`` (z, y, x), or (y, x), hold only 0 and 1; ``spacing_mm`` is the voxel's size, one number
    or one an axis. Returns ``dice, jaccard, accuracy, sensitivity, specificity`` over voxels and ``hd95_mm``.

    ``hd95_mm``: from each mask's surface voxels to the nearest one of the other, the 95th percentile in each direction
    and the larger of both, as MONAI has it and BraTS' evaluation; tools that pool both directions get a smaller number.
    A surface voxel shares a face with a voxel outside the mask, or with the image's border.

    Nothing to find and nothing found is right: Dice and Jaccard 1, distance 0. If only one mask is empty, Dice and
    Jaccard are 0 and the distance is the diagonal of the image, which no distance inside it exceeds (BraTS' penalty of
    373 mm). Sensitivity without a true voxel and specificity without a false one are nan.

    >>> found = segmentation([[0, 1, 1, 0]], [[0, 0, 1, 1]], spacing_mm=2.0)
    >>> found["dice"], found["sensitivity"], round(found["hd95_mm"], 3)
    (0.5, 0.5, 1.9)

    Raises:
        ReradError: shapes differ, no voxel, a value other than 0 and 1, or a spacing that does not fit.
    """
    true, called = _mask(truth, "truth"), _mask(predicted, "prediction")
    if true.shape != called.shape:
        raise ReradError(f"the truth has the shape {true.shape}, the prediction {called.shape}")
    spacing = _spacing(spacing_mm, true.ndim)
    tp, fp = int((true & called).sum()), int((~true & called).sum())
    fn = int(true.sum()) - tp
    tn = true.size - tp - fp - fn
    empty = tp + fp + fn == 0
    return {
        "dice": 1.0 if empty else 2 * tp / (2 * tp + fp + fn),
        "jaccard": 1.0 if empty else tp / (tp + fp + fn),
        "accuracy": (tp + tn) / true.size,
        "sensitivity": tp / (tp + fn) if tp + fn else math.nan,
        "specificity": tn / (tn + fp) if tn + fp else math.nan,
        "hd95_mm": _distance(true, called, spacing),
    }


def _distance(true: Mask, called: Mask, spacing: list[float]) -> float:
    from scipy import ndimage

    if true.any() != called.any():
        return math.hypot(*(number * size for number, size in zip(true.shape, spacing, strict=True)))
    if not true.any():
        return 0.0
    # Outside the box of both masks is no surface, and a map of distances costs time for every voxel.
    (box,) = ndimage.find_objects((true | called).astype(np.uint8))
    edges = [mask[box] & ~ndimage.binary_erosion(mask[box]) for mask in (true, called)]
    maps = [ndimage.distance_transform_edt(~edge, sampling=spacing) for edge in edges]
    return max(float(np.percentile(maps[0][edges[1]], 95)), float(np.percentile(maps[1][edges[0]], 95)))


def _mask(values: Any, name: str) -> Mask:
    array = np.asarray(values)
    if array.ndim not in (2, 3) or not array.size:
        raise ReradError(f"the {name} has the shape {array.shape}", remedy="A mask is (z, y, x) or (y, x)")
    if array.dtype == bool:
        return array
    strange = (array != 0) & (array != 1)
    if strange.any():
        remedy = "Pass one mask a label or region, of 0 and 1"
        raise ReradError(f"the {name} holds {array[strange][0]}, which is neither 0 nor 1", remedy=remedy)
    return array == 1


def _spacing(spacing_mm: float | Sequence[float], axes: int) -> list[float]:
    sizes = [float(size) for size in np.atleast_1d(np.asarray(spacing_mm, dtype=float))]
    sizes = sizes * axes if len(sizes) == 1 else sizes
    if len(sizes) != axes or not all(0 < size < math.inf for size in sizes):
        raise ReradError(f"the voxel size {spacing_mm} mm does not fit a mask of {axes} axes")
    return sizes
