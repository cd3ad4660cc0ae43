"""The elastic net of many targets over folds, l1 ratios and λ: what is predicted out of fold, and the best choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from rerad.core.errors import ReradError
from rerad.core.parallel import map_cases
from rerad.models.penalised.problem import Answer, Problem, fit_path, given_lambdas, own_lambdas, pose
from rerad.models.penalised.standardise import checked

Array = NDArray[np.float64]
Folds = list[tuple[NDArray[np.bool_], Problem]]  # which cases are held out, and the problem of the others
L1_RATIOS = tuple(number / 20 for number in range(21))


@dataclass(frozen=True)
class Settings:
    """What is tried: l1 ratios, and λ given or a number of them, on paths of each fold's ``own`` or of all cases."""

    l1_ratios: tuple[float, ...]
    n_lambdas: int
    lambdas: Any
    own: bool


@dataclass(frozen=True)
class Choice:
    """The pair of l1 ratio and λ with the largest pooled out-of-fold R² for one target.

    ``out_of_fold`` (cases,) are its predictions; ``scores`` the R² of all pairs (ratios, models), nan where they do not
    count, and ``lambdas`` (ratios, models) their λ, nan behind a path that stopped; ``violation`` is the largest of the
    KKT conditions of all fits. Where no pair counts the λ is nan and the predictions are the training means.
    """

    l1_ratio: float
    lam: float
    r2: float
    out_of_fold: Array
    lambdas: Array
    scores: Array
    violation: float


@dataclass(frozen=True)
class Nested:
    """Predictions of one target (cases,), each by the pair chosen without its fold, and the choice of each fold."""

    out_of_fold: Array
    r2: float
    choices: dict[Any, Choice]


@dataclass(frozen=True)
class _Row:
    """What one l1 ratio comes to for one target."""

    lambdas: Array
    scores: Array
    best: Array
    violation: float


def elastic_net_cv(
    X: Any,
    y: Any,
    folds: Any,
    *,
    l1_ratios: Sequence[float] = L1_RATIOS,
    n_lambdas: int = 100,
    lambdas: Any = None,
    fold_paths: str = "shared",
    workers: int = 1,
) -> list[Choice]:
    """Choose l1 ratio and λ for each target by the R² of all out-of-fold predictions together.

    ``X`` (cases, features), ``y`` (cases,) or (cases, targets), ``folds`` (cases,) a label each. What a fold's features
    need is worked out once for all targets and ratios; ``workers`` are processes that share the targets. Without
    ``lambdas`` each ratio has the path of all cases (see ``elastic_net_path``), and with ``fold_paths`` ``shared``
    every fold is fitted on it. ``own`` is what R's cv.glmnet does without ``lambda=``: each fold has its own path,
    paths stop early, and predictions are interpolated at the λ of all cases. A pair counts if no fold's model is
    intercept-only; of equals the first ratio and the largest λ are chosen.

    Raises:
        ReradError: see ``elastic_net_path``; fewer than two folds, a fold that leaves fewer than two cases, or a
            case without a fold.
    """
    values, targets = checked(X, y)
    settings = Settings(tuple(l1_ratios), n_lambdas, lambdas, fold_paths == "own")
    if not settings.l1_ratios:
        raise ReradError("no l1 ratio to choose from", where="l1_ratios")
    labels = _checked_folds(folds, len(values), fold_paths)
    parts = np.array_split(targets, max(1, min(workers, targets.shape[1])), axis=1)
    work = partial(_choose, values, labels, settings)
    found: list[Choice] = []
    for choices in map_cases(work, parts, workers=workers, label="elastic net"):
        if isinstance(choices, ReradError):
            raise choices
        found += choices
    return found


def elastic_net_nested(X: Any, y: Any, folds: Any, **settings: Any) -> list[Nested]:
    """Predict each fold by the pair chosen on the other folds alone, for each target.

    The other folds are the inner ones; ``settings`` are those of ``elastic_net_cv``. The model of a fold is fitted on
    all other folds at the chosen λ.

    Raises:
        ReradError: see ``elastic_net_cv``; fewer than three folds.
    """
    values, targets = checked(X, y)
    labels = _checked_folds(folds, len(values), settings.get("fold_paths", "shared"))
    if len(np.unique(labels)) < 3:
        raise ReradError("2 folds leave one to choose on", where="folds", remedy="Nested choice needs three")
    predicted = np.empty(targets.shape)
    choices: list[dict[Any, Choice]] = [{} for _ in targets.T]
    for label in np.unique(labels).tolist():
        held = labels == label
        found = elastic_net_cv(values[~held], targets[~held], labels[~held], **settings)
        problem = pose(np.ascontiguousarray(values[~held].T), values[held].T)
        for number, choice in enumerate(found):
            choices[number][label] = choice
            answer = problem.answer(targets[~held, number])
            predicted[held, number] = answer.mean
            if np.isfinite(choice.lam):
                path = given_lambdas(choice.lam)
                with threadpool_limits(1):
                    fits = fit_path(problem, answer, path, l1_ratio=choice.l1_ratio)
                predicted[held, number] = fits.predictions[0]
    return [
        Nested(guess, _pooled_r2(target, guess[None])[0], own)
        for target, guess, own in zip(targets.T, predicted.T, choices, strict=True)
    ]


def _choose(values: Array, labels: NDArray, settings: Settings, targets: Array) -> list[Choice]:
    """Choose for some targets (cases, targets)."""
    turned = np.ascontiguousarray(values.T)
    whole = pose(turned)
    parts: Folds = [
        (labels == label, pose(turned[:, labels != label], turned[:, labels == label])) for label in np.unique(labels)
    ]
    found = []
    # The products are too small for a team of threads to be worth its waking.
    with threadpool_limits(1):
        for target in targets.T:
            # The same answers for all ratios: what is looked at on one path serves the next.
            answer, inner = whole.answer(target), [problem.answer(target[~held]) for held, problem in parts]
            rows = [_row(whole, answer, parts, inner, target, ratio, settings) for ratio in settings.l1_ratios]
            found.append(_choice(settings.l1_ratios, rows, target, parts))
    return found


def _row(
    whole: Problem,
    answer: Answer,
    parts: Folds,
    answers: list[Answer],
    target: Array,
    ratio: float,
    settings: Settings,
) -> _Row:
    """Fit one l1 ratio in all folds; ``answer`` and ``answers`` are the target of all cases and of each fold's."""
    shape = (whole.cases, len(whole.features))
    n_lambdas, own = settings.n_lambdas, settings.own and settings.lambdas is None
    if settings.lambdas is not None:
        path = given_lambdas(settings.lambdas)
    else:
        path = own_lambdas(answer, shape, l1_ratio=ratio, n_lambdas=n_lambdas)
    if own:
        path = fit_path(whole, answer, path, l1_ratio=ratio, own=True, early_stop=True).lambdas
    predicted = np.empty((len(path), len(target)))
    counted = np.ones(len(path), dtype=bool)
    violation = 0.0
    for (held, problem), inner in zip(parts, answers, strict=True):
        if own:
            shape = (problem.cases, len(problem.features))
            inner_path = own_lambdas(inner, shape, l1_ratio=ratio, n_lambdas=n_lambdas)
            fits = fit_path(problem, inner, inner_path, l1_ratio=ratio, own=True, early_stop=True)
            predicted[:, held] = np.transpose([_between(path, fits.lambdas, one) for one in fits.predictions.T])
            counted &= _between(path, fits.lambdas, fits.counts.astype(float)) > 0
        else:
            fits = fit_path(problem, inner, path, l1_ratio=ratio)
            predicted[:, held] = fits.predictions
            counted &= fits.counts > 0
        violation = max(violation, float(fits.violations.max()))
    scores = np.where(counted, _pooled_r2(target, predicted), np.nan)
    best = predicted[int(np.nanargmax(scores))] if counted.any() and np.isfinite(scores).any() else predicted[0]
    return _Row(path, scores, best.copy(), violation)


def _between(path: Array, known: Array, values: Array) -> Array:
    """Return values known at falling λ at those of another path, linear between and constant beyond."""
    return np.interp(path, known[::-1], values[::-1])


def _choice(ratios: Sequence[float], rows: list[_Row], target: Array, parts: Folds) -> Choice:
    longest = max(len(row.lambdas) for row in rows)
    lambdas, scores = (np.full((len(rows), longest), np.nan) for _ in range(2))
    for number, row in enumerate(rows):
        lambdas[number, : len(row.lambdas)] = row.lambdas
        scores[number, : len(row.scores)] = row.scores
    violation = max(row.violation for row in rows)
    if np.isnan(scores).all():
        means = np.empty(len(target))
        for held, _ in parts:
            means[held] = target[~held].mean()
        return Choice(np.nan, np.nan, _pooled_r2(target, means[None])[0], means, lambdas, scores, violation)
    ratio, model = map(int, np.unravel_index(int(np.nanargmax(scores)), scores.shape))
    return Choice(
        float(ratios[ratio]),
        float(lambdas[ratio, model]),
        float(scores[ratio, model]),
        rows[ratio].best,
        lambdas,
        scores,
        violation,
    )


def _pooled_r2(target: Array, predicted: Array) -> Array:
    """Return R² over all cases for predictions (models, cases); nan for a constant target."""
    total = ((target - target.mean()) ** 2).sum()
    if total == 0 or target.max() == target.min():  # the mean may be off by rounding
        return np.full(len(predicted), np.nan)
    return 1.0 - ((target - predicted) ** 2).sum(axis=1) / total


def _checked_folds(folds: Any, cases: int, fold_paths: str) -> NDArray:
    if fold_paths not in ("shared", "own"):
        raise ReradError(f"fold_paths is {fold_paths!r}", remedy="It is 'shared' or 'own'")
    labels = np.asarray(folds)
    if labels.shape != (cases,):
        raise ReradError(f"folds of shape {labels.shape} for {cases} cases", where="folds")
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise ReradError("a case without a fold", where=f"folds, row {missing[0]}", remedy="Give every case a fold")
    names, sizes = np.unique(labels, return_counts=True)
    if len(names) < 2 or cases - sizes.max() < 2:
        raise ReradError(f"{len(names)} folds of {sizes.max()} cases at most leave too few to fit on", where="folds")
    return labels
