"""Metrics of a method from the predictions of all its chunks and seeds."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.files import write_csv
from rerad.core.seeds import derive
from rerad.evaluation import cases as scores
from rerad.evaluation import features, maps, voxels
from rerad.evaluation.checks import (
    check_all_tested,
    check_none_emptied,
    check_once_a_fold,
    check_tested_once,
    check_uncut,
    read_cases,
)
from rerad.evaluation.costs import gather_costs, read_costs
from rerad.training.predictions import gather, read

log = logging.getLogger(__name__)
COLUMNS = [
    *("task", "metric", "scope", "selection", "variant", "role", "group", "value", "low", "high", "sd", "n"),
    *("wilson_low", "wilson_high", "n_positive"),
]
TASKS = {
    "classification": scores.measure,
    "segmentation": voxels.measure,
    "regression": features.measure,
    "synthesis": maps.measure,
}
ROLES = {
    "classification": ("test",),
    "segmentation": ("test", "train"),
    "regression": ("test",),
    "synthesis": ("test",),
}
EVERYONE = "all"
GROUPS = ("grade", "group")  # columns of cases.csv by which cases are told apart


def evaluate_method(
    predictions: Mapping[str, Sequence[Path]],
    costs: Sequence[Path],
    *,
    folder: Path,
    cases: Path,
    bootstraps: int,
    seed: int,
) -> None:
    """Write what all chunks and seeds of a method yielded into ``folder``.

    ``predictions_<task>.csv`` of every task and ``costs.csv``, each gathered from the files of the chunks, and
    ``metrics.csv``, as :func:`evaluate` writes it.

    Raises:
        ReradError: a file lacks a column or is no JSON object, or as :func:`evaluate`.
    """
    spent = folder / "costs.csv"
    gather_costs(costs, csv=spent)
    evaluate(predictions, metrics=folder / "metrics.csv", cases=cases, costs=spent, bootstraps=bootstraps, seed=seed)
    for task in TASKS:
        gather(predictions.get(task, []), task, csv=folder / f"predictions_{task}.csv")


def evaluate(
    predictions: Mapping[str, Sequence[Path]],
    *,
    metrics: Path,
    bootstraps: int,
    seed: int,
    cases: Path | None = None,
    costs: Path | None = None,
) -> None:
    """Write ``metrics.csv`` from the predictions of all chunks and seeds of one method.

    ``predictions`` leads from a task (a name in ``TASKS``) to its files.

    ``pooled`` rows: mean over seeds of the metric on the pooled out-of-fold predictions (of segmentation: its mean over
    cases), its percentile interval over ``bootstraps`` resamples of patients with seeds resampled inside, sd over
    seeds, n patients; of classification also Wilson interval and n_positive of the patients.
    ``fold`` rows: mean, sd and Student's t interval over the folds (of the mean over seeds), n folds in which the
    metric is defined.

    The ``role`` test is that of out-of-fold predictions. Segmentation has the role train as well: each case by the
    networks that were trained on it, its metric averaged over them. Where ``cases`` (cases.csv) tells grades, the
    ``group`` of each grade has rows of segmentation beside ``all``, and of each group rows of synthesis.

    A task whose files are all empty is one that the method does not have. If no task has rows, or a task has some in
    one chunk and none in another, the method failed, and the table has only its header: ``costs`` (costs.csv), if
    given, must say so.

    Raises:
        ReradError: a case is not tested exactly once per seed, stands twice in a fold, or its target differs; a file
            was cut, or has no rows though its training did not fail.
    """
    tables = {task: {path: _read(path, task) for path in paths} for task, paths in predictions.items()}
    if costs is not None:
        check_none_emptied(tables, read_costs(costs))
    found = {task: list(of_task.values()) for task, of_task in tables.items() if any(map(len, of_task.values()))}
    if not found or any(part.empty for parts in found.values() for part in parts):
        log.warning("a chunk without predictions: %s has no values", metrics)
        write_csv(metrics, pd.DataFrame(columns=COLUMNS))
        return
    for task in found:
        check_all_tested(tables[task], task, _to_be_tested(cases, found[task]))
    groups = read_groups(cases)
    rows = [row for task, parts in found.items() for row in _of_task(task, parts, groups, bootstraps, seed)]
    write_csv(metrics, pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "n_positive": "Int64"}))


def _read(path: Path, task: str) -> pd.DataFrame:
    check_uncut(path)
    return read(path, task)


def _to_be_tested(cases: Path | None, parts: Sequence[pd.DataFrame]) -> set[str]:
    """Return the included cases that have the modalities of a tested one; none where the rows tell of training.

    A case that is trained on is known to be the method's by that. Features, which a case may lack as well, are
    nothing that a method without such rows learns from.
    """
    rows = pd.concat(parts)
    if cases is None or (rows["role"] == "train").any():
        return set()
    table = read_cases(cases)
    if "included" not in table:
        return set()
    table = table[table["included"] == 1]
    columns = [name for name in table.columns if name.startswith("has_")]
    having = {case: tuple(told) for case, *told in table[["case", *columns]].itertuples(index=False)}
    tested = {having[case] for case in set(rows["case"]) & set(having)}
    return {case for case, told in having.items() if told in tested}


def read_groups(cases: Path | None) -> dict[str, str]:
    """Return the grade, or the group, of every case of which cases.csv tells one."""
    if cases is None:
        return {}
    table = read_cases(cases)
    column = next((name for name in GROUPS if name in table), None)
    if column is None:
        return {}
    known = table.dropna(subset=column)
    return dict(zip(known["case"], known[column], strict=True))


def _of_task(
    task: str, parts: Sequence[pd.DataFrame], groups: Mapping[str, str], bootstraps: int, seed: int
) -> list[dict[str, Any]]:
    everything = pd.concat(parts, ignore_index=True)
    rows: list[dict[str, Any]] = []
    for role in ROLES[task]:
        judged = everything[everything["role"] == role]
        for (selection, variant), part in judged.groupby(["selection", "variant"], sort=True):
            (check_tested_once if role == "test" else check_once_a_fold)(part, task)
            shared = {"task": task, "selection": selection, "variant": variant, "role": role}
            resampling = derive(seed, "evaluate", str(selection), str(variant))
            for group, members in _grouped(task, part, groups):
                measured = TASKS[task](members, bootstraps=bootstraps, seed=resampling)
                rows += [{**shared, "group": group, **row} for row in measured]
    return rows


def _grouped(task: str, part: pd.DataFrame, groups: Mapping[str, str]) -> Iterator[tuple[str, pd.DataFrame]]:
    yield EVERYONE, part
    if task != "classification":
        grades = part["case"].map(groups)
        yield from ((str(grade), part[grades == grade]) for grade in sorted(set(grades.dropna())))
