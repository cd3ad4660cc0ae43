"""Train a method, whatever it is, and write what every evaluation reads."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.core.cost import measure
from rerad.core.files import atomic, atomic_folder, write_csv, write_json
from rerad.training.code import trainer, training_code
from rerad.training.failure import recorded
from rerad.training.job import Job, Trained
from rerad.training.kept import remove_unwanted_models
from rerad.training.predictions import COLUMNS, HISTORY


def train(job: Job) -> None:
    """Train a method on the training side of each fold and write its predictions of both sides into ``job.folder``.

    ``predictions_<task>.csv`` of every task, ``history.csv``, ``artefacts/`` and ``cost.json``. Every fold has its own
    seed, so that folds give the same numbers in one job or in many. A failure leaves empty tables and its message in
    ``cost.json``. Checkpoints lie beside the tables until these are written, models if kept: never those of others.
    """
    trained = Trained()
    how = importlib.import_module(trainer(job.settings))
    with measure() as spent, recorded(f"training {job.method}") as outcome:
        trained = how.train_folds(job)
    for task, columns in COLUMNS.items():
        write_csv(job.folder / f"predictions_{task}.csv", _table(getattr(trained, task), columns), exact=True)
    write_csv(job.folder / "history.csv", _table(trained.history, HISTORY))
    _write_artefacts(job.folder / "artefacts", trained.artefacts)
    about = {"method": job.method, "seed": job.seed, "folds": job.folds, "threads": job.threads}
    code = {"code": training_code(job.settings)}
    write_json(job.folder / "cost.json", {**spent, **outcome, **about, **code, **trained.cost})
    if not outcome["failed"]:
        how.clean_up(job)
        remove_unwanted_models(job)


def _table(rows: pd.DataFrame | None, columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=columns) if rows is None else rows[columns]


def _write_artefacts(target: Path, artefacts: dict[str, dict[str, Any]]) -> None:
    with atomic_folder(target) as folder:
        for name, content in artefacts.items():
            if name.endswith(".json"):
                write_json(folder / name, content)
            else:
                with atomic(folder / name) as part, open(part, "wb") as file:
                    arrays: dict[str, Any] = {key: np.asarray(value) for key, value in content.items()}
                    np.savez(file, **arrays)
