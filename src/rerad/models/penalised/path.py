"""The elastic net along a path of λ, each fit starting where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from rerad.models.penalised.newton import Net

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
    places: list[NDArray[np.int64]] = []
    values: list[Array] = []
    for model in range(models):
        violations[model] = net.fit(float(l1[model]), float(l2[model]))
        explained[model] = 1.0 - outside - net.residual @ net.residual
        counts[model] = len(net.active.members)
        predictions[model] = net.predictions()
        if keep:
            order = np.argsort(net.active.members)
            places.append(net.active.members[order])
            values.append(net.coefs()[order])
        if early_stop and ends(explained, model):
            models = model + 1
            break
    coefs = None
    if keep:
        starts = np.concatenate([[0], np.cumsum(counts[:models])])
        shape = (len(net.active.sign), models)
        coefs = csc_array((np.concatenate(values), np.concatenate(places), starts), shape=shape)
    return Followed(predictions[:models], violations[:models], explained[:models], counts[:models], coefs)


def ends(explained: Array, model: int) -> bool:
    """Return whether glmnet ends a path with this model, for the shares of variance explained up to it."""
    if model + 1 < LEAST_MODELS:
        return False
    gain = explained[model] - explained[model - 1]
    return bool(gain < LEAST_CHANGE * explained[model] or explained[model] > MOST_EXPLAINED)
