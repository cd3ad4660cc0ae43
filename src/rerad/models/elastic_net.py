"""The elastic net of a numeric target on glmnet's scale: the exact path of λ, for many features and few cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from rerad.core.errors import ReradError
from rerad.models.penalised.problem import Fits, Problem, fit_path, given_lambdas, own_lambdas, pose
from rerad.models.penalised.standardise import checked

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ElasticNetPath:
    """Fits along a path: ``lambdas`` (models,) on glmnet's scale, the largest first, and of each fit

    ``intercepts``, ``counts`` of features, ``explained`` share of the variance of the fitted target, and ``violations``
    of the KKT conditions, in parts of the largest correlation with the target.
    """

    lambdas: Array
    intercepts: Array
    counts: NDArray[np.int64]
    explained: Array
    violations: Array
    left: Array | None
    right: Any

    @cached_property
    def coefs(self) -> Array:
        """Coefficients (features, models) per unit of the features, as a full array: 8 bytes for each."""
        return self.right.toarray() if self.left is None else self.left @ self.right

    @property
    def sparse_coefs(self) -> csc_array:
        """Coefficients (features, models) without the zeros."""
        return self.right if self.left is None else csc_array(self.coefs)

    def predict(self, features: Any) -> Array:
        """Return predictions (cases, models) for ``features`` (cases, features), without the full array ``coefs``."""
        rows = np.asarray(features, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != (self.right if self.left is None else self.left).shape[0]:
            raise ReradError(f"features of shape {rows.shape} are not those the path was fitted on")
        return self.intercepts + (rows @ self.right if self.left is None else (rows @ self.left) @ self.right)


def elastic_net_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float,
    n_lambdas: int = 100,
    lambdas: Any = None,
    early_stop: bool = False,
) -> ElasticNetPath:
    """Fit (1/2n)|y − b₀ − Xb|² + λ (l1_ratio |b|₁ + (1 − l1_ratio)/2 |b|²) along a path of λ, as R's glmnet does.

    ``X`` (cases, features), ``y`` (cases,). As in glmnet the penalty is that of features of standard deviation 1 (by
    1/n), and its quadratic part is divided by that of y. Without ``lambdas`` the path has ``n_lambdas`` values evenly
    spaced in log from the least λ without any feature (for ``l1_ratio`` under 0.001, of 0.001) down to 0.01 of it with
    fewer cases than features, else 0.0001; its first fit has no feature even at ``l1_ratio`` 0, which is glmnet's way.
    Given ``lambdas`` are sorted. ``early_stop`` ends a path as glmnet does: when a fit adds less than 1e-5 of the
    explained variance, or 0.999 is explained. Coefficients are in units of ``X``; constant features have 0.

    >>> path = elastic_net_path(X, y, l1_ratio=0.5)
    >>> path.coefs.shape, path.violations.max() < 1e-9
    ((12042, 100), True)

    Raises:
        ReradError: a value that is no number (named), shapes that do not fit, an ``l1_ratio`` outside 0 … 1, a λ that
            is not positive.

    Source: Friedman, Hastie and Tibshirani, J. Stat. Softw. 33 (2010) 1; conventions from glmnet 4.1.
    """
    values, targets = checked(X, y)
    if targets.shape[1] != 1:
        raise ReradError(f"{targets.shape[1]} targets", remedy="Fit one path a target")
    # The products are too small for a team of threads to be worth its waking.
    with threadpool_limits(1):
        return _path(values, targets[:, 0], l1_ratio, n_lambdas, lambdas, early_stop)


def elastic_nets(X: Any, Y: Any, penalties: Sequence[tuple[float, float]]) -> list[ElasticNetPath]:
    """Fit one model a column of ``Y`` (cases, targets), each at its own (l1 ratio, λ), as ``elastic_net_path`` does.

    What the features need is worked out once for all.

    Raises:
        ReradError: see ``elastic_net_path``; another number of penalties than of targets.
    """
    values, targets = checked(X, Y)
    if len(penalties) != targets.shape[1]:
        raise ReradError(f"{len(penalties)} penalties for {targets.shape[1]} targets")
    with threadpool_limits(1):
        problem = pose(np.ascontiguousarray(values.T))
        found = []
        for target, (l1_ratio, lam) in zip(targets.T, penalties, strict=True):
            answer = problem.answer(target)
            fits = fit_path(problem, answer, given_lambdas(lam), l1_ratio=l1_ratio, keep=True)
            found.append(_in_units(problem, answer.mean, fits))
    return found


def _path(
    values: Array, target: Array, l1_ratio: float, n_lambdas: int, lambdas: Any, early_stop: bool
) -> ElasticNetPath:
    problem = pose(np.ascontiguousarray(values.T))
    answer = problem.answer(target)
    own = lambdas is None
    path = own_lambdas(answer, values.shape, l1_ratio=l1_ratio, n_lambdas=n_lambdas) if own else given_lambdas(lambdas)
    fits = fit_path(problem, answer, path, l1_ratio=l1_ratio, own=own, early_stop=early_stop, keep=True)
    return _in_units(problem, answer.mean, fits)


def _in_units(problem: Problem, mean: float, fitted: Fits) -> ElasticNetPath:
    columns = problem.columns
    centre = columns.centre()
    left: Array | None = None
    right: Any = fitted.weights
    if fitted.coefs is None:
        left = problem.unstandardised
        shift = (centre @ left) @ right
    else:
        found, scale = fitted.coefs, columns.original(np.ones(len(columns.mean)))
        right = csc_array((found.data * scale[found.indices], found.indices, found.indptr), shape=found.shape)
        shift = right.T @ centre
    return ElasticNetPath(fitted.lambdas, mean - shift, fitted.counts, fitted.explained, fitted.violations, left, right)
