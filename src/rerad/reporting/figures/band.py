"""Pointwise bands around ROC curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# A grid point that equals an abscissa must not be lost to the last bit of a quotient.
EPSILON = 1e-9


def roc_band(
    target: Array, scores: Array, grid: Array, *, samples: int, seed: int, level: float = 0.95
) -> tuple[Array, Array]:
    """Return the lowest and highest sensitivity at each false positive rate of ``grid``, (points,) each.

    ``target`` (patients,), ``scores`` (seeds, patients). Each resample draws patients with replacement, then seeds, as
    the intervals of the metrics do, and averages the curves of the drawn seeds vertically (Fawcett 2006, section 9.1);
    the band holds the middle ``level`` of the resamples at every abscissa apart. Resamples without both classes are
    left out; nan without any.
    """
    generator = np.random.default_rng(seed)
    runs, patients = scores.shape
    weights = generator.multinomial(patients, np.full(patients, 1.0 / patients), size=samples).astype(float)
    share = generator.multinomial(runs, np.full(runs, 1.0 / runs), size=samples).astype(float)
    both = ((weights @ (target == 1)) > 0) & ((weights @ (target == 0)) > 0)
    weights, share = weights[both], share[both]
    if not len(weights):
        return np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    mean = np.zeros((len(weights), len(grid)))
    for index, score in enumerate(scores):
        mean += share[:, [index]] * sensitivities(target, score, weights, grid)
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(mean / runs, [tail, 100.0 - tail], axis=0)
    return low, high


def sensitivities(target: Array, score: Array, weights: Array, grid: Array) -> Array:
    """Return (samples, points): the sensitivity of each row of ``weights`` (samples, patients) at the rates ``grid``.

    Where a curve jumps, its upper end counts: the most that can be had at that false positive rate.
    """
    thresholds = np.unique(score)[::-1]
    called = score[:, None] >= thresholds
    rates = []
    for label in (0, 1):
        of_class = (target == label)[:, None]
        total = weights @ of_class.astype(float)
        rates.append(np.pad(weights @ (called & of_class).astype(float) / total, ((0, 0), (1, 0))))
    return np.stack([np.interp(grid + EPSILON, false, true) for false, true in zip(*rates, strict=True)])
