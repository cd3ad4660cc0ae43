"""Metrics of classification from out-of-fold scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rerad.metrics.binary import classification, nan_mean
from rerad.metrics.intervals import over_folds
from rerad.metrics.points import METRICS, point_metrics

LEVEL = 0.95


def measure(part: pd.DataFrame, *, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    """Return the rows of metrics.csv for the test rows of one selection and variant (fold, seed, case, target, score).

    See ``evaluate``.
    """
    return [*_pooled(part, bootstraps, seed), *_per_fold(part)]


def _pooled(part: pd.DataFrame, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    scores = part.pivot(index="seed", columns="case", values="score").sort_index().sort_index(axis=1)
    target = part.drop_duplicates("case").set_index("case")["target"].loc[scores.columns]
    found = classification(target.to_numpy(), scores.to_numpy(), bootstraps=bootstraps, seed=seed, level=LEVEL)
    positive = int(target.sum())
    return [{"metric": name, "scope": "pooled", **found[name], "n_positive": positive} for name in METRICS]


def _per_fold(part: pd.DataFrame) -> list[dict[str, Any]]:
    points = pd.DataFrame(
        [
            {"fold": fold, "seed": run, **point_metrics(rows["target"], rows["score"])}
            for (fold, run), rows in part.groupby(["fold", "seed"], sort=True)
        ]
    )
    result = []
    for name in METRICS:
        folds = np.array([nan_mean(rows[name].to_numpy()) for _, rows in points.groupby("fold")])
        mean, low, high, sd, number = over_folds(folds, level=LEVEL)
        result.append({"metric": name, "scope": "fold", "value": mean, "low": low, "high": high, "sd": sd, "n": number})
    return result
