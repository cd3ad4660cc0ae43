"""The active features, their signs, and the linear system of them: of few features, or of the cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.linalg.lapack import dpotrf, dpotrs

from rerad.models.penalised.statuses import exchange

Array = NDArray[np.float64]
Places = NDArray[np.int64]
REBUILD = 2000  # changes after which the cases' system is summed anew, against the drift of rounding
BACK = 0.8  # share of the cases under which the number of active features falls before the features' system returns
EXACT = 1e-14
DEPENDENT = 1e-7  # length of what the others leave of a feature below which they combine to it
REFINEMENTS, TERMS, TURNS = 2, 9, 3


class ActiveSet:
    """Active features A with signs s, and the elastic net they define, which is linear.

    With few, the coefficients solve (X_A X_A' + d) b = X_A y − a s + u; with more than there are cases the residual
    solves (I + X_A' X_A / d) r = y + X_A' (a s − u) / d. Features are rows here, of length 1; u is the proximal term.
    ``correlations`` (features,) are those with the response; ``test`` (features, others) are cases to predict.
    """

    def __init__(self, features: Array, response: Array, correlations: Array, test: Array) -> None:
        self.features, self.response, self.correlations, self.test = features, response, correlations, test
        self.sign = np.zeros(len(features))
        self.members: Places = np.zeros(0, dtype=np.int64)
        self.few = True
        most = len(response)
        self.room = np.empty(most, dtype=np.int64), np.empty((most, most)), np.empty((most, most))
        self.rows, self.gram = self.room[1][:0], self.room[2][:0, :0]
        self.coefs = np.zeros(0)
        self.factor = np.zeros((0, 0))
        self.since = 0

    def solve(self, a: float, d: float, drawn: Array | None) -> tuple[Array, float]:
        """Return the residual (cases,) and the error of the equations; ``drawn`` is u for all features.

        With few active features ``coefs`` are their coefficients. Refinement on the residual takes the error down to
        the rounding of the data, whatever the drift of the systems.
        """
        if not len(self.members):
            self.coefs = np.zeros(0)
            return self.response.copy(), 0.0
        pull = a * self.sign[self.members]
        if drawn is not None:
            pull -= drawn[self.members]
        return self._by_features(pull, d) if self.few else self._by_cases(pull, a, d, drawn is not None)

    def _by_features(self, pull: Array, d: float) -> tuple[Array, float]:
        system = self.gram.copy()
        system.flat[:: len(system) + 1] += d
        self.factor, failed = dpotrf(system.T, lower=1, clean=0, overwrite_a=1)
        if failed:
            self.coefs = np.zeros(len(pull))
            return self.response.copy(), np.inf
        coefs = dpotrs(self.factor, self.correlations[self.members] - pull, lower=1)[0]
        for turn in range(REFINEMENTS):
            residual = self.response - coefs @ self.rows
            missing = self.rows @ residual - pull - d * coefs
            error = float(np.abs(missing).max())
            if error <= EXACT or turn == REFINEMENTS - 1:
                break
            coefs = coefs + dpotrs(self.factor, missing, lower=1)[0]
        self.coefs = coefs
        return residual, error

    def _by_cases(self, pull: Array, a: float, d: float, proximal: bool) -> tuple[Array, float]:
        system = self.outer / d
        system.flat[:: len(system) + 1] += 1.0
        self.factor, _ = dpotrf(system.T, lower=1, clean=0, overwrite_a=1)
        pulled = pull @ self.features[self.members] if proximal else a * self.pulled
        residual, right = np.zeros(len(self.response)), self.response + pulled / d
        missing = right
        for _ in range(REFINEMENTS):
            residual = residual + dpotrs(self.factor, missing, lower=1)[0]
            missing = right - residual - (self.outer @ residual) / d
            error = float(np.sqrt(missing @ missing))
            if error <= EXACT:
                break
        return residual, error

    def combine(self, coefs: Array, residual: Array, d: float) -> tuple[Array, Array]:
        """Return coefficients of many active features that leave a residual better, and what they do leave (cases,).

        Taken from correlations, coefficients are off by the rounding of these over ``d``, and together by more. The
        factor is that of the last solution.
        """
        rows, sign = self.features[self.members], self.sign[self.members]
        for _ in range(REFINEMENTS):
            missing = self.response - residual - coefs @ rows
            coefs = coefs + rows @ dpotrs(self.factor, missing, lower=1)[0] / d
        coefs = np.where(coefs * sign > 0.0, coefs, 0.0)
        return coefs, self.response - coefs @ rows

    def solve_near(self, l1: Array, l2: Array, d: float) -> tuple[Array, Array | None, Array]:
        """Return residuals (cases, models), coefficients (active, models) if few are active, and errors (models,).

        The penalties ``l1`` and ``l2`` (models,) are close to that d which was solved last, whose factor serves them
        all.
        """
        if self.few:
            signs = self.sign[self.members]
            pull = np.outer(signs, l1)
            vectors = np.stack([self.correlations[self.members], signs], axis=1)
            coefs = self._series(vectors, np.stack([np.ones(len(l1)), -l1]), l2, d, 1.0, d)
            for turn in range(TURNS):
                residuals = self.response[:, None] - self.rows.T @ coefs
                missing = self.rows @ residuals - pull - l2 * coefs
                errors = np.abs(missing).max(axis=0)
                if turn == TURNS - 1 or errors.max() <= EXACT:
                    break
                coefs += dpotrs(self.factor, missing, lower=1)[0]
            return residuals, coefs, errors
        residuals = self._series(
            np.stack([self.response, self.pulled], axis=1), np.stack([l2, l1]), l2, d, 1.0 / d, 1.0
        )
        right = self.response[:, None] + np.outer(self.pulled, l1 / l2)
        for turn in range(TURNS):
            missing = right - residuals - (self.outer @ residuals) / l2
            errors = np.sqrt(np.einsum("ij,ij->j", missing, missing))
            if turn == TURNS - 1 or errors.max() <= EXACT:
                break
            residuals += dpotrs(self.factor, missing, lower=1)[0] * (l2 / d)
        return residuals, None, errors

    def _series(self, vectors: Array, weights: Array, l2: Array, d: float, first: float, then: float) -> Array:
        """Return (S + l2)⁻¹ vectors · weights for all ``l2`` by Neumann's series in (S + d)⁻¹.

        Solutions with the factor are to be multiplied by ``first``, in further terms by ``then``.
        """
        step = (d - l2) / d
        terms, term = [], vectors
        for number in range(TERMS):
            term = dpotrs(self.factor, term, lower=1)[0] * (then if number else first)
            terms.append(term)
        powers = [weights * step**number for number in range(TERMS)]
        return np.concatenate(terms, axis=1) @ np.concatenate(powers)

    def take_over(self, changed: Places, signs: Array) -> None:
        """Give the features ``changed`` new signs, 0 to make them inactive."""
        before = self.sign[changed]
        joins = changed[before == 0]
        self.sign[changed] = signs
        stay = self.sign[self.members] != 0
        size = int(np.count_nonzero(stay)) + len(joins)
        if self.few and size <= len(self.response):
            self._change_features(stay, joins)
            return
        self.members = np.concatenate([self.members[stay], joins])
        if self.few:
            self._build_cases()
        elif size <= BACK * len(self.response):
            self._build_features()
        else:
            self._change_cases(changed, before, signs)

    def thin(self) -> bool:
        """Make features inactive that other active ones combine to, as duplicates do; return whether there were any.

        Then few are active.
        """
        _, triangle, order = qr(self.features[self.members].T, mode="economic", pivoting=True)
        rank = int(np.count_nonzero(np.abs(np.diag(triangle)) > DEPENDENT))
        spare = self.members[order[rank:]]
        self.take_over(spare, np.zeros(len(spare)))
        if not self.few and rank <= len(self.response):
            self._build_features()
        return len(spare) > 0

    def _change_features(self, stay: NDArray[np.bool_], joins: Places) -> None:
        places, rows, gram = self.room
        size = exchange(rows, gram, places, len(stay), stay, joins, self.features)
        self.members, self.rows, self.gram = places[:size].copy(), rows[:size], gram[:size, :size]

    def _build_features(self) -> None:
        self.few = True
        members, self.members = self.members, np.zeros(0, dtype=np.int64)
        self._change_features(np.zeros(0, dtype=bool), members)

    def _change_cases(self, changed: Places, before: Array, signs: Array) -> None:
        self.since += len(changed)
        if self.since > REBUILD:
            self._build_cases()
            return
        rows, others = self.features[changed], self.test[changed]
        weighted = (np.abs(signs) - np.abs(before))[:, None] * rows
        pulls = signs - before
        self.outer += rows.T @ weighted
        self.outer_test += others.T @ weighted
        self.pulled += pulls @ rows
        self.pulled_test += pulls @ others

    def _build_cases(self) -> None:
        self.few, self.since = False, 0
        rows, others, signs = self.features[self.members], self.test[self.members], self.sign[self.members]
        self.outer, self.outer_test = rows.T @ rows, others.T @ rows
        self.pulled, self.pulled_test = signs @ rows, signs @ others
