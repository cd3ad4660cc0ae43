"""Ridge regression at every λ at once, through the singular values of the features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SMALL = 1e-6  # of the largest eigenvalue: penalties below it ask for singular values of the features themselves


@dataclass(frozen=True)
class Spectrum:
    """Eigenvectors (cases, k) and eigenvalues (k,) of the cases' Gram matrix X X'; the other eigenvalues are 0."""

    vectors: Array
    values: Array


def spectrum(features: Array, *, precise: bool = False) -> Spectrum:
    """Return the spectrum of ``features`` (features, cases); small eigenvalues are right too if it is ``precise``."""
    p, n = features.shape
    if precise or p < n:
        _, singular, turned = np.linalg.svd(features, full_matrices=False)
        return Spectrum(np.ascontiguousarray(turned.T), singular**2)
    values, vectors = np.linalg.eigh(features @ features.T if p < n else features.T @ features)
    return Spectrum(vectors, np.maximum(values, 0.0))


def ridge(parts: Spectrum, response: Array, l2: Array) -> tuple[Array, Array, Array]:
    """Return for penalties ``l2`` (models,) the weights w = (X X' + d)⁻¹ y of the cases, with coefficients X'w.

    With them the error of these equations, which bounds the violation of the optimality, and the residuals; each is
    (cases, models).
    """
    inner = (parts.vectors.T @ response)[:, None]
    values = parts.values[:, None]
    weights = inner / (values + l2)
    missing = inner - (values + l2) * weights
    weights += missing / (values + l2)
    weights = parts.vectors @ weights
    fitted = parts.vectors @ (values * (parts.vectors.T @ weights))
    return weights, response[:, None] - fitted - weights * l2, response[:, None] - fitted
