"""The six classification metrics with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.metrics.intervals import bootstrap, wilson
from rerad.metrics.points import METRICS, checked, weighted_counts, weighted_metrics


def classification(
    target: Any,
    score: Any,
    threshold: float = 0.5,
    *,
    bootstraps: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, dict[str, float]]:
    """Return accuracy, sensitivity, specificity, precision, F1 and AUC with bootstrap and Wilson intervals.

    ``target`` (cases,) is 0 or 1; ``score`` (cases,), or (seeds, cases) for several runs on the same cases; a case is
    called positive from ``score`` >= ``threshold``, the AUC comes from the scores. Returns, for each of ``acc, sen,
    spe, pre, f1, auc``: ``value`` (mean over seeds), ``low`` and ``high`` (percentile interval of resampled cases with
    seeds resampled inside), ``sd`` over seeds (nan for one seed), ``n`` cases, and ``wilson_low``, ``wilson_high``
    (nan for F1 and AUC; from counts averaged over seeds). A value whose denominator is zero is nan.

    >>> found = classification([0, 0, 1, 1], [0.2, 0.6, 0.4, 0.9])
    >>> found["sen"]["value"], found["auc"]["value"]
    (0.5, 0.75)

    Raises:
        ReradError: lengths differ, no case, a target other than 0 and 1, or a score that is not a number.
    """
    scores = np.atleast_2d(np.asarray(score, dtype=float))
    pairs = [checked(target, one) for one in scores]
    truth = pairs[0][0]
    everyone = np.ones((1, len(truth)))
    points = [weighted_metrics(truth, one, everyone, threshold=threshold) for one in scores]
    counts = [weighted_counts(truth, one, everyone, threshold=threshold) for one in scores]
    mean_counts = {name: float(np.mean([one[name] for one in counts])) for name in counts[0]}
    intervals = bootstrap(truth, scores, samples=bootstraps, seed=seed, threshold=threshold, level=level)
    result = {}
    for name in METRICS:
        values = np.array([one[name][0] for one in points])
        low, high = wilson_interval(name, mean_counts, level=level)
        result[name] = {
            "value": nan_mean(values),
            "low": intervals[name][0],
            "high": intervals[name][1],
            "sd": float(np.std(values, ddof=1)) if len(values) > 1 else float("nan"),
            "n": len(truth),
            "wilson_low": low,
            "wilson_high": high,
        }
    return result


def wilson_interval(metric: str, counts: dict[str, float], *, level: float) -> tuple[float, float]:
    """Return the Wilson interval of a metric that is a proportion of cases, nan for F1 and AUC.

    ``counts`` holds ``tp, fp, tn, fn``.
    """
    tp, fp, tn, fn = (counts[name] for name in ("tp", "fp", "tn", "fn"))
    fraction = {
        "acc": (tp + tn, tp + tn + fp + fn),
        "sen": (tp, tp + fn),
        "spe": (tn, tn + fp),
        "pre": (tp, tp + fp),
    }
    return wilson(*fraction[metric], level=level) if metric in fraction else (float("nan"), float("nan"))


def nan_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that are numbers, nan where none is."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")
