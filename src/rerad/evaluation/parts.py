"""What a pooled value is made of: the same metrics of every fold and of every seed by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from rerad.evaluation import features, maps
from rerad.metrics.binary import classification
from rerad.metrics.errors import summary
from rerad.metrics.masks import METRICS

LEVEL = 0.95
COLUMNS = ["scope", "number", "metric", "value", "low", "high", "n"]
Row = dict[str, Any]


def measure_parts(part: pd.DataFrame, task: str, *, bootstraps: int, seed: int) -> pd.DataFrame:
    """Return ``COLUMNS``: the metrics of each fold (mean over seeds) and, where there are several, of each seed.

    ``part`` are the rows of a prediction file of one role, selection and variant. ``scope`` is ``fold`` or ``seed`` and
    ``number`` which. Intervals resample the patients of that fold or seed; of a proportion in a fold, whose few
    patients often agree, it is Wilson's. The mean of the folds is what metrics.csv has as ``fold``.
    """
    return pd.DataFrame(TASKS[task](part, {"bootstraps": bootstraps, "seed": seed}), columns=COLUMNS)


def _scores(part: pd.DataFrame, drawn: dict[str, int]) -> Iterator[Row]:
    scores = part.pivot(index="seed", columns="case", values="score").sort_index()
    known = part.drop_duplicates("case").set_index("case").loc[scores.columns]
    target, folds = known["target"].to_numpy(), known["fold"].to_numpy()
    for scope, number in _scopes(part):
        cases, seeds = _chosen(scope, number, folds, scores.index.to_numpy())
        found = classification(target[cases], scores.to_numpy()[seeds][:, cases], level=LEVEL, **drawn)
        for metric, row in found.items():
            wilson = {"low": row["wilson_low"], "high": row["wilson_high"]}
            better = wilson if scope == "fold" and not math.isnan(row["wilson_low"]) else {}
            yield {**row, **better, "scope": scope, "number": number, "metric": metric}


def _masks(part: pd.DataFrame, drawn: dict[str, int]) -> Iterator[Row]:
    regions = sorted(part["region"].unique())
    for scope, number in _scopes(part):
        chosen = part[part[scope] == number]
        for region in regions:
            suffix = f"_{region.lower()}" if len(regions) > 1 else ""
            means = chosen[chosen["region"] == region].groupby(["seed", "case"], sort=True)[list(METRICS)].mean()
            for name, values in ((name, means[name].unstack("case").to_numpy(float)) for name in METRICS):
                row = summary(values, level=LEVEL, **drawn)
                yield {**row, "scope": scope, "number": number, "metric": f"{name}{suffix}"}


def _errors(part: pd.DataFrame, drawn: dict[str, int]) -> Iterator[Row]:
    # All parts share the scale of a feature, that of the whole cohort.
    found = list(features.errors_of(part))
    folds = part.drop_duplicates("case").set_index("case")["fold"].sort_index().to_numpy()
    for scope, number in _scopes(part):
        cases, seeds = _chosen(scope, number, folds, np.sort(part["seed"].unique()))
        for metric, errors in found:
            row = summary(errors[seeds][:, cases], level=LEVEL, **drawn)
            yield {**row, "scope": scope, "number": number, "metric": metric}


def _pixels(part: pd.DataFrame, drawn: dict[str, int]) -> Iterator[Row]:
    for scope, number in _scopes(part):
        for row in maps.measure(part[part[scope] == number], **drawn):
            if row["scope"] == "pooled":
                yield {**row, "scope": scope, "number": number}


TASKS = {"classification": _scores, "segmentation": _masks, "regression": _errors, "synthesis": _pixels}


def _scopes(part: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """Yield the seeds, unless there is but one, and the folds."""
    seeds = sorted(part["seed"].unique())
    yield from (("seed", int(number)) for number in (seeds if len(seeds) > 1 else []))
    yield from (("fold", int(number)) for number in sorted(part["fold"].unique()))


def _chosen(scope: str, number: int, folds: np.ndarray, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which cases and which seeds a part has, as booleans."""
    if scope == "fold":
        return folds == number, np.ones(len(seeds), dtype=bool)
    return np.ones(len(folds), dtype=bool), seeds == number
