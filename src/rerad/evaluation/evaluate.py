"""Metrics of a method from the predictions of all its chunks and seeds."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.seeds import derive
from rerad.metrics.binary import classification, nan_mean
from rerad.metrics.intervals import over_folds
from rerad.metrics.points import METRICS, point_metrics
from rerad.training.predictions import read

log = logging.getLogger(__name__)
COLUMNS = [
    *("task", "metric", "scope", "selection", "variant", "value", "low", "high", "sd", "n"),
    *("wilson_low", "wilson_high", "n_positive"),
]
LEVEL = 0.95


def evaluate(predictions: list[Path], *, metrics: Path, bootstraps: int, seed: int) -> None:
    """Write ``metrics.csv`` from the predictions of all chunks and seeds of one method.

    ``pooled`` rows: mean over seeds of the metric on the pooled out-of-fold predictions, its percentile interval
    over ``bootstraps`` resamples of patients with seeds resampled inside, Wilson interval, sd over seeds, n patients,
    n_positive of them positive.
    ``fold`` rows: mean, sd and Student's t interval over the folds (of the mean over seeds), n folds in which the
    metric is defined. If any chunk is empty, because the method failed there, the table has only its header.

    Raises:
        ReradError: a case is not tested exactly once per seed, or its target differs between rows.
    """
    tables = [read(path) for path in predictions]
    if not tables or any(table.empty for table in tables):
        log.warning("a chunk without predictions: %s has no values", metrics)
        write_csv(metrics, pd.DataFrame(columns=COLUMNS))
        return
    everything = pd.concat(tables, ignore_index=True)
    tested = everything[everything["role"] == "test"]
    rows: list[dict[str, Any]] = []
    for (selection, variant), part in tested.groupby(["selection", "variant"], sort=True):
        check_tested_once(part)
        shared = {"task": "classification", "selection": selection, "variant": variant}
        resampling = derive(seed, "evaluate", str(selection), str(variant))
        rows += [{**shared, **row} for row in _pooled(part, bootstraps, resampling)]
        rows += [{**shared, **row} for row in _per_fold(part)]
    write_csv(metrics, pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "n_positive": "Int64"}))


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


def check_tested_once(part: pd.DataFrame) -> None:
    times = part.groupby(["seed", "case"]).size().unstack(fill_value=0)
    wrong = times.stack()
    wrong = wrong[wrong != 1]
    if len(wrong):
        run, case = wrong.index[0]
        raise ReradError(
            f"case {case} is tested {wrong.iloc[0]} times with seed {run}, not once",
            where="predictions_classification.csv",
            remedy="Remove the method's folder below trained/ and run again",
        )
    targets = part.groupby("case")["target"].nunique()
    if (targets > 1).any():
        raise ReradError(
            f"case {targets.index[targets > 1][0]} has two different targets",
            where="predictions_classification.csv",
            remedy="Remove the method's folder below trained/ and run again",
        )
