"""Point values of the six classification metrics, for many weightings of the patients at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

METRICS = ("acc", "sen", "spe", "pre", "f1", "auc")
Array = NDArray[np.float64]


def point_metrics(target: Any, score: Any, *, threshold: float = 0.5) -> dict[str, float]:
    """Return accuracy, sensitivity, specificity, precision, F1 and AUC as ``acc, sen, spe, pre, f1, auc``.

    A case is called positive from ``score`` >= ``threshold``; the AUC comes from the scores, ties counting one half.
    A metric whose denominator is zero is nan (precision without a positive call, F1 without any positive, AUC or
    sensitivity or specificity without its class).

    Raises:
        ReradError: lengths differ, no case, a target other than 0 and 1, or a score that is not a number.
    """
    target, score = checked(target, score)
    found = weighted_metrics(target, score, np.ones((1, len(target))), threshold=threshold)
    return {name: float(values[0]) for name, values in found.items()}


def weighted_metrics(target: Array, score: Array, weights: Array, *, threshold: float) -> dict[str, Array]:
    """Return each metric (samples,) for every row of ``weights`` (samples, cases: how often a case counts)."""
    count = weighted_counts(target, score, weights, threshold=threshold)
    tp, fp, tn, fn = (count[name] for name in ("tp", "fp", "tn", "fn"))
    positive, negative = target == 1, target == 0
    ahead = score[positive, None] - score[None, negative]
    wins = ((weights[:, positive] @ ((ahead > 0) + 0.5 * (ahead == 0))) * weights[:, negative]).sum(axis=1)
    return {
        "acc": _ratio(tp + tn, tp + tn + fp + fn),
        "sen": _ratio(tp, tp + fn),
        "spe": _ratio(tn, tn + fp),
        "pre": _ratio(tp, tp + fp),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "auc": _ratio(wins, (tp + fn) * (tn + fp)),
    }


def weighted_counts(target: Array, score: Array, weights: Array, *, threshold: float) -> dict[str, Array]:
    """Return the confusion matrix as ``tp, fp, tn, fn`` (samples,) for every row of ``weights`` (samples, cases)."""
    called = score >= threshold
    positive = target == 1
    cells = {"tp": called & positive, "fp": called & ~positive, "tn": ~called & ~positive, "fn": ~called & positive}
    return {name: weights @ cell.astype(float) for name, cell in cells.items()}


def checked(target: Any, score: Any) -> tuple[Array, Array]:
    """Return targets and scores as float arrays (cases,) after refusing what no metric can be taken of.

    Raises:
        ReradError: see ``point_metrics``.
    """
    target, score = np.asarray(target, dtype=float), np.asarray(score, dtype=float)
    if target.ndim != 1 or target.shape != score.shape or not len(target):
        raise ReradError(f"targets of shape {target.shape} and scores of shape {score.shape} are no pairs of cases")
    strange = ~np.isin(target, (0, 1))
    if strange.any():
        raise ReradError(f"target {target[strange][0]:g} is neither 0 nor 1")
    if not np.isfinite(score).all():
        raise ReradError(f"score {score[~np.isfinite(score)][0]} of case number {int(np.argmin(np.isfinite(score)))}")
    return target, score


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.full(len(denominator), np.nan), where=denominator > 0)
