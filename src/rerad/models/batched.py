"""Many small logistic regressions at once: candidate feature sets times bootstrap samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def fit_logistic(
    designs: Array,
    weights: Array,
    target: Array,
    *,
    ridge: float,
    iterations: int,
    tolerance: float,
) -> Array:
    """Fit a weighted ridge logistic regression for every design and every row of weights by Newton's method.

    ``designs`` (sets, cases, columns) has the intercept as its last column, which is not penalised; ``weights``
    (samples, cases) are how often a case is drawn; ``target`` (cases,) is 0 or 1. The penalty is ``ridge`` / 2 times
    the squared norm. Returns coefficients (sets, samples, columns).
    """
    sets, cases, columns = designs.shape
    products = (designs[:, :, :, None] * designs[:, :, None, :]).reshape(sets, cases, columns * columns)
    transposed = np.ascontiguousarray(designs.transpose(0, 2, 1))
    penalty = np.append(np.full(columns - 1, ridge), 0.0)
    # The intercept is free; a speck on the diagonal keeps the matrix regular where every case is fitted perfectly.
    diagonal = np.diag(penalty + 1e-10)
    coefficients = np.zeros((sets, len(weights), columns))
    # A ceiling on the change of the linear predictor keeps Newton from overshooting where classes are separable.
    ceiling = 4.0
    for _ in range(iterations):
        fitted = _expit(coefficients @ transposed)
        gradient = (weights * (target - fitted)) @ designs - penalty * coefficients
        curvature = (weights * (fitted * (1.0 - fitted))) @ products
        curvature = curvature.reshape(*gradient.shape, columns) + diagonal
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        change = np.abs(step @ transposed).max(axis=2, keepdims=True)
        step *= np.minimum(1.0, ceiling / np.maximum(change, ceiling))
        coefficients += step
        if change.max() < tolerance:
            break
    return coefficients


def auc_of_samples(scores: Array, held_out: Array, target: Array) -> Array:
    """Return the AUC of each (set, sample) over its held-out cases; ties count one half.

    ``scores`` (sets, samples, cases); ``held_out`` (samples, cases) is 0 or 1. Returns (sets, samples).
    """
    positive, negative = np.flatnonzero(target == 1), np.flatnonzero(target == 0)
    ahead = scores[:, :, positive, None] - scores[:, :, None, negative]
    wins = (ahead > 0) + 0.5 * (ahead == 0)
    held_positive, held_negative = held_out[:, positive], held_out[:, negative]
    won = (wins @ held_negative[None, :, :, None])[..., 0] * held_positive
    return won.sum(axis=2) / (held_positive.sum(axis=1) * held_negative.sum(axis=1))


def _expit(values: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -60.0, 60.0)))
