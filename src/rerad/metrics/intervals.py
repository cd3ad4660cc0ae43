"""Intervals: percentile bootstrap of patients with seeds resampled inside, Wilson, and t over folds."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rerad.metrics.points import METRICS, weighted_metrics

Array = NDArray[np.float64]


def bootstrap(
    target: Array, scores: Array, *, samples: int, seed: int, threshold: float, level: float
) -> dict[str, tuple[float, float]]:
    """Return for each metric the percentile interval over resamples of patients, with seeds resampled inside.

    ``target`` (patients,), ``scores`` (seeds, patients). Each resample draws patients with replacement, then as many
    seeds as there are with replacement, and takes the mean of the metric over the drawn seeds on the drawn patients.
    Resamples in which a metric is undefined are left out of its interval.
    """
    found = _resampled(target, scores, samples=samples, seed=seed, threshold=threshold)
    return {name: _percentiles(values, level=level) for name, values in found.items()}


def bootstrap_mean(values: Array, *, samples: int, seed: int, level: float) -> tuple[float, float]:
    """Return the percentile interval of the mean over patients, over resamples of patients with seeds inside.

    ``values`` (seeds, patients); resampled as in ``bootstrap``, so that one ``seed`` draws the same patients for every
    metric. Values that are nan count in no mean; a resample that has none but these is left out.
    """
    weights, share = _resamples(*values.shape, samples=samples, seed=seed)
    counted = weights @ (~np.isnan(values)).T.astype(float)
    total = weights @ np.nan_to_num(values).T
    means = np.divide(total, counted, out=np.full_like(total, np.nan), where=counted > 0)
    return _percentiles(_mean(means, share), level=level)


def resampled(
    sums: Array, measure: Callable[[Array], dict[str, Array]], *, samples: int, seed: int, level: float
) -> dict[str, tuple[float, float]]:
    """Return the percentile interval of everything that ``measure`` makes of sums over patients.

    ``sums`` (seeds, patients, n) add up: a resample of patients has theirs together, with all that a patient brought.
    ``measure`` maps sums (samples, n) to values (samples,); resampled as in ``bootstrap``.
    """
    weights, share = _resamples(*sums.shape[:2], samples=samples, seed=seed)
    found = [measure(weights @ one) for one in sums]
    return {
        name: _percentiles(_mean(np.stack([one[name] for one in found], axis=1), share), level=level)
        for name in found[0]
    }


@functools.lru_cache(maxsize=2)  # many metrics of the same patients have one seed
def _resamples(runs: int, patients: int, *, samples: int, seed: int) -> tuple[Array, Array]:
    """Return how often each resample draws a patient (samples, patients) and a seed (samples, seeds)."""
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(patients, np.full(patients, 1.0 / patients), size=samples).astype(float)
    share = generator.multinomial(runs, np.full(runs, 1.0 / runs), size=samples).astype(float)
    for drawn in (weights, share):
        drawn.setflags(write=False)
    return weights, share


def _mean(values: Array, share: Array) -> Array:
    """Return the mean over seeds (samples,) of values (samples, seeds) that are numbers, nan where none is."""
    used = np.where(np.isnan(values), 0.0, share)
    total = used.sum(axis=1)
    mean = (np.nan_to_num(values) * used).sum(axis=1)
    return np.divide(mean, total, out=np.full_like(total, np.nan), where=total > 0)


def _percentiles(values: Array, *, level: float) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(values, [tail, 100.0 - tail]) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def bootstrap_difference(
    target: Array, score: Array, other: Array, *, samples: int, seed: int, threshold: float, level: float
) -> dict[str, tuple[float, float]]:
    """Return for each metric the percentile interval of ``score``'s less ``other``'s over resamples of patients.

    ``target`` is (patients,), ``score`` and ``other`` are (patients,) or (seeds, patients); both methods are taken on
    the same drawn patients, each with its own seeds resampled inside as in ``bootstrap``, which are the same draws
    where both have as many. Resamples in which a metric of either is undefined are left out of its interval; nan where
    none is left.
    """
    drawn = {"samples": samples, "seed": seed}
    first, second = (_resampled(target, np.atleast_2d(one), threshold=threshold, **drawn) for one in (score, other))
    return {name: _percentiles(first[name] - second[name], level=level) for name in METRICS}


def _resampled(target: Array, scores: Array, *, samples: int, seed: int, threshold: float) -> dict[str, Array]:
    """Return for each metric its mean over drawn seeds on drawn patients (samples,)."""
    weights, share = _resamples(*scores.shape, samples=samples, seed=seed)
    found = [weighted_metrics(target, score, weights, threshold=threshold) for score in scores]
    return {name: _mean(np.stack([one[name] for one in found], axis=1), share) for name in METRICS}


def wilson(count: float, number: float, *, level: float) -> tuple[float, float]:
    """Return the Wilson score interval of ``count`` of ``number``; nan where there is nothing to count.

    Source: Wilson 1927; equal to statsmodels' ``proportion_confint(method="wilson")``, whose import takes three seconds
    of every evaluation.
    """
    if number <= 0:
        return float("nan"), float("nan")
    share, z = count / number, NormalDist().inv_cdf(0.5 + level / 2)
    middle = share + z**2 / (2 * number)
    half = z * math.sqrt(share * (1 - share) / number + (z / (2 * number)) ** 2)
    low, high = (middle - half) / (1 + z**2 / number), (middle + half) / (1 + z**2 / number)
    return max(low, 0.0), min(high, 1.0)


def over_folds(values: Array, *, level: float) -> tuple[float, float, float, float, int]:
    """Return mean, low, high, sd (n − 1) and number of the values that are numbers, with Student's t for the interval.

    Low, high and sd are nan for fewer than two values.
    """
    values = values[~np.isnan(values)]
    number = len(values)
    if not number:
        return (float("nan"),) * 4 + (0,)
    mean = float(values.mean())
    if number < 2:
        return mean, float("nan"), float("nan"), float("nan"), number
    from scipy.special import stdtrit  # half a second to import, and a training needs none of it

    sd = float(values.std(ddof=1))
    half = float(stdtrit(number - 1, 0.5 + level / 2)) * sd / number**0.5
    return mean, mean - half, mean + half, sd, number
