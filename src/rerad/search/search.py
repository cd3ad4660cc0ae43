"""Search for a method, whatever is searched, and write what its training reads."""

from __future__ import annotations

import importlib

import pandas as pd

from rerad.core.cost import measure
from rerad.core.files import write_csv, write_json
from rerad.search.code import searcher
from rerad.search.found import NETWORK_HISTORY, TABLE_HISTORY, Searched
from rerad.training.code import is_network
from rerad.training.failure import recorded
from rerad.training.job import Job


def choose(job: Job) -> None:
    """Search on the training side of each fold; write what was chosen and how it came about into ``job.folder``.

    ``chosen.json``, ``search_history.csv`` and ``search_cost.json``. Every fold has its own seed, so that folds give
    the same numbers in one job or in many. A failure is written as ``failed`` into ``chosen.json``, beside an empty
    history.
    """
    columns = NETWORK_HISTORY if is_network(job.settings) else TABLE_HISTORY
    found = Searched({}, pd.DataFrame(columns=columns))
    how = importlib.import_module(searcher(job.settings))
    with measure() as spent, recorded(f"search of {job.method}") as outcome:
        found = how.choose_folds(job)
    write_csv(job.folder / "search_history.csv", found.history[columns])
    write_json(job.folder / "chosen.json", {**outcome, "folds": found.folds, **found.beside})
    about = {"method": job.method, "seed": job.seed, "folds": job.folds, "threads": job.threads}
    write_json(job.folder / "search_cost.json", {**spent, **outcome, **about, **found.cost})
    if not outcome["failed"]:
        how.clean_up(job)
