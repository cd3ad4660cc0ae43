"""The elastic net along a path of λ, each fit starting where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from rerad.models.penalised.ahead import fit_ahead
from rerad.models.penalised.newton import Fitted, Net

Array = NDArray[np.float64]
LEAST_MODELS, LEAST_CHANGE, MOST_EXPLAINED = 5, 1e-5, 0.999  # glmnet's mnlam, fdev and devmax


@dataclass(frozen=True)
class Followed:
    """What was found along a path: ``predictions`` (models, others) in parts of the target's length, and of each model

    the KKT violation, the share of variance explained and the number of features; ``coefs`` (features, models) if kept.
    """

    predictions: Array
    violations: Array
    explained: Array
    counts: NDArray[np.int64]
    coefs: csc_array | None


def follow(net: Net, l1: Array, l2: Array, *, outside: float, early_stop: bool, keep: bool) -> Followed:
    """Fit the penalties a = ``l1`` and d = ``l2`` (models,), the largest first.

    ``outside`` is the squared length of the part of the target that no feature reaches.
    """
    models = len(l1)
    predictions = np.zeros((models, net.active.test.shape[1]))
    violations, explained = np.zeros(models), np.zeros(models)
    counts = np.zeros(models, dtype=np.int64)
    parts: list[Fitted] = []
    done = 0
    while done < models:
        fitted = fit_ahead(net, l1[done:], l2[done:], keep=keep)
        fitted = fitted or net.fit(float(l1[done]), float(l2[done]), keep=keep)
        these = slice(done, done + len(fitted.violations))
        predictions[these], violations[these] = fitted.predictions, fitted.violations
        explained[these] = 1.0 - outside - np.einsum("ij,ij->j", fitted.residuals, fitted.residuals)
        counts[these] = len(fitted.members)
        if keep:
            parts.append(fitted)
        if early_stop:
            models = next((model + 1 for model in range(these.start, these.stop) if ends(explained, model)), models)
        done = these.stop
    return Followed(
        predictions[:models],
        violations[:models],
        explained[:models],
        counts[:models],
        _together(parts, len(net.active.sign), models) if keep else None,
    )


def _together(parts: list[Fitted], features: int, models: int) -> csc_array:
    """Return the coefficients of the first ``models`` fits (features, models)."""
    places, values, sizes = [], [], []
    for part in parts:
        order = np.argsort(part.members)
        number = part.coefs.shape[1] if part.coefs is not None else 0
        places.append(np.tile(part.members[order], number))
        values.append(np.ravel(part.coefs[order], order="F") if part.coefs is not None else np.zeros(0))
        sizes += [len(part.members)] * number
    starts = np.concatenate([[0], np.cumsum(sizes[:models])])
    end = starts[-1]
    return csc_array((np.concatenate(values)[:end], np.concatenate(places)[:end], starts), shape=(features, models))


def ends(explained: Array, model: int) -> bool:
    """Return whether glmnet ends a path with this model, for the shares of variance explained up to it."""
    if model + 1 < LEAST_MODELS:
        return False
    gain = explained[model] - explained[model - 1]
    return bool(gain < LEAST_CHANGE * explained[model] or explained[model] > MOST_EXPLAINED)
