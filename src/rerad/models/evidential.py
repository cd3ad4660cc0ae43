"""Evidential reasoning: belief in each class from several models of different weight and reliability."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rerad.core.errors import ConfigError

Array = NDArray[np.float64]


def combine(beliefs: ArrayLike, *, weights: ArrayLike, reliabilities: ArrayLike) -> Array:
    """Return the combined belief (cases, classes) of several sources.

    ``beliefs`` (sources, cases, classes), each sum at most 1; what lacks to 1 is ignorance, and so it is in the
    result. ``weights`` and ``reliabilities`` (sources,) in 0…1. The rule's weight with reliability is
    w / (1 + w − r), so that equal ones leave w, and full reliability and weight give Dempster's rule. Where sources
    of weight 1 contradict each other wholly, or none has any weight, all is ignorance.

    Raises:
        ConfigError: numbers outside 0…1, or not one for each source.

    Source: Yang and Xu, Artif. Intell. 205 (2013) 1, for the rule; Wang, Yang and Xu, Eur. J. Oper. Res. 174 (2006)
    1885, for its analytic form.
    """
    beliefs = np.asarray(beliefs, dtype=float)
    shares = _shares(weights, reliabilities, len(beliefs))[:, None, None]
    known = beliefs.sum(axis=2, keepdims=True)
    # Each source speaks for a class or leaves it open; a product over the sources that all leave open is in each term.
    open_ = np.prod(1.0 - shares * known, axis=0)
    spoken = np.prod(shares * beliefs + 1.0 - shares * known, axis=0) - open_
    unassigned = np.prod(1.0 - shares[:, :, 0], axis=0)[:, None]
    total = spoken.sum(axis=1, keepdims=True) + open_ - unassigned
    return np.divide(spoken, total, out=np.zeros_like(spoken), where=total > 1e-15)


def fuse_scores(scores: ArrayLike, *, weights: ArrayLike, reliabilities: ArrayLike) -> Array:
    """Return the fused score (cases,) of the positive class from ``scores`` (sources, cases) in 0…1.

    A score s is the belief s in the positive and 1 − s in the negative class; ignorance is shared between both.

    Raises:
        ConfigError: as ``combine``.
    """
    scores = np.asarray(scores, dtype=float)
    combined = combine(np.stack([1.0 - scores, scores], axis=2), weights=weights, reliabilities=reliabilities)
    return combined[:, 1] + (1.0 - combined.sum(axis=1)) / 2.0


def _shares(weights: ArrayLike, reliabilities: ArrayLike, sources: int) -> Array:
    w, r = np.asarray(weights, dtype=float), np.asarray(reliabilities, dtype=float)
    for name, values in (("weights", w), ("reliabilities", r)):
        if values.shape != (sources,) or not ((values >= 0) & (values <= 1)).all():
            raise ConfigError(
                f"{name} {values.tolist()} for {sources} sources",
                where="recipe.fusion",
                remedy="Give one number in 0…1 for each source",
            )
    # A source of no weight, but fully reliable, would divide nothing by nothing.
    return np.divide(w, 1.0 + w - r, out=np.zeros(sources), where=w > 0)
