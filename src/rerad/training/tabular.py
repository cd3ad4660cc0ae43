"""Train the models that learn from a table of features, fold by fold."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.cost import measure
from rerad.core.errors import ReradError
from rerad.core.files import atomic_folder, write_csv, write_json
from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.training.cases import Data, read_data, side
from rerad.training.code import training_code
from rerad.training.failure import recorded
from rerad.training.predictions import CLASSIFICATION, HISTORY, SEGMENTATION, rows
from rerad.training.threads import one_thread

log = logging.getLogger(__name__)


def train(
    *,
    features: Path,
    cases: Path,
    splits: Path,
    chosen: Path | None,
    method: str,
    settings: dict[str, Any],
    seed: int,
    cohort: str,
    folds: list[int],
    threads: int,
    predictions: Path,
    segmentation: Path,
    history: Path,
    cost: Path,
    artefacts: Path,
) -> None:
    """Fit a method on the training side of each fold and write the scores of both sides.

    ``settings`` is the method's entry in its study (``model``, ``modalities``, ``recipe``); ``chosen`` is what the
    search wrote, None for a method without search. Every fold has its own seed, so that folds give the same numbers
    in one job or in many. ``segmentation`` stays without rows: these models find no tumour.
    ``artefacts/fold<n>.json`` describes the fitted model. A failure leaves empty tables and
    its message in ``cost``. One thread is used whatever ``threads`` says; cost.json keeps it.
    """
    tables: list[pd.DataFrame] = []
    models: dict[int, dict[str, Any]] = {}
    with measure() as spent, recorded(f"training {method}") as outcome:
        found = _read_chosen(chosen)
        data = read_data(features, cases, splits, settings)
        for fold in folds:
            table, models[fold] = _train_fold(data, fold, found.get(str(fold), {}), settings, seed, cohort, method)
            tables.append(table)
            log.info("%s: fold %d trained", method, fold)
    if outcome["failed"]:
        tables, models = [], {}
    empty = pd.DataFrame(columns=CLASSIFICATION)
    write_csv(predictions, pd.concat(tables, ignore_index=True) if tables else empty)
    write_csv(segmentation, pd.DataFrame(columns=SEGMENTATION))
    # These models have no epochs.
    write_csv(history, pd.DataFrame(columns=HISTORY))
    with atomic_folder(artefacts) as folder:
        for fold, model in models.items():
            write_json(folder / f"fold{fold}.json", model)
    about = {
        "method": method,
        "seed": seed,
        "folds": folds,
        "threads": threads,
        "code": training_code(settings["model"]),
    }
    write_json(cost, {**spent, **outcome, **about})


def _train_fold(
    data: Data, fold: int, chosen: dict[str, Any], settings: dict[str, Any], seed: int, cohort: str, method: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    learn = side(data, fold, "train")
    with one_thread():
        fitted = model_of(settings["model"]).fit(
            learn.table,
            learn.target,
            chosen=chosen,
            recipe=settings.get("recipe", {}),
            seed=derive(seed, cohort, method, fold, "train"),
        )
        tables = []
        for role in ("train", "test"):
            judged = side(data, fold, role)
            if len(judged.target):
                score = fitted.score(judged.table)
                tables.append(
                    rows(
                        judged.table.index,
                        judged.target,
                        score,
                        fold=fold,
                        seed=seed,
                        role=role,
                        selection="last",
                        variant="published",
                    )
                )
    return pd.concat(tables, ignore_index=True), fitted.summary


def _read_chosen(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    content = json.loads(Path(path).read_text())
    if content["failed"]:
        raise ReradError(content["failed"])
    return content["folds"]
