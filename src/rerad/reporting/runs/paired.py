"""A row of a table in two runs, on the patients that both tested: differences with paired intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rerad.core.seeds import derive
from rerad.evaluation.checks import check_once_a_fold, check_tested_once
from rerad.evaluation.evaluate import EVERYONE, read_groups
from rerad.metrics.binary import nan_mean
from rerad.metrics.intervals import bootstrap_difference, bootstrap_mean
from rerad.metrics.masks import METRICS as MASK_METRICS
from rerad.metrics.points import METRICS, point_metrics
from rerad.reporting.runs.run import Run, Table
from rerad.reporting.scores import read_rows

LEVEL, THRESHOLD = 0.95, 0.5
NO_PREDICTIONS = "no predictions of {}"


class Line(NamedTuple):
    """A metric on the ``n`` patients of both runs: its value in either, and B less A with the interval."""

    n: int
    a: float
    b: float
    difference: float
    low: float
    high: float


class Paired(NamedTuple):
    """The lines of a row by metric, or ``why`` there are none."""

    lines: dict[str, Line]
    why: str


def unpaired(a: Run, b: Run, cohort: str, other: str) -> str:
    """Return why patients of equal names are not the same ones in both runs, or an empty text."""
    if cohort != other:
        return f"cohort {cohort} against {other}"
    if (cohort in a.phantoms) != (cohort in b.phantoms):
        return "a phantom against real patients"
    if cohort in a.phantoms and a.manifest(cohort) != b.manifest(cohort):
        return "two different phantoms"
    return ""


def pair(a: Run, b: Run, tables: tuple[Table, Table], rows: tuple[Mapping[str, Any], Mapping[str, Any]]) -> Paired:
    """Return the metrics of a row of a table in both runs, on the patients that both tested.

    A metric is taken as in the table: its mean over the seeds of the pooled predictions. The interval is that of
    resamples of patients, the same ones in both runs, with each run's seeds resampled inside.

    Raises:
        ReradError: predictions are broken, or a case is not tested once a seed.
    """
    cohorts = [run.config["studies"][table.study]["cohort"] for run, table in zip((a, b), tables, strict=True)]
    tasks = [str(table.entry.get("task", "classification")) for table in tables]
    why = unpaired(a, b, *cohorts)
    if why or tasks[0] != tasks[1] or tasks[0] not in TASKS:
        return Paired({}, why or "not compared patient by patient")
    found = []
    for letter, run, table, row in zip("AB", (a, b), tables, rows, strict=True):
        full = {"role": table.entry.get("role", "test"), **row}
        part = _rows(run, table.study, full, tasks[0])
        if part.empty:
            return Paired({}, NO_PREDICTIONS.format(letter))
        found.append(part)
    samples = max(int(run.config["bootstraps"]) for run in (a, b))
    return TASKS[tasks[0]](found[0], found[1], samples, derive(0, "runs", cohorts[0], tasks[0]))


def _rows(run: Run, study: str, row: Mapping[str, Any], task: str) -> pd.DataFrame:
    """Return the predictions of a row, of each case once a seed (segmentation: once a seed and fold)."""
    method = str(row.get("trained", row["method"]))
    key = (study, method, task, *(str(row.get(name)) for name in ("role", "selection", "variant", "group")))
    if key not in run.read:
        part = read_rows(run.predictions(study, method, task), row, task)
        (check_tested_once if row["role"] == "test" else check_once_a_fold)(part, task)
        group = row.get("group", EVERYONE)
        if group != EVERYONE:
            groups = read_groups(_cases(run, study))
            part = part[part["case"].map(groups) == group]
        run.read[key] = part
    found: pd.DataFrame = run.read[key]
    return found


def _cases(run: Run, study: str) -> Path:
    return run.folder / "cohorts" / str(run.config["studies"][study]["cohort"]) / "cases.csv"


def _scores(a: pd.DataFrame, b: pd.DataFrame, samples: int, seed: int) -> Paired:
    targets = [part.drop_duplicates("case").set_index("case")["target"] for part in (a, b)]
    cases = sorted({*targets[0].index} & {*targets[1].index})
    if not cases:
        return Paired({}, "no patient in common")
    target = targets[0].loc[cases].to_numpy(dtype=float)
    others = int((target != targets[1].loc[cases].to_numpy(dtype=float)).sum())
    if others:
        return Paired({}, f"another truth of {others} of {len(cases)} patients")
    one, two = (part.pivot(index="seed", columns="case", values="score")[cases].to_numpy(float) for part in (a, b))
    ends = bootstrap_difference(target, two, one, samples=samples, seed=seed, threshold=THRESHOLD, level=LEVEL)
    points = [[point_metrics(target, score, threshold=THRESHOLD) for score in scores] for scores in (one, two)]
    lines = {}
    for name in METRICS:
        first, second = (nan_mean(np.array([point[name] for point in found])) for found in points)
        lines[name] = Line(len(cases), first, second, second - first, *ends[name])
    return Paired(lines, "")


def _masks(a: pd.DataFrame, b: pd.DataFrame, samples: int, seed: int) -> Paired:
    several = max(part["region"].nunique() for part in (a, b)) > 1
    # A training case counts with its mean over the folds.
    means = [part.groupby(["region", "seed", "case"])[list(MASK_METRICS)].mean() for part in (a, b)]
    lines = {}
    for region in sorted({*a["region"]} & {*b["region"]}):
        for name in MASK_METRICS:
            one, two = (known.loc[region][name].unstack("case") for known in means)
            cases = sorted({*one.columns} & {*two.columns})
            if not cases:
                return Paired({}, "no patient in common")
            lines[f"{name}_{region.lower()}" if several else name] = _line(one[cases], two[cases], samples, seed)
    return Paired(lines, "" if lines else "no region in common")


def _line(one: pd.DataFrame, two: pd.DataFrame, samples: int, seed: int) -> Line:
    if list(one.index) != list(two.index):
        one, two = one.mean().to_frame().T, two.mean().to_frame().T  # other seeds are not paired
    first, second = one.to_numpy(float), two.to_numpy(float)
    known = ~(np.isnan(first) | np.isnan(second))
    first, second = np.where(known, first, math.nan), np.where(known, second, math.nan)
    ends = bootstrap_mean(second - first, samples=samples, seed=seed, level=LEVEL)
    values = [nan_mean(np.array([nan_mean(row) for row in values])) for values in (first, second)]
    return Line(int(known.any(axis=0).sum()), values[0], values[1], values[1] - values[0], *ends)


TASKS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, int, int], Paired]] = {
    "classification": _scores,
    "segmentation": _masks,
}
