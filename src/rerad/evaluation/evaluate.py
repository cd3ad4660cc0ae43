"""Metrics of a method from the predictions of all its chunks and seeds."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.files import write_csv
from rerad.core.seeds import derive
from rerad.evaluation import cases, features, voxels
from rerad.evaluation.checks import check_tested_once
from rerad.training.predictions import read

log = logging.getLogger(__name__)
COLUMNS = [
    *("task", "metric", "scope", "selection", "variant", "value", "low", "high", "sd", "n"),
    *("wilson_low", "wilson_high", "n_positive"),
]
TASKS = {"classification": cases.measure, "segmentation": voxels.measure, "regression": features.measure}


def evaluate(predictions: Mapping[str, Sequence[Path]], *, metrics: Path, bootstraps: int, seed: int) -> None:
    """Write ``metrics.csv`` from the predictions of all chunks and seeds of one method.

    ``predictions`` leads from a task (``classification``, ``segmentation``, ``regression``) to its files.

    ``pooled`` rows: mean over seeds of the metric on the pooled out-of-fold predictions (of segmentation: its mean over
    cases), its percentile interval over ``bootstraps`` resamples of patients with seeds resampled inside, sd over
    seeds, n patients; of classification also Wilson interval and n_positive of the patients.
    ``fold`` rows: mean, sd and Student's t interval over the folds (of the mean over seeds), n folds in which the
    metric is defined.

    A task whose files are all empty is one that the method does not have. If no task has rows, or a task has some in
    one chunk and none in another, the method failed, and the table has only its header.

    Raises:
        ReradError: a case is not tested exactly once per seed, or its target differs between rows.
    """
    tables = {task: [read(path, task) for path in paths] for task, paths in predictions.items()}
    found = {task: parts for task, parts in tables.items() if any(not part.empty for part in parts)}
    if not found or any(part.empty for parts in found.values() for part in parts):
        log.warning("a chunk without predictions: %s has no values", metrics)
        write_csv(metrics, pd.DataFrame(columns=COLUMNS))
        return
    rows = [row for task, parts in found.items() for row in _of_task(task, parts, bootstraps, seed)]
    write_csv(metrics, pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "n_positive": "Int64"}))


def _of_task(task: str, parts: Sequence[pd.DataFrame], bootstraps: int, seed: int) -> list[dict[str, Any]]:
    everything = pd.concat(parts, ignore_index=True)
    tested = everything[everything["role"] == "test"]
    rows: list[dict[str, Any]] = []
    for (selection, variant), part in tested.groupby(["selection", "variant"], sort=True):
        check_tested_once(part, task)
        shared = {"task": task, "selection": selection, "variant": variant}
        resampling = derive(seed, "evaluate", str(selection), str(variant))
        rows += [{**shared, **row} for row in TASKS[task](part, bootstraps=bootstraps, seed=resampling)]
    return rows
