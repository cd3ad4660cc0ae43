"""Search features and hyper-parameters of the models that learn from a table, inside each training fold."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.search.found import TABLE_HISTORY, Searched
from rerad.training.cases import Side, read_classified, side
from rerad.training.job import Job
from rerad.training.threads import one_thread


def choose_folds(job: Job) -> Searched:
    """Choose on the training side of each fold, and tell how each candidate fared.

    Every fold has its own process, up to ``threads`` at once, so that the numbers depend neither on the job's folds nor
    on its threads.

    Raises:
        ReradError: the data do not do.
    """
    found: dict[str, Any] = {}
    tables: list[pd.DataFrame] = []
    data = read_classified(job.features, job.cases, job.splits, job.settings)
    sides = {f"fold{fold}": (fold, side(data, fold, "train")) for fold in job.folds}
    work = partial(
        _choose_fold,
        sides=sides,
        model=job.settings["model"],
        search=job.settings["search"],
        seed=job.seed,
        cohort=job.cohort,
        method=job.method,
    )
    results = map_cases(work, list(sides), workers=job.threads, label=f"search {job.method}")
    for fold, result in zip(job.folds, results, strict=True):
        if isinstance(result, ReradError):
            raise result
        found[str(fold)], steps = result
        tables.append(pd.DataFrame(steps).assign(fold=fold)[TABLE_HISTORY])
    return Searched(found, pd.concat(tables, ignore_index=True))


def clean_up(job: Job) -> None:
    """Leave everything as it is: nothing is kept on the way."""


def _choose_fold(
    name: str,
    *,
    sides: dict[str, tuple[int, Side]],
    model: str,
    search: dict[str, Any],
    seed: int,
    cohort: str,
    method: str,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    fold, learn = sides[name]
    with one_thread():
        return model_of(model).choose(
            learn.table, learn.target, settings=search, seed=derive(seed, cohort, method, fold, "search")
        )
