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
from rerad.training.predictions import CLASSIFICATION, HISTORY, REGRESSION, SEGMENTATION, SYNTHESIS


def train(
    *,
    cases: Path,
    splits: Path,
    method: str,
    settings: dict[str, Any],
    seed: int,
    cohort: str,
    folds: list[int],
    threads: int,
    predictions: Path,
    segmentation: Path,
    regression: Path,
    history: Path,
    synthesis: Path,
    cost: Path,
    artefacts: Path,
    features: Path | None = None,
    chosen: Path | None = None,
    arrays: Path | None = None,
    slices: Path | None = None,
    weights: Path | None = None,
    external: Path | None = None,
    device: str = "cpu",
    gpu_share: int = 1,
    keep_model: bool = False,
    spacing_mm: float | None = None,
) -> None:
    """Train a method on the training side of each fold and write its predictions of both sides.

    ``settings`` is the method's entry in its study: ``model``, ``modalities``, ``recipe``, and of a network also
    ``network``. ``chosen`` is what a search wrote, ``external`` the file of a method that was trained elsewhere; inputs
    that a method does not need are None (see :class:`Job`).
    Every fold has its own seed, so that folds give the same numbers in one job or in many. A failure leaves empty
    tables and its message in ``cost``. Checkpoints lie beside the tables until these are written, models if kept.
    """
    job = Job(
        cases=cases,
        splits=splits,
        features=features,
        chosen=chosen,
        arrays=arrays,
        slices=slices,
        weights=weights,
        method=method,
        settings=settings,
        seed=seed,
        cohort=cohort,
        folds=folds,
        folder=cost.parent,
        threads=threads,
        device=device,
        gpu_share=gpu_share,
        keep_model=keep_model,
        spacing_mm=spacing_mm,
        external=external,
    )
    trained = Trained()
    how = importlib.import_module(trainer(settings))
    with measure() as spent, recorded(f"training {method}") as outcome:
        trained = how.train_folds(job)
    write_csv(predictions, _table(trained.classification, CLASSIFICATION))
    write_csv(segmentation, _table(trained.segmentation, SEGMENTATION))
    write_csv(regression, _table(trained.regression, REGRESSION))
    write_csv(history, _table(trained.history, HISTORY))
    write_csv(synthesis, _table(trained.synthesis, SYNTHESIS))
    _write_artefacts(artefacts, trained.artefacts)
    about = {"method": method, "seed": seed, "folds": folds, "threads": threads, "code": training_code(settings)}
    write_json(cost, {**spent, **outcome, **about, **trained.cost})
    if not outcome["failed"]:
        how.clean_up(job)


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
