"""The test scores and metrics of a row that tables and figures are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.training.predictions import COLUMNS, read

KEYS = ("task", "role", "group", "selection", "variant")


def read_scores(paths: Sequence[Path], row: Mapping[str, Any]) -> pd.DataFrame:
    """Return the out-of-fold rows (case, fold, seed, target, score) of a method from its prediction files.

    ``row`` may name ``selection`` and ``variant``; else ``last`` and ``published``. A method with an empty file failed
    there and has no rows, as in its metrics.

    Raises:
        ReradError: a file lacks a column.
    """
    whole = read_rows(paths, {**row, "role": "test"})
    return whole.sort_values(["seed", "case"], ignore_index=True)


def read_rows(paths: Sequence[Path], row: Mapping[str, Any], task: str = "classification") -> pd.DataFrame:
    """Return the rows of a method's prediction files of a task that a table's row is made from, in no set order.

    ``row`` may name ``role``, ``selection`` and ``variant``; else ``test``, ``last`` and ``published``. A method with
    an empty file failed there and has no rows, as in its metrics.

    Raises:
        ReradError: a file lacks a column.
    """
    frames = [read(path, task) for path in paths]
    if not frames or any(frame.empty for frame in frames):
        return pd.DataFrame(columns=COLUMNS[task])
    whole = pd.concat(frames, ignore_index=True)
    usual = {"role": "test", "selection": "last", "variant": "published"}
    chosen = [whole[name] == row.get(name, value) for name, value in usual.items()]
    return whole[chosen[0] & chosen[1] & chosen[2]]


def selected(metrics: pd.DataFrame, row: Mapping[str, Any], task: str = "classification") -> pd.DataFrame:
    """Return the lines of a metrics.csv that belong to a row.

    The row may name ``selection``, ``variant``, ``role`` (test or train) and ``group`` (a grade, or all).

    Raises:
        ReradError: a column is missing, as in tables of an older version.
    """
    missing = [name for name in KEYS if name not in metrics.columns]
    if missing:
        remedy = "Remove the tables metrics.csv below trained/ and run again"
        raise ReradError(f"the column {missing[0]!r} is missing", where="metrics.csv", remedy=remedy)
    return metrics[
        (metrics["task"] == task)
        & (metrics["role"] == row.get("role", "test"))
        & (metrics["group"] == row.get("group", "all"))
        & (metrics["selection"] == row.get("selection", "last"))
        & (metrics["variant"] == row.get("variant", "published"))
    ]


def renamed(metrics: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return only the metrics that a table's columns show, under the columns' names; all without ``columns``."""
    if not columns:
        return metrics
    names = {metric: column for column, metric in columns.items()}
    return metrics[metrics["metric"].isin(names)].assign(metric=lambda frame: frame["metric"].map(names))


def interval_text(metrics: Path | None, row: Mapping[str, Any], metric: str) -> str:
    """Return `` [low, high]`` of a pooled metric from metrics.csv, or nothing where there is none."""
    if metrics is None:
        return ""
    measured = selected(pd.read_csv(metrics), row)
    chosen = measured[(measured["metric"] == metric) & (measured["scope"] == "pooled")]
    if chosen.empty or chosen[["low", "high"]].isna().any(axis=None):
        return ""
    return f" [{chosen['low'].iloc[0]:.3f}, {chosen['high'].iloc[0]:.3f}]"
