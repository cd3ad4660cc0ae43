"""Errors of methods feature by feature: what the tables and figures of a regression are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rerad.evaluation.statistics import bonferroni
from rerad.reporting.scores import selected

TASK = "regression"
ERRORS = ("mae", "mape")
SIGNIFICANT = 0.05
REGIONS = {"enhancing": "enhancing ROI", "edema": "edema ROI"}
NAMES = {
    "volume": "volume",
    "surface_area": "surface area",
    "sa_v_ratio": "SA:V ratio",
    "sphericity": "sphericity",
    "spherical_disproportion": "spherical disproportion",
    "max_diameter": "max diameter",
    "major_axis": "major axis",
    "minor_axis": "minor axis",
    "compactness1": "compactness 1",
    "compactness2": "compactness 2",
}


class Measured(NamedTuple):
    """Pooled metrics of a method: value, low and high of each; its number of patients."""

    values: dict[str, tuple[float, float, float]]
    n: int | None

    def get(self, metric: str) -> tuple[float, float, float]:
        """Return value, low and high of a metric, nan without it."""
        return self.values.get(metric, (math.nan, math.nan, math.nan))


def read_errors(metrics: Path, row: Mapping[str, Any]) -> Measured:
    """Return the pooled metrics of a table's or a figure's row from metrics.csv; none of a method that failed."""
    lines = selected(pd.read_csv(metrics), row, TASK)
    pooled = lines[lines["scope"] == "pooled"].set_index("metric")
    if pooled.empty:
        return Measured({}, None)
    found = {str(name): tuple(map(float, line)) for name, *line in pooled[["value", "low", "high"]].itertuples()}
    return Measured(found, int(pooled["n"].max()))  # type: ignore[arg-type]


def features_of(measured: Sequence[Measured]) -> list[str]:
    """Return the features that some method predicts, in the order of the paper's tables, others behind them."""
    known = {name.removeprefix("mae_") for one in measured for name in one.values if name.startswith("mae_")}
    ordered = [f"{region}_{name}" for region in REGIONS for name in NAMES]
    return [name for name in ordered if name in known] + sorted(known - set(ordered))


def won(one: Measured, other: Measured, error: str, features: Sequence[str]) -> list[str]:
    """Return the features of which a method's error is lower than another's; equal errors are nobody's."""
    return [name for name in features if one.get(f"{error}_{name}")[0] < other.get(f"{error}_{name}")[0]]


def adjusted(
    comparisons: Path | None, method: str, against: str, error: str, features: Sequence[str], variant: str = "published"
) -> dict[str, float]:
    """Return p of each feature after Bonferroni's correction over ``features``; nothing without comparisons.csv."""
    if comparisons is None:
        return {}
    table = pd.read_csv(comparisons)
    chosen = table[
        (table["method"] == method)
        & (table["against"] == against)
        & (table["selection"] == "last")
        & (table["variant"] == variant)
    ].drop_duplicates("metric")
    known = chosen.set_index("metric")["p"].reindex([f"{error}_{name}" for name in features])
    return dict(zip(features, bonferroni(known.to_numpy(float)), strict=True))


def named(feature: str) -> str:
    """Return a feature as a person reads it: ``enhancing ROI: volume``."""
    region, _, name = feature.partition("_")
    return f"{REGIONS.get(region, region)}: {NAMES.get(name, name.replace('_', ' '))}"
