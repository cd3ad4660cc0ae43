"""Choose the penalties of the linear models on gene expression: as published, and without the test cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.cohorts.tcga_gbm.stored import open_expression
from rerad.models.elastic_net import ElasticNetPath
from rerad.models.linear import fitted
from rerad.models.penalised.crossed import Choice, elastic_net_cv, elastic_net_nested
from rerad.search.found import TABLE_HISTORY, Searched
from rerad.search.recipe import searches_once
from rerad.training.job import Job
from rerad.training.regression.data import Cohort, read_cohort

Array = NDArray[np.float64]
Penalty = dict[str, Any]


def choose_folds(job: Job) -> Searched:
    """Choose l1 ratio and λ of every feature by the R² of all out-of-fold predictions; models without a gene are none.

    ``published``: on the folds that are reported, each on the path of all cases. ``nested``: for each fold on the
    others alone. ``threads`` are processes that share the features. ``beside``: the models of all cases at the
    published choice, with their genes. In ``history`` fold 0 stands for all.

    Raises:
        ReradError: the data do not do, or there are too few folds.
    """
    cohort, search = read_cohort(job), job.settings["search"]
    every = sorted(int(fold) for fold in cohort.data.splits["fold"].unique())
    folds = every if searches_once(job.settings) else job.folds
    labels = _tested_in(cohort, every)
    # As measured: the elastic net brings every gene to one standard deviation itself.
    values = cohort.values[: len(cohort.target)].astype(float)
    grid = {"l1_ratios": search["l1_ratios"], "n_lambdas": search["n_lambdas"], "workers": job.threads}
    choices = elastic_net_cv(values, cohort.target, labels, **grid)
    published = _penalties(cohort.features, choices)
    found: dict[str, Any] = {str(fold): {"published": {"penalties": published}} for fold in folds}
    history = _history(0, cohort.features, search["l1_ratios"], choices)
    if search["nested"]:
        inside = elastic_net_nested(values, cohort.target, labels, **grid)
        for fold in folds:
            own = [one.choices[fold] for one in inside]
            found[str(fold)]["nested"] = {"penalties": _penalties(cohort.features, own)}
            history += _history(fold, cohort.features, search["l1_ratios"], own)
    models = _models(job, cohort, values, labels, published)
    return Searched(found, pd.DataFrame(history, columns=TABLE_HISTORY), beside={"models": models})


def clean_up(job: Job) -> None:
    """Leave everything as it is: nothing is kept on the way."""


def _tested_in(cohort: Cohort, folds: Sequence[int]) -> NDArray[np.int64]:
    """Return the fold that tests each case."""
    labels = np.zeros(len(cohort.target), dtype=np.int64)
    for fold in folds:
        labels[cohort.side(fold, "test")] = fold
    return labels


def _penalties(features: Sequence[str], choices: Sequence[Choice]) -> list[Penalty]:
    return [
        {
            "feature": feature,
            "l1_ratio": _number(choice.l1_ratio),
            "lam": _number(choice.lam),
            "r2": _number(choice.r2),
            "violation": _number(choice.violation),
        }
        for feature, choice in zip(features, choices, strict=True)
    ]


def _number(value: float) -> float | None:
    """Return a number as JSON has it, None for none."""
    return float(value) if math.isfinite(value) else None


def _history(
    fold: int, features: Sequence[str], ratios: Sequence[float], choices: Sequence[Choice]
) -> list[dict[str, Any]]:
    """Return for every feature and l1 ratio the best R² along its path, and whether it was chosen."""
    rows = []
    for feature, choice in zip(features, choices, strict=True):
        for number, (ratio, scores) in enumerate(zip(ratios, choice.scores, strict=True)):
            best = float(np.nanmax(scores)) if np.isfinite(scores).any() else math.nan
            told = f"l1 ratio {ratio:g}"
            values = (fold, feature, number, told, best, int(ratio == choice.l1_ratio))
            rows.append(dict(zip(TABLE_HISTORY, values, strict=True)))
    return rows


def _models(
    job: Job, cohort: Cohort, values: Array, labels: NDArray[np.int64], penalties: Sequence[Penalty]
) -> list[dict[str, Any]]:
    """Return for every feature the model of all cases, with its genes, the largest effect first."""
    assert job.arrays is not None  # the rules give every regressor its arrays
    names = open_expression(job.arrays).genes["gene"].tolist()
    wholes = fitted(values, cohort.target, penalties)
    parts = [fitted(values[labels != fold], cohort.target[labels != fold], penalties) for fold in np.unique(labels)]
    return [
        {**penalty, "genes": [] if whole is None else _genes(whole, own, values, target, names)}
        for penalty, whole, target, *own in zip(penalties, wholes, cohort.target.T, *parts, strict=True)
    ]


def _genes(
    whole: ElasticNetPath,
    parts: Sequence[ElasticNetPath | None],
    values: Array,
    target: Array,
    names: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the genes of a feature's model of all cases, the largest effect first.

    ``weight`` is in the feature's unit per unit of expression, ``effect`` in standard deviations of the feature per
    standard deviation of the gene; ``folds`` counts the folds' own models, ``parts``, that have the gene as well.
    """
    weights = whole.coefs[:, 0]
    effects = weights * values.std(axis=0) / target.std()
    times = sum((part.coefs[:, 0] != 0).astype(int) for part in parts if part is not None)
    order = [column for column in np.argsort(-np.abs(effects), kind="stable") if weights[column] != 0]
    return [
        {
            "gene": names[column],
            "column": int(column),
            "weight": float(f"{weights[column]:.6g}"),
            "effect": float(f"{effects[column]:.6g}"),
            "folds": int(times[column]),
        }
        for column in order
    ]
