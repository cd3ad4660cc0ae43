"""Metrics of regression: errors of every feature, and their means over features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.metrics.errors import absolute_errors, summary
from rerad.metrics.intervals import over_folds

LEVEL = 0.95


def measure(part: pd.DataFrame, *, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    """Return the rows of metrics.csv for the test rows of one selection and variant (fold, seed, case, feature, …).

    ``mae_<feature>`` in the feature's unit and ``mape_<feature>`` in percent; ``mae`` and ``mape`` are the means over
    features, that of ``mae`` after dividing by the feature's largest true value, as in the paper's Table 2.
    ``truth_min_<feature>``, ``truth_max_<feature>`` and ``truth_mean_<feature>`` are those of the measured values. See
    ``evaluate``.
    """
    fold_of = part.drop_duplicates("case").set_index("case")["fold"].sort_index()
    rows = []
    for metric, errors in errors_of(part):
        pooled = summary(errors, bootstraps=bootstraps, seed=seed, level=LEVEL)
        folds = pd.Series(_mean(errors), index=fold_of.index).groupby(fold_of).mean().to_numpy(float)
        mean, low, high, sd, number = over_folds(folds, level=LEVEL)
        of_folds = {"value": mean, "low": low, "high": high, "sd": sd, "n": number}
        rows += [{"metric": metric, "scope": "pooled", **pooled}, {"metric": metric, "scope": "fold", **of_folds}]
    rows += [{"metric": name, "scope": "pooled", "value": value, "n": len(fold_of)} for name, value in _truths(part)]
    return sorted(rows, key=lambda row: row["scope"], reverse=True)


def _truths(part: pd.DataFrame) -> Iterator[tuple[str, float]]:
    for feature, known in part.drop_duplicates(["case", "feature"]).groupby("feature")["truth"]:
        yield from ((f"truth_{name}_{feature}", float(getattr(known, name)())) for name in ("min", "max", "mean"))


def errors_of(part: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield every metric with its errors (seeds, cases), the means over features first."""
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    scaled = []
    called = part.pivot(index="seed", columns=["feature", "case"], values="prediction").sort_index()
    truths = part.drop_duplicates(["feature", "case"]).set_index(["feature", "case"])["truth"].sort_index()
    for feature in sorted(part["feature"].unique()):
        truth = truths.loc[feature]
        found[feature] = absolute_errors(truth.to_numpy(float), called[feature][truth.index].to_numpy(float))
        scaled.append(found[feature]["mae"] / truth.max())
    yield "mae", np.mean(scaled, axis=0)
    yield "mape", _mean(np.stack([errors["mape"] for errors in found.values()]))
    for feature, errors in found.items():
        for name, values in errors.items():
            yield f"{name}_{feature}", values


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the first axis of what is a number, nan where nothing is."""
    counted = (~np.isnan(values)).sum(axis=0)
    return np.divide(np.nansum(values, axis=0), counted, out=np.full(values.shape[1:], np.nan), where=counted > 0)
