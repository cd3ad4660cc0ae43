"""Train the models that learn from a table of features, fold by fold."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.training.cases import Data, read_classified, side
from rerad.training.chosen import choices
from rerad.training.job import Job, Trained
from rerad.training.predictions import rows
from rerad.training.threads import one_thread

log = logging.getLogger(__name__)


def train_folds(job: Job) -> Trained:
    """Fit a method on the training side of each fold and score the cases of both sides.

    ``artefacts`` describe the fitted models. One thread is used whatever the job has.

    Raises:
        ReradError: the search failed, or the data do not do.
    """
    tables: list[pd.DataFrame] = []
    models: dict[str, dict[str, Any]] = {}
    found = choices(job.chosen)
    data = read_classified(job.features, job.cases, job.splits, job.settings)
    for fold in job.folds:
        table, models[f"fold{fold}.json"] = _train_fold(job, data, fold, found.get(str(fold), {}))
        tables.append(table)
        log.info("%s: fold %d trained", job.method, fold)
    # These models have no epochs.
    return Trained(classification=pd.concat(tables, ignore_index=True), artefacts=models)


def clean_up(job: Job) -> None:
    """Leave everything as it is: nothing is kept on the way."""


def _train_fold(job: Job, data: Data, fold: int, chosen: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
    learn = side(data, fold, "train")
    with one_thread():
        fitted = model_of(job.settings["model"]).fit(
            learn.table,
            learn.target,
            chosen=chosen,
            recipe=job.settings.get("recipe", {}),
            seed=derive(job.seed, job.cohort, job.method, fold, "train"),
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
                        seed=job.seed,
                        role=role,
                        selection="last",
                        variant="published",
                    )
                )
    return pd.concat(tables, ignore_index=True), fitted.summary
