"""Fit the models that predict features of the tumour from a table of gene expression, fold by fold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.training.chosen import choices
from rerad.training.job import Job, Trained
from rerad.training.predictions import REGRESSION
from rerad.training.regression.data import prepared, read_cohort
from rerad.training.regression.recipe import choice_for, read_variants
from rerad.training.regression.rows import regression_rows
from rerad.training.threads import one_thread


def train_folds(job: Job) -> Trained:
    """Fit a model on the training side of each fold and predict the cases of both sides; one thread is used.

    ``artefacts`` describe the fitted models.

    Raises:
        ReradError: the search failed, or the data do not do.
    """
    cohort, found = read_cohort(job), choices(job.chosen)
    rows: list[dict[str, Any]] = []
    models: dict[str, dict[str, Any]] = {}
    module = model_of(job.settings["model"])
    for fold in job.folds:
        sides = {role: cohort.side(fold, role) for role in ("train", "test")}
        for variant in read_variants(job.settings):
            ready = prepared(cohort, variant, sides["test"])
            with one_thread():
                fitted = module.fit(
                    ready.values[sides["train"]].astype(float),
                    cohort.target[sides["train"]],
                    # A floor has nothing to choose: all its variants are without test cases.
                    chosen=choice_for(found, fold, variant) if "search" in job.settings else {},
                    recipe=job.settings["recipe"],
                    seed=derive(job.seed, job.cohort, job.method, fold, "train"),
                )
                told = {"fold": fold, "seed": job.seed, "selection": "last", "variant": variant}
                for role, cases in sides.items():
                    values = fitted.predict(ready.values[cases].astype(float))
                    for case, predicted in zip(cases, values, strict=True):
                        rows += regression_rows(cohort, case, predicted, {**told, "role": role})
            models[f"fold{fold}_{variant}.json"] = fitted.summary
    return Trained(regression=pd.DataFrame(rows, columns=REGRESSION), artefacts=models)


def clean_up(job: Job) -> None:
    """Leave everything as it is: nothing is kept on the way."""
