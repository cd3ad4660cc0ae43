"""Intervals: percentile bootstrap of patients with seeds resampled inside, Wilson, and t over folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint

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
    generator = np.random.default_rng(seed)
    runs, patients = scores.shape
    weights = generator.multinomial(patients, np.full(patients, 1.0 / patients), size=samples).astype(float)
    share = generator.multinomial(runs, np.full(runs, 1.0 / runs), size=samples).astype(float)
    found = [weighted_metrics(target, score, weights, threshold=threshold) for score in scores]
    tail = 50.0 * (1.0 - level)
    intervals = {}
    for name in METRICS:
        values = np.stack([one[name] for one in found], axis=1)
        used = np.where(np.isnan(values), 0.0, share)
        total = used.sum(axis=1)
        means = (np.nan_to_num(values) * used).sum(axis=1)[total > 0] / total[total > 0]
        low, high = np.percentile(means, [tail, 100.0 - tail]) if len(means) else (np.nan, np.nan)
        intervals[name] = (float(low), float(high))
    return intervals


def bootstrap_difference(
    target: Array, score: Array, other: Array, *, samples: int, seed: int, threshold: float, level: float
) -> dict[str, tuple[float, float]]:
    """Return for each metric the percentile interval of ``score``'s less ``other``'s over resamples of patients.

    ``target``, ``score`` and ``other`` are (patients,); both methods are taken on the same drawn patients. Resamples in
    which a metric of either is undefined are left out of its interval; nan where none is left.
    """
    generator = np.random.default_rng(seed)
    patients = len(target)
    weights = generator.multinomial(patients, np.full(patients, 1.0 / patients), size=samples).astype(float)
    first, second = (weighted_metrics(target, one, weights, threshold=threshold) for one in (score, other))
    tail = 50.0 * (1.0 - level)
    intervals = {}
    for name in METRICS:
        apart = first[name] - second[name]
        apart = apart[~np.isnan(apart)]
        low, high = np.percentile(apart, [tail, 100.0 - tail]) if len(apart) else (np.nan, np.nan)
        intervals[name] = (float(low), float(high))
    return intervals


def wilson(count: float, number: float, *, level: float) -> tuple[float, float]:
    """Return the Wilson score interval of ``count`` of ``number``; nan where there is nothing to count.

    Source: statsmodels ``proportion_confint(method="wilson")``.
    """
    if number <= 0:
        return float("nan"), float("nan")
    low, high = proportion_confint(count, number, alpha=1.0 - level, method="wilson")
    return float(low), float(high)


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
    sd = float(values.std(ddof=1))
    half = float(student.ppf(0.5 + level / 2, number - 1)) * sd / number**0.5
    return mean, mean - half, mean + half, sd, number
