"""Which features are active at a residual, certain without looking at all of them.

The correlations of all features are known exactly at some earlier residuals. A new residual is split into its part in
their span, whose correlations are sums of the known ones, and the rest, whose length bounds what it can add: features
have length 1 (Cauchy and Schwarz). Only features whose status that leaves open are multiplied out. Most features are
far from active for a long stretch of the path; the same argument from one residual leaves them out altogether.

The residuals of one target along the paths of neighbouring l1 ratios are so close to each other's span that what was
looked at on one path serves the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rerad.models.penalised.statuses import changes, split, stays_below

Array = NDArray[np.float64]
Places = NDArray[np.int64]
MOST, KEPT = 40, 20  # residuals known at most, and how many of them, the latest, are kept then
DEPENDENT = 1e-7  # share of a residual outside the span below which it adds nothing to it but rounding
FAR = 0.7  # of the level: features under it at one residual need not be asked at those close to it
ROUNDING = 4e-16  # of a sum, for each of its terms
WORTH = 0.2  # multiplying out p / 2 features one by one takes as long as all at once, which can then be remembered


class Looked:
    """Directions in which all features (features, cases) were multiplied out: those of residuals, one after the other.

    ``basis`` (k, cases) is orthonormal, ``known`` (k, features) its correlations and ``known_close`` those of the
    features ``close``.
    """

    def __init__(self, features: Array) -> None:
        p, n = features.shape
        self.features = features
        self.rounding = ROUNDING * n
        self.most = min(MOST, n)
        self.places = np.empty((self.most, n)), np.empty((self.most, p))
        self.made: list[Array] = []  # the residuals that were looked at, by the basis
        self.opened = 0
        self._span()
        self.close: Places = np.arange(p)
        self.known_close = self.known
        self.centre, self.far = np.ones(n), 0.0

    def _span(self) -> None:
        size = len(self.made)
        self.basis, self.known = self.places[0][:size], self.places[1][:size]

    def pays(self, number: int) -> bool:
        """Return whether to look at all features at once, for ``number`` more that had to be multiplied out."""
        self.opened += number
        return self.opened > WORTH * len(self.features)

    def look(self, residual: Array) -> None:
        """Multiply out all features in the direction of a residual that is not known yet, and remember it."""
        self.opened = 0
        parts, outside = split(residual, self.basis)
        if outside <= DEPENDENT * np.sqrt(residual @ residual):
            return
        if len(self.made) == self.most:
            self._forget()
            parts, outside = split(residual, self.basis)
        direction = residual - parts @ self.basis
        direction -= (self.basis @ direction) @ self.basis
        direction /= np.sqrt(direction @ direction)
        bases, known = self.places
        size = len(self.made)
        # The new direction itself is multiplied out: a difference of correlations would hand on their rounding.
        bases[size], known[size] = direction, self.features @ direction
        self.made.append(np.append(parts, outside))
        self._span()
        self._know_close()

    def _know_close(self) -> None:
        self.known_close = np.ascontiguousarray(self.known[:, self.close])

    def _forget(self) -> None:
        """Keep the span of the latest residuals alone."""
        made = np.zeros((len(self.basis), KEPT))
        for place, parts in enumerate(self.made[-KEPT:]):
            made[: len(parts), place] = parts
        turn, triangle = np.linalg.qr(made)
        bases, known = self.places
        bases[:KEPT] = turn.T @ self.basis
        known[:KEPT] = (self.features @ bases[:KEPT].T).T
        self.made = [triangle[: place + 1, place] for place in range(KEPT)]
        self._span()

    def changes(
        self,
        residual: Array,
        level: float,
        margin: float,
        sign: Array,
        members: Places,
        *,
        members_too: bool,
    ) -> tuple[Places, Array]:
        """Return the features whose sign at a residual (cases,) is not ``sign`` (features,), and the new signs.

        An inactive feature becomes active over ``level`` + ``margin``. The sign of ``members``, which are active, is
        only asked for if ``members_too``.
        """
        if self.far == 0.0 or not stays_below(residual, level, self.centre, self.far):
            self._choose_close(residual, FAR * level, members)
            if not stays_below(residual, level, self.centre, self.far):
                self._choose_close(residual, 0.0, members)
        parts, radius = self._parts(residual)
        given = residual, level, margin, sign, members_too
        changed, signs, opened = changes(self.features, self.close, self.known_close, parts, radius, *given)
        if self.pays(opened):
            self.look(residual)
        return changed, signs

    def _parts(self, residual: Array) -> tuple[Array, float]:
        """Return the parts of a residual along the basis, and the most by which correlations by them are off."""
        parts, outside = split(residual, self.basis)
        return parts, outside + self.rounding * float(np.sqrt(residual @ residual) + np.abs(parts).sum())

    def candidates(self, residuals: Array, levels: Array, members: Places) -> tuple[Places, Array, Array]:
        """Return features that may exceed ``levels`` (models,) at ``residuals`` (cases, models), all others do not.

        With them their correlations (models, candidates) and the most by which these are off (models,). ``members`` are
        active and so among them.
        """
        # Nothing is far at first, and where the last choice left nothing out.
        if self.far == 0.0 or not self._far_stay_below(residuals, levels):
            last = np.ascontiguousarray(residuals[:, -1])
            self._choose_close(last, FAR * levels[-1], members)
            if not self._far_stay_below(residuals, levels):
                self._choose_close(last, 0.0, members)
        parts = self.basis @ residuals
        rest = residuals - self.basis.T @ parts
        again = self.basis @ rest
        rest -= self.basis.T @ again
        parts += again
        rounding = self.rounding * (np.sqrt((residuals * residuals).sum(axis=0)) + np.abs(parts).sum(axis=0))
        return self.close, parts.T @ self.known_close, np.sqrt((rest * rest).sum(axis=0)) + rounding

    def _far_stay_below(self, residuals: Array, levels: Array) -> bool:
        """Return whether no feature that is not close exceeds the level at any of the residuals."""
        pairs = zip(np.ascontiguousarray(residuals.T), levels, strict=True)
        return all(stays_below(residual, float(level), self.centre, self.far) for residual, level in pairs)

    def _choose_close(self, residual: Array, level: float, members: Places) -> None:
        """Take for close what may exceed ``level`` at a residual, and what is active."""
        parts, radius = self._parts(residual)
        close = np.abs(parts @ self.known) >= level - radius
        close[members] = True
        self.close = np.flatnonzero(close)
        self.centre, self.far = residual, level
        self._know_close()
