"""HC+ElasticNet: logistic regression with an elastic-net penalty chosen inside the training fold."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold

from rerad.core.seeds import derive
from rerad.models.fitted import Fitted
from rerad.models.preparing import learn, standardise
from rerad.models.resampling import check_inner_folds

Array = NDArray[np.float64]


def choose(
    table: pd.DataFrame, target: NDArray, *, settings: dict[str, Any], seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Choose the l1 ratio and λ by the cross-validated deviance inside one training fold.

    ``table`` (cases, features), ``target`` (cases,) 0 or 1; ``settings`` is the method's ``search`` entry. λ is on
    glmnet's scale: loss = mean negative log-likelihood + λ (l1_ratio · |β|₁ + (1 − l1_ratio) / 2 · |β|²); its path
    goes from the smallest λ without any feature down to ``lambda_ratio`` of it. Filling, leaving out and scaling are
    learned in each inner training part anew. Returns what was chosen and the history.

    Raises:
        ReradError: a class has fewer cases than ``inner_folds``.

    Source: Friedman, Hastie and Tibshirani, J. Stat. Softw. 33 (2010) 1, for path and scale; scikit-learn's solver.
    """
    check_inner_folds(target, settings["inner_folds"])
    inner = RepeatedStratifiedKFold(
        n_splits=settings["inner_folds"], n_repeats=settings["repeats"], random_state=derive(seed, "inner")
    )
    parts = list(inner.split(np.zeros(len(target)), target))
    everything = standardise(table, learn(table))
    tried: list[tuple[float, float, float]] = []
    for ratio in settings["l1_ratios"]:
        path = lambda_path(
            everything, target, l1_ratio=ratio, lambdas=settings["lambdas"], smallest=settings["lambda_ratio"]
        )
        deviance = np.zeros(len(path))
        for train, test in parts:
            preparation = learn(table.iloc[train])
            scores = _scores_along(
                standardise(table.iloc[train], preparation),
                target[train],
                standardise(table.iloc[test], preparation),
                ratio,
                path,
                settings,
                derive(seed, "solver"),
            )
            deviance += [_deviance(target[test], score) for score in scores]
        tried += [(float(ratio), float(lam), float(d)) for lam, d in zip(path, deviance / len(parts), strict=True)]
    # Of equals the first: the sparser ratio listed first, the larger λ.
    best = min(range(len(tried)), key=lambda index: tried[index][2])
    history = [
        {
            "step": "penalty",
            "number": number + 1,
            "candidate": f"l1_ratio={ratio:g},lambda={lam:.6g}",
            "criterion": deviance,
            "chosen": int(number == best),
        }
        for number, (ratio, lam, deviance) in enumerate(tried)
    ]
    return {"l1_ratio": tried[best][0], "lambda": tried[best][1], "deviance": tried[best][2]}, history


def lambda_path(values: Array, target: NDArray, *, l1_ratio: float, lambdas: int, smallest: float) -> Array:
    """Return ``lambdas`` values, evenly spaced in log, from the λ that leaves no feature down to ``smallest`` of it."""
    gradient = np.abs(values.T @ (target - target.mean())).max() / len(target)
    # glmnet's own guard: a pure ridge has no largest λ.
    largest = gradient / max(l1_ratio, 1e-3)
    return np.geomspace(largest, largest * smallest, lambdas)


def fit(table: pd.DataFrame, target: NDArray, *, chosen: dict[str, Any], recipe: dict[str, Any], seed: int) -> Fitted:
    """Fit the chosen penalty on a training fold (cases, features)."""
    preparation = learn(table)
    model = _model(chosen["l1_ratio"], recipe, derive(seed, "solver"))
    _fit(model, standardise(table, preparation), target, chosen["lambda"])
    coefficients = model.coef_[0]
    summary = {
        "coefficients": {n: float(c) for n, c in zip(preparation.columns, coefficients, strict=True) if c},
        "intercept": float(model.intercept_[0]),
        "mean": dict(zip(preparation.columns, preparation.mean.tolist(), strict=True)),
        "sd": dict(zip(preparation.columns, preparation.sd.tolist(), strict=True)),
    }
    return Fitted(lambda cases: model.predict_proba(standardise(cases, preparation))[:, 1], summary)


def _scores_along(
    train: Array, target: NDArray, test: Array, ratio: float, path: Array, settings: dict[str, Any], seed: int
) -> list[Array]:
    # Each fit starts where the larger λ ended: along a path only a few iterations are needed.
    model = _model(ratio, settings, seed)
    model.set_params(warm_start=True)
    return [_fit(model, train, target, lam).predict_proba(test)[:, 1] for lam in path]


def _model(ratio: float, numbers: dict[str, Any], seed: int) -> LogisticRegression:
    return LogisticRegression(
        solver="saga", l1_ratio=ratio, tol=numbers["tolerance"], max_iter=numbers["iterations"], random_state=seed
    )


def _fit(model: LogisticRegression, values: Array, target: NDArray, lam: float) -> LogisticRegression:
    model.set_params(C=1.0 / (len(target) * lam))
    with warnings.catch_warnings():
        # The iterations are part of the recipe; the criterion judges what they reach.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(values, target)


def _deviance(target: NDArray, score: Array) -> float:
    score = np.clip(score, 1e-12, 1 - 1e-12)
    return float(-2.0 * np.mean(np.where(target == 1, np.log(score), np.log(1.0 - score))))
