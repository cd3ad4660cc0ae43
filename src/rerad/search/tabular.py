"""Search features and hyper-parameters of the models that learn from a table, inside each training fold."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.cost import measure
from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_json
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.training.cases import Side, read_data, side
from rerad.training.failure import recorded
from rerad.training.threads import one_thread

HISTORY = ["fold", "step", "number", "candidate", "criterion", "chosen"]


def choose(
    *,
    features: Path,
    cases: Path,
    splits: Path,
    method: str,
    settings: dict[str, Any],
    seed: int,
    cohort: str,
    folds: list[int],
    threads: int,
    chosen: Path,
    history: Path,
    cost: Path,
) -> None:
    """Search on the training side of each fold and write what was chosen and how each candidate fared.

    ``settings`` is the method's entry in its study (``model``, ``modalities``, ``search``). Every fold has its own
    seed and process, up to ``threads`` at once, so that the numbers depend neither on the job's folds nor on its
    threads. A failure is written as ``failed`` into ``chosen``, beside an empty history.
    """
    found: dict[str, Any] = {}
    tables: list[pd.DataFrame] = []
    with measure() as spent, recorded(f"search of {method}") as outcome:
        data = read_data(features, cases, splits, settings)
        sides = {f"fold{fold}": (fold, side(data, fold, "train")) for fold in folds}
        work = partial(
            _choose_fold,
            sides=sides,
            model=settings["model"],
            search=settings["search"],
            seed=seed,
            cohort=cohort,
            method=method,
        )
        results = map_cases(work, list(sides), workers=threads, label=f"search {method}")
        for fold, result in zip(folds, results, strict=True):
            if isinstance(result, ReradError):
                raise result
            found[str(fold)], steps = result
            tables.append(pd.DataFrame(steps).assign(fold=fold)[HISTORY])
    if outcome["failed"]:
        found, tables = {}, []
    empty = pd.DataFrame(columns=HISTORY)
    write_csv(history, pd.concat(tables, ignore_index=True) if tables else empty)
    write_json(chosen, {**outcome, "folds": found})
    write_json(cost, {**spent, **outcome, "method": method, "seed": seed, "folds": folds, "threads": threads})


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
