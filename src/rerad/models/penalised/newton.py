"""One elastic net: semismooth Newton steps on the dual, each the exact solution of an active set.

The dual of ½|y − Xb|² + a|b|₁ + (d/2)|b|² is ½|r|² − y'r + |S(X'r, a)|² / 2d over residuals r (cases,), S the soft
threshold: strictly convex and piecewise quadratic. Newton's step leads to the exact solution of the active set, and
with an exact line search where a whole step does not help, the minimum is reached after finitely many. The KKT
violation of b = S(X'r, a) / d is at most the length of the dual gradient. Without d (the lasso) the dual is not
strictly convex: proximal point steps then add (e/2)|b − b₀|², which is d + e for d, and e b₀ inside S.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerad.models.penalised.active import ActiveSet, Places
from rerad.models.penalised.screening import Looked

Array = NDArray[np.float64]
STEPS, WHOLE_STEPS = 300, 40
MARGIN = 1e-13  # what a correlation may be over the level without becoming active, in parts of the largest with y
PROXIMAL_BELOW, PROXIMAL, PROXIMAL_LEAST, PROXIMAL_TURNS = 1e-7, 1e-5, 1e-8, 60
COMBINED_BELOW = 1e-4  # penalties d over which the rounding of correlations is too small to be felt in coefficients
FARTHEST = 2.0  # of the last step over a: the next one is expected on its straight line up to there
DIRECT_STEPS = 6
GOAL = 1e-11  # for the KKT violation after proximal steps, in parts of the largest correlation with y


@dataclass(frozen=True)
class Fitted:
    """Some fits of the same active features: residuals (cases, models), what they predict (models, others), KKT

    violations (models,) in parts of the largest correlation, and the coefficients (active, models) of ``members``.
    """

    residuals: Array
    predictions: Array
    violations: Array
    members: Places
    coefs: Array | None


class Net:
    """An elastic net that is fitted for one penalty after the other, each from where the last one ended.

    ``features`` (features, cases) have length 1, and so has the target behind ``response``; ``correlations`` are those
    of the features with it, ``largest`` the largest; ``test`` (features, others) are cases to predict.
    """

    def __init__(self, looked: Looked, response: Array, correlations: Array, largest: float, test: Array) -> None:
        features = looked.features
        self.active = ActiveSet(features, response, correlations, test)
        self.looked = looked
        if not len(looked.basis):
            looked.look(response)
        self.residual = response
        self.margin, self.goal = MARGIN * largest, GOAL * largest
        self.largest = largest
        self.centre = np.zeros(len(features))
        self.penalties = np.inf, np.inf
        self.before: tuple[float, Array, Array] | None = None
        self.reach = 0

    def fit(self, a: float, d: float, *, keep: bool) -> Fitted:
        """Fit the penalties a |b|₁ + (d/2)|b|²; ``keep`` the coefficients also where nothing else needs them."""
        last = self.penalties[0], self.residual, self.centre
        self._expect(a, d)
        if d < PROXIMAL_BELOW:
            error = self._fit_directly(a, d)
            if error > self.goal:
                error = self._fit_proximal(a, d)
            coefs: Array | None = self.centre[self.active.members]
        else:
            error = self._minimise(a, d, 0.0) + self.margin
            coefs, missed = self._coefs(a, d, None) if keep or self.active.few else (None, None)
            if missed is not None:
                error = missed + self.margin
        self.came_to(last, a, d)
        return self.told(a, d, self.residual[:, None], None if coefs is None else coefs[:, None], np.array([error]))

    def came_to(self, last: tuple[float, Array, Array], a: float, d: float) -> None:
        """Remember the penalties of the present fit, and a, residual and centre of the ``last`` before it."""
        self.before = last if np.isfinite(last[0]) else None
        self.penalties = a, d

    def _expect(self, a: float, d: float) -> None:
        """Start from the features that are active where the last two fits lead to, in a straight line over a."""
        if self.before is None:
            return
        before, residual, centre = self.before
        ahead = (a - self.penalties[0]) / (self.penalties[0] - before) if self.penalties[0] < before else np.inf
        if ahead > FARTHEST:
            return
        active, direct = self.active, d < PROXIMAL_BELOW
        expected = self.residual + ahead * (self.residual - residual)
        changed, signs = self.looked.changes(
            expected, a, self.margin, active.sign, active.members, members_too=not direct
        )
        if direct:
            coefs = (self.centre + ahead * (self.centre - centre))[active.members]
            gone = active.members[coefs * active.sign[active.members] <= 0.0]
            changed, signs = np.concatenate([changed, gone]), np.concatenate([signs, np.zeros(len(gone))])
        if len(changed):
            active.take_over(changed, signs)

    def _fit_directly(self, a: float, d: float) -> float:
        """Fit without proximal steps, which mostly succeeds, but need not: then the error is infinite."""
        active = self.active
        for _ in range(DIRECT_STEPS):
            if not active.few and not active.thin():
                break
            end, error = active.solve(a, d, None)
            if not error <= self.goal - self.margin:
                if not active.thin():
                    break
                continue
            changed, signs = self._changes(end, a, d, None)
            if not len(changed):
                self.residual = end
                self._move(a, d, 0.0)
                return error + self.margin
            active.take_over(changed, signs)
        wanted = np.sign(self.centre)
        changed = np.flatnonzero(wanted != active.sign)
        active.take_over(changed, wanted[changed])
        return np.inf

    def told(self, a: Array | float, d: Array | float, residuals: Array, coefs: Array | None, errors: Array) -> Fitted:
        """Return what is told of fits with these residuals, and coefficients where they are known."""
        active = self.active
        if coefs is not None:
            predictions = coefs.T @ active.test[active.members]
        else:
            predictions = ((active.outer_test @ residuals - a * active.pulled_test[:, None]) / d).T
        return Fitted(residuals, predictions, errors / self.largest, active.members, coefs)

    def _fit_proximal(self, a: float, d: float) -> float:
        extra, error = PROXIMAL, np.inf
        for _ in range(PROXIMAL_TURNS):
            inner = self._minimise(a, d + extra, extra)
            moved, missed = self._move(a, d + extra, extra)
            error = (inner if missed is None else missed) + self.margin + extra * moved
            if error <= self.goal or inner == np.inf:
                break
            extra = max(0.1 * extra, PROXIMAL_LEAST)
        return error

    def _coefs(self, a: float, d: float, drawn: Array | None) -> tuple[Array, float | None]:
        """Return the coefficients of the active features, and where they were combined anew their own KKT violation."""
        active = self.active
        if active.few:
            return active.coefs, None
        sign = active.sign[active.members]
        values = active.features[active.members] @ self.residual - a * sign
        coefs = (values if drawn is None else values + drawn[active.members]) / d
        if d >= COMBINED_BELOW:
            return coefs, None
        coefs, self.residual = active.combine(coefs, self.residual, d)
        values = active.features @ self.residual
        if drawn is not None:
            values += drawn
        missed = np.abs(values) - a
        used, pull = active.members[coefs != 0], (a * sign + d * coefs)[coefs != 0]
        missed[used] = np.abs(values[used] - pull)
        return coefs, max(0.0, float(missed.max()))

    def _move(self, a: float, d: float, extra: float) -> tuple[float, float | None]:
        """Make the coefficients the centre of the proximal term.

        Returns the largest difference to the last centre, and the error of ``_coefs``.
        """
        moved = np.zeros(len(self.active.sign))
        moved[self.active.members], missed = self._coefs(a, d, extra * self.centre)
        difference = float(np.abs(moved - self.centre).max())
        self.centre = moved
        return difference, missed

    def _minimise(self, a: float, d: float, extra: float) -> float:
        """Fit penalties a and d, of which d holds the proximal ``extra``.

        Returns the largest error of the stationarity of the active features, infinite if the steps ran out.
        """
        active = self.active
        drawn: Array | None = extra * self.centre if extra else None
        start, length = self.residual, np.inf
        for step in range(STEPS):
            end, error = active.solve(a, d, drawn)
            changed, signs = self._changes(end, a, d, drawn)
            if not len(changed):
                self.residual = end  # never changed in place
                return error
            gradient = self._gradient(end, changed, signs, a, d, drawn)
            now = float(np.sqrt(gradient @ gradient))
            # Of the first step nothing is known of the gradient where it starts.
            helps = now <= 0.9 * length or gradient @ (end - start) <= 0.0
            if step == 0 or (helps and step < WHOLE_STEPS):
                start, length = end, now
            else:
                start, length, changed, signs = self._search(start, end, a, d, drawn)
            active.take_over(changed, signs)
        self.residual, _ = active.solve(a, d, drawn)
        return np.inf

    def _changes(self, residual: Array, a: float, d: float, drawn: Array | None) -> tuple[Places, Array]:
        """Return the features whose status at an active set's solution is not the present one, and the new signs."""
        active, sign = self.active, self.active.sign
        # With few active ones their coefficients decide on them: near a vanishing d the correlations cannot.
        changed, signs = self.looked.changes(residual, a, self.margin, sign, active.members, members_too=not active.few)
        if drawn is not None:
            changed, signs = self._drawn(changed, signs, residual, a, drawn)
        if active.few:
            turned = active.coefs * sign[active.members] <= 0.0
            if turned.any():
                members = active.members[turned]
                other_side = np.abs(d * active.coefs[turned]) > 2.0 * a + self.margin
                changed = np.concatenate([changed, members])
                signs = np.concatenate([signs, np.where(other_side, -sign[members], 0.0)])
        return changed, signs

    def _drawn(self, changed: Places, signs: Array, residual: Array, a: float, drawn: Array) -> tuple[Places, Array]:
        """Decide anew on the features that the proximal term draws, but for those decided on by their coefficients."""
        support = np.flatnonzero(drawn)
        if self.active.few:
            support = support[self.active.sign[support] == 0]
        if not len(support):
            return changed, signs
        before = self.active.sign[support]
        values = self.active.features[support] @ residual + drawn[support]
        new = self._signs(values, np.where(before != 0, a, a + self.margin))
        rest, differs = ~np.isin(changed, support), new != before
        return np.concatenate([changed[rest], support[differs]]), np.concatenate([signs[rest], new[differs]])

    @staticmethod
    def _signs(values: Array, level: Array | float) -> Array:
        return np.where(np.abs(values) > level, np.sign(values), 0.0)

    def _gradient(
        self, residual: Array, changed: Places, signs: Array, a: float, d: float, drawn: Array | None
    ) -> Array:
        """Return the dual gradient (cases,) at the active set's own solution: only what changes there adds to it."""
        rows, before = self.active.features[changed], self.active.sign[changed]
        values = rows @ residual
        if drawn is not None:
            values += drawn[changed]
        weights = np.where(signs != 0, values - a * signs, 0.0) - np.where(before != 0, values - a * before, 0.0)
        return (weights / d) @ rows

    def _search(
        self, start: Array, end: Array, a: float, d: float, drawn: Array | None
    ) -> tuple[Array, float, Places, Array]:
        """Find the dual's minimum on the line from ``start`` to ``end``.

        Returns the residual, the length of the gradient and the changes there.
        """
        active = self.active
        direction = end - start
        values, slopes = active.features @ start, active.features @ direction
        if drawn is not None:
            values = values + drawn
        constant, rise = direction @ (start - active.response), direction @ direction
        low, high = 0.0, 1.0
        for _ in range(50):
            share = 0.5 * (low + high)
            point = values + share * slopes
            over = point - np.clip(point, -a, a)
            if constant + share * rise + (over @ slopes) / d > 0.0:
                high = share
            else:
                low = share
        # Of the two ends the farther: no step of no length.
        point = start + high * direction
        values = values + high * slopes
        new = self._signs(values, a)
        changed = np.flatnonzero(new != active.sign)
        weights = (values - np.clip(values, -a, a)) / d
        gradient = point - active.response + weights @ active.features
        return point, float(np.sqrt(gradient @ gradient)), changed, new[changed]
