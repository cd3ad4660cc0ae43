"""Which features are active at a residual, certain without looking at all of them.

The correlations of all features are known exactly at a few earlier residuals. A new residual is split into its part in
their span, whose correlations are sums of the known ones, and the rest, whose length bounds what it can add: features
have length 1 (Cauchy and Schwarz). Only features whose status that leaves open are multiplied out. Most features are
far from active for a long stretch of the path; the same argument from one residual leaves them out altogether.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float64]
Places = NDArray[np.int64]
KEPT = 6
DEPENDENT = 1e-7  # share of a residual outside the span below which it adds nothing to it but rounding
FAR = 0.7  # of the level: features under it at one residual need not be asked at those close to it
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
        self.close: Places = np.arange(len(features))
        self.centre, self.far = np.ones(features.shape[1]), 0.0

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

        self.known_close = self.known[:, self.close]

    def candidates(self, residuals: Array, levels: Array, members: Places) -> tuple[Places, Array, Array]:
        """Return features that may exceed ``levels`` (models,) at ``residuals`` (cases, models), all others do not.

        With them their correlations (models, candidates) and the most by which these are off (models,). ``members`` are
        active and so among them.
        """
        # Nothing is far at first, and where the last choice left nothing out.
        if self.far == 0.0 or not self._far_stay_below(residuals, levels):
            self._choose_close(residuals[:, -1], FAR * levels[-1], members)
            if not self._far_stay_below(residuals, levels):
                self._choose_close(residuals[:, -1], 0.0, members)
        near, radius = self._near(residuals, self.known_close)
        return self.close, near, radius

    def _far_stay_below(self, residuals: Array, levels: Array) -> bool:
        """Return whether no feature that is not close exceeds the level at any of the residuals."""
        share = (self.centre @ residuals) / max(float(self.centre @ self.centre), 1e-300)
        rest = residuals - np.outer(self.centre, share)
        return bool((np.abs(share) * self.far + np.sqrt((rest * rest).sum(axis=0)) < levels).all())

    def _choose_close(self, residual: Array, level: float, members: Places) -> None:
        """Take for close what may exceed ``level`` at a residual, and what is active."""
        near, radius = self._near(residual[:, None], self.known)
        size = np.abs(near[0]) + radius[0]
        close = size >= level
        close[members] = True
        self.close = np.flatnonzero(close)
        self.centre, self.far = residual, level
        self.known_close = self.known[:, self.close]

    def _near(self, residuals: Array, known: Array) -> tuple[Array, Array]:
        parts = self.basis @ residuals
        rest = residuals - self.basis.T @ parts
        again = self.basis @ rest
        rest -= self.basis.T @ again
        parts += again
        radius = np.sqrt((rest * rest).sum(axis=0)) + self.rounding * np.sqrt((residuals * residuals).sum(axis=0))
        return parts.T @ known, radius + self.slack @ np.abs(parts)
