"""Search for a method, whatever is searched, and write what its training reads."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.cost import measure
from rerad.core.files import write_csv, write_json
from rerad.search.code import searcher
from rerad.search.found import NETWORK_HISTORY, TABLE_HISTORY, Searched
from rerad.training.code import is_network
from rerad.training.failure import recorded
from rerad.training.job import Job


def choose(
    *,
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
    features: Path | None = None,
    arrays: Path | None = None,
    slices: Path | None = None,
    device: str = "cpu",
    gpu_share: int = 1,
) -> None:
    """Search on the training side of each fold and write what was chosen and how it came about.

    ``settings`` is the method's entry in its study (``model``, ``modalities``, ``search``, and of a network also
    ``network`` and ``recipe``). Every fold has its own seed, so that folds give the same numbers in one job or in many.
    A failure is written as ``failed`` into ``chosen``, beside an empty history.
    """
    job = Job(
        cases=cases,
        splits=splits,
        features=features,
        chosen=None,
        arrays=arrays,
        slices=slices,
        weights=None,
        method=method,
        settings=settings,
        seed=seed,
        cohort=cohort,
        folds=folds,
        folder=chosen.parent,
        threads=threads,
        device=device,
        gpu_share=gpu_share,
        keep_model=False,
        spacing_mm=None,
    )
    columns = NETWORK_HISTORY if is_network(settings) else TABLE_HISTORY
    found = Searched({}, pd.DataFrame(columns=columns))
    how = importlib.import_module(searcher(settings))
    with measure() as spent, recorded(f"search of {method}") as outcome:
        found = how.choose_folds(job)
    write_csv(history, found.history[columns])
    write_json(chosen, {**outcome, "folds": found.folds, **found.beside})
    about = {"method": method, "seed": seed, "folds": folds, "threads": threads}
    write_json(cost, {**spent, **outcome, **about, **found.cost})
    if not outcome["failed"]:
        how.clean_up(job)
