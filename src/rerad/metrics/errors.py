"""Errors of predicted numbers, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.metrics.binary import nan_mean
from rerad.metrics.intervals import bootstrap_mean

METRICS = ("mae", "mape")
Array = NDArray[np.float64]


def regression(
    truth: Any, prediction: Any, *, bootstraps: int = 2000, seed: int = 0, level: float = 0.95
) -> dict[str, dict[str, float]]:
    """Return mean absolute error and mean absolute percent error with bootstrap intervals.

    ``truth`` (cases,); ``prediction`` (cases,), or (seeds, cases) for several runs on the same cases. Returns, for
    ``mae`` (in the unit of the truth) and ``mape`` (in percent): ``value`` (mean over seeds), ``low`` and ``high``
    (percentile interval of resampled cases with seeds resampled inside), ``sd`` over seeds (nan for one seed) and ``n``
    cases. A case whose truth is 0 has no percent error and counts in no ``mape``.

    >>> found = regression([2.0, 4.0], [3.0, 3.0])
    >>> found["mae"]["value"], found["mape"]["value"]
    (1.0, 37.5)

    Raises:
        ReradError: lengths differ, no case, or a value that is no number.

    Source: radiogenomics, Eqs. 1 and 2.
    """
    found = absolute_errors(truth, prediction)
    return {name: summary(values, bootstraps=bootstraps, seed=seed, level=level) for name, values in found.items()}


def absolute_errors(truth: Any, prediction: Any) -> dict[str, Array]:
    """Return the absolute and the absolute percent errors (seeds, cases), as ``mae`` and ``mape``, case by case.

    Raises:
        ReradError: see ``regression``.
    """
    true, called = np.asarray(truth, dtype=float), np.atleast_2d(np.asarray(prediction, dtype=float))
    if true.ndim != 1 or called.ndim != 2 or called.shape[1] != len(true) or not called.size:
        raise ReradError(f"truths of shape {true.shape} and predictions of shape {called.shape} are no pairs of cases")
    for name, values in (("truth", true), ("prediction", called)):
        if not np.isfinite(values).all():
            raise ReradError(f"a {name} is {values[~np.isfinite(values)][0]}")
    error = np.abs(called - true)
    share = np.divide(error, np.abs(true), out=np.full_like(error, np.nan), where=true != 0)
    return {"mae": error, "mape": 100 * share}


def summary(values: Array, *, bootstraps: int, seed: int, level: float) -> dict[str, float]:
    """Return value, interval, sd over seeds and n of the mean over cases of ``values`` (seeds, cases), nan left out."""
    means = np.array([nan_mean(one) for one in values])
    low, high = bootstrap_mean(values, samples=bootstraps, seed=seed, level=level)
    return {
        "value": nan_mean(means),
        "low": low,
        "high": high,
        "sd": float(np.std(means, ddof=1)) if len(means) > 1 else float("nan"),
        "n": int((~np.isnan(values)).any(axis=0).sum()),
    }
