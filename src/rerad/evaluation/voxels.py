"""Metrics of segmentation from those of every case."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rerad.metrics.errors import summary
from rerad.metrics.intervals import over_folds
from rerad.metrics.masks import METRICS

LEVEL = 0.95


def measure(part: pd.DataFrame, *, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    """Return the rows of metrics.csv for the rows of one role, selection and variant (fold, seed, case, region, …).

    With one region the metrics keep their names, with several each has the region's as its suffix (``dice_et``). A case
    in which a metric is undefined counts neither in its mean nor in its n. A case of several folds, as the training
    cases are, counts with its mean over them. See ``evaluate``.
    """
    regions = sorted(part["region"].unique())
    rows = []
    for region in regions:
        suffix = f"_{region.lower()}" if len(regions) > 1 else ""
        chosen = part[part["region"] == region]
        for name in METRICS:
            values = chosen.groupby(["seed", "case"], sort=True)[name].mean().unstack("case")
            pooled = summary(values.to_numpy(float), bootstraps=bootstraps, seed=seed, level=LEVEL)
            named = {"metric": f"{name}{suffix}"}
            rows.append({**named, "scope": "pooled", **pooled})
            rows.append({**named, "scope": "fold", **_per_fold(chosen, name)})
    return sorted(rows, key=lambda row: row["scope"], reverse=True)


def _per_fold(part: pd.DataFrame, name: str) -> dict[str, Any]:
    seeds = part.groupby(["fold", "seed"])[name].mean()
    mean, low, high, sd, number = over_folds(seeds.groupby("fold").mean().to_numpy(float), level=LEVEL)
    return {"value": mean, "low": low, "high": high, "sd": sd, "n": number}
