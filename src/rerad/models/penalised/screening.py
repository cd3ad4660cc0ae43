"""Which features are active at a residual, certain without looking at all of them.

The correlations of all features are known exactly at a few earlier residuals. A new residual is split into its part in
their span, whose correlations are sums of the known ones, and the rest, whose length bounds what it can add: features
have length 1 (Cauchy and Schwarz). Only features whose status that leaves open are multiplied out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float64]
KEPT = 6
DEPENDENT = 1e-7  # share of a residual outside the span below which it adds nothing to it but rounding
ROUNDING = 4e-16  # of a sum, for each of its terms
WORTH = 3  # multiplying out p / 3 features one by one takes as long as all at once, which can then be remembered


class Looked:
    """The latest residuals at which all features (features, cases) were multiplied out."""

    def __init__(self, features: Array) -> None:
        self.features = features
        self.rounding = ROUNDING * features.shape[1]
        self.kept = min(KEPT, features.shape[1])
        self.residuals: list[Array] = []
        self.products: list[Array] = []
        self.opened = 0

    def pays(self, number: int) -> bool:
        """Return whether to look at all features instead of ``number`` more, for those opened since the last look."""
        self.opened += number
        return self.opened > len(self.features) // WORTH

    def look(self, residual: Array, correlations: Array | None = None) -> Array:
        """Return the correlations of all features (features,) with a residual, and remember them."""
        if correlations is None:
            correlations = self.features @ residual
        self.opened = 0
        if residual.any():
            self.residuals = [residual.copy(), *self.residuals][: self.kept]
            self.products = [correlations, *self.products][: self.kept]
            self._span()
        return correlations

    def _span(self) -> None:
        """Make ``basis`` (k, cases) orthonormal, ``known`` (k, features) its products, ``slack`` (k,) their error."""
        raw = np.array(self.residuals)
        lengths = np.sqrt(np.einsum("ij,ij->i", raw, raw))
        rotation, triangle = np.linalg.qr(raw.T)
        # The newest come first, so that it is the old ones that are left out.
        kept = np.flatnonzero(np.abs(np.diag(triangle)) > DEPENDENT * lengths)
        if len(kept) < len(raw):
            rotation, triangle = np.linalg.qr(raw[kept].T)
        combine = solve_triangular(triangle, np.eye(len(kept)), trans="T")
        self.basis = np.ascontiguousarray(rotation.T)
        self.known = combine @ np.array([self.products[index] for index in kept])
        self.slack = self.rounding * (np.abs(combine) @ lengths[kept])

    def near(self, residual: Array) -> tuple[Array, float]:
        """Return correlations (features,) of a residual and the most by which the true ones can differ from them."""
        parts = self.basis @ residual
        rest = residual - parts @ self.basis
        again = self.basis @ rest
        rest -= again @ self.basis
        parts += again
        radius = (rest @ rest) ** 0.5 + self.rounding * (residual @ residual) ** 0.5 + np.abs(parts) @ self.slack
        return parts @ self.known, float(radius)
