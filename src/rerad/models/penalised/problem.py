"""One set of cases, posed once for all targets and penalties; a target on it; the fits of a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from rerad.core.errors import ReradError
from rerad.models.penalised.newton import Net
from rerad.models.penalised.path import ends, follow
from rerad.models.penalised.ridge import SMALL, Spectrum, ridge, spectrum
from rerad.models.penalised.screening import Looked
from rerad.models.penalised.standardise import Columns, standardise

Array = NDArray[np.float64]
LEAST_RATIO = 1e-3  # glmnet takes its largest λ at this l1 ratio where the ratio is smaller
FEW_CASES, MANY_CASES = 0.01, 1e-4  # glmnet's lambda.min.ratio with fewer cases than features, and else


@dataclass(frozen=True)
class Answer:
    """A target: its mean and standard deviation (1/n), and it as the solvers see it, centred and of length 1.

    ``response`` (k,) is reduced as the features are, ``outside`` the squared length of what that leaves out;
    ``correlations`` (features,) are those of the features with it and ``largest`` the largest; 0 for a constant target.
    ``looked`` is what all its paths remember of residuals.
    """

    mean: float
    sd: float
    length: float
    response: Array
    outside: float
    correlations: Array
    largest: float
    looked: Looked


@dataclass(frozen=True)
class Problem:
    """Standardised features of some cases, ``features`` (features, k), and of others to predict, ``test``.

    With more cases than features the cases are rotated by ``rotate`` into as many as there are features, which changes
    no fit.
    """

    columns: Columns
    features: Array
    test: Array
    cases: int
    rotate: Callable[[Array], Array] | None

    def answer(self, target: Array) -> Answer:
        """Return a target (cases,) as the solvers see it."""
        column = standardise(target[None])
        mean, length = float(column.centre()[0]), float(np.ldexp(column.length[0], column.exponent[0]))
        response = column.values[0] if self.rotate is None else self.rotate(column.values[0])
        correlations = self.features @ response
        outside = 0.0 if self.rotate is None else max(0.0, 1.0 - float(response @ response))
        largest = float(np.abs(correlations).max())
        looked = Looked(self.features)
        return Answer(mean, length / self.cases**0.5, length, response, outside, correlations, largest, looked)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Eigenvalues and vectors of the cases' Gram matrix."""
        return spectrum(self.features)

    @cached_property
    def kernel(self) -> Array:
        """Scalar products of the cases with those to predict (k, others)."""
        return self.features.T @ self.test

    @cached_property
    def unstandardised(self) -> Array:
        """Features (features, k) whose sums are coefficients per unit of the given ones, once for all targets."""
        return self.columns.original(self.features)

    @cached_property
    def precise_spectrum(self) -> Spectrum:
        """The same through singular values, right also where they are small."""
        return spectrum(self.features, precise=True)


@dataclass(frozen=True)
class Fits:
    """The fits of a path in standardised features and units of the target, with ``predictions`` (models, cases).

    Coefficients are ``coefs`` (features, models), or features · ``weights`` (k, models) for a ridge.
    """

    lambdas: Array
    predictions: Array
    violations: Array
    explained: Array
    counts: NDArray[np.int64]
    coefs: csc_array | None
    weights: Array | None


def pose(turned: Array, others: Array | None = None) -> Problem:
    """Return the problem of features given as (features, cases), with ``others`` to predict."""
    columns = standardise(turned)
    p, n = columns.values.shape
    test = np.zeros((p, 0)) if others is None else columns.of(others)
    if n <= p:
        return Problem(columns, columns.values, test, n, None)
    rotation, triangle = np.linalg.qr(columns.values.T)
    return Problem(columns, np.ascontiguousarray(triangle.T), test, n, lambda target: rotation.T @ target)


def own_lambdas(answer: Answer, shape: tuple[int, int], *, l1_ratio: float, n_lambdas: int) -> Array:
    """Return glmnet's path for a target with features of ``shape`` (cases, features)."""
    if n_lambdas < 1:
        raise ReradError(f"n_lambdas is {n_lambdas}", remedy="Ask for one λ at least")
    largest = answer.largest * answer.sd / max(l1_ratio, LEAST_RATIO)
    smallest = FEW_CASES if shape[0] < shape[1] else MANY_CASES
    return largest * smallest ** (np.arange(n_lambdas) / max(1, n_lambdas - 1))


def given_lambdas(lambdas: Any) -> Array:
    """Return given values of λ, the largest first.

    Raises:
        ReradError: none, or one that is not positive.
    """
    values = np.asarray(lambdas, dtype=np.float64).ravel()
    broken = values[~(np.isfinite(values) & (values > 0))]
    if not len(values) or len(broken):
        raise ReradError(f"λ of {broken[0] if len(broken) else 'nothing'}", remedy="Give positive numbers")
    return np.sort(values)[::-1]


def fit_path(
    problem: Problem,
    answer: Answer,
    lambdas: Array,
    *,
    l1_ratio: float,
    own: bool = False,
    early_stop: bool = False,
    keep: bool = False,
) -> Fits:
    """Fit a target at every λ, the largest first; ``keep`` the coefficients.

    ``own`` marks a path of glmnet's own, whose first fit it makes at an infinite λ and so without features.

    Raises:
        ReradError: an l1 ratio outside 0 … 1.
    """
    if not 0.0 <= l1_ratio <= 1.0:
        raise ReradError(f"l1_ratio is {l1_ratio}", remedy="It lies between 0, the ridge, and 1, the lasso")
    if answer.largest == 0.0:
        return _without_features(problem, answer, lambdas)
    levels = lambdas / answer.sd
    fit = _ridge if l1_ratio == 0.0 else _net
    return fit(problem, answer, lambdas, levels, l1_ratio, own, early_stop, keep)


def _without_features(problem: Problem, answer: Answer, lambdas: Array) -> Fits:
    models, zeros = len(lambdas), np.zeros(len(lambdas))
    predictions = np.full((models, problem.test.shape[1]), answer.mean)
    coefs = csc_array((len(problem.features), models))
    return Fits(lambdas, predictions, zeros, zeros, np.zeros(models, dtype=np.int64), coefs, None)


def _net(
    problem: Problem,
    answer: Answer,
    lambdas: Array,
    levels: Array,
    l1_ratio: float,
    own: bool,
    early_stop: bool,
    keep: bool,
) -> Fits:
    l1, l2 = levels * l1_ratio, levels * (1.0 - l1_ratio)
    if own:
        l1[0] = max(l1[0], answer.largest)
    net = Net(answer.looked, answer.response, answer.correlations, answer.largest, problem.test)
    found = follow(net, l1, l2, outside=answer.outside, early_stop=early_stop, keep=keep)
    models = len(found.counts)
    predicted = answer.mean + answer.length * found.predictions
    coefs = None if found.coefs is None else found.coefs * answer.length
    return Fits(lambdas[:models], predicted, found.violations, found.explained, found.counts, coefs, None)


def _ridge(
    problem: Problem,
    answer: Answer,
    lambdas: Array,
    levels: Array,
    l1_ratio: float,
    own: bool,
    early_stop: bool,
    keep: bool,
) -> Fits:
    parts = problem.spectrum
    if levels[-1] < SMALL * parts.values.max():
        parts = problem.precise_spectrum
    weights, missing, residual = ridge(parts, answer.response, levels)
    if own:
        weights[:, 0], missing[:, 0], residual[:, 0] = 0.0, 0.0, answer.response
    explained = 1.0 - answer.outside - np.einsum("ij,ij->j", residual, residual)
    models = len(lambdas)
    if early_stop:
        models = next((model + 1 for model in range(models) if ends(explained, model)), models)
    weights = weights[:, :models]
    counts = np.full(models, int(problem.columns.varies.sum()))
    if own:
        counts[0] = 0
    predicted = answer.mean + answer.length * (weights.T @ problem.kernel)
    violations = np.sqrt(np.einsum("ij,ij->j", missing, missing)) / answer.largest
    return Fits(
        lambdas[:models],
        predicted,
        violations[:models],
        explained[:models],
        counts,
        None,
        weights * answer.length if keep else None,
    )
