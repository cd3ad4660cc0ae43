"""Six folds of eight: all ways in which the correct cases of a confusion matrix can lie in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations_with_replacement, product
from math import comb, factorial

import numpy as np

METRICS = ("acc", "sen", "spe", "pre", "f1")
# More would take minutes: a study with larger folds is not enumerated.
LARGEST = 2_000_000


@dataclass(frozen=True)
class Arrangements:
    """All multisets of folds: TP, TN and weight (ways to choose the correct cases), mean and squares of each metric."""

    tp: np.ndarray
    tn: np.ndarray
    weight: np.ndarray
    mean: dict[str, np.ndarray]
    squares: dict[str, np.ndarray]
    folds: int


@cache
def arrangements(positives: int, negatives: int, folds: int) -> Arrangements | None:
    """Enumerate ``folds`` stratified folds of ``positives`` + ``negatives`` cases; None if there are too many ways.

    ``squares`` are sums of squared deviations from the mean over folds. A fold without a positive prediction has
    precision 0, as scikit-learn has it.
    """
    kinds = list(product(range(positives + 1), range(negatives + 1)))
    if comb(len(kinds) + folds - 1, folds) > LARGEST:
        return None
    chosen = np.fromiter(
        chain.from_iterable(combinations_with_replacement(range(len(kinds)), folds)), dtype=np.int16
    ).reshape(-1, folds)
    tp, tn = np.array(kinds).T
    fp, fn = negatives - tn, positives - tp
    metrics = {
        "acc": (tp + tn) / (positives + negatives),
        "sen": tp / positives,
        "spe": tn / negatives,
        "pre": tp / np.maximum(tp + fp, 1),
        "f1": 2 * tp / np.maximum(2 * tp + fp + fn, 1),
    }
    ways = np.array([comb(positives, a) * comb(negatives, b) for a, b in kinds], float)
    mean = {name: values[chosen].mean(axis=1) for name, values in metrics.items()}
    return Arrangements(
        *(tp[chosen].sum(axis=1), tn[chosen].sum(axis=1)),
        _orders(chosen) * ways[chosen].prod(axis=1),
        mean,
        {name: (values[chosen] ** 2).sum(axis=1) - folds * mean[name] ** 2 for name, values in metrics.items()},
        folds,
    )


def _orders(chosen: np.ndarray) -> np.ndarray:
    """Return how many orders of the folds give each sorted multiset."""
    orders = np.full(len(chosen), factorial(chosen.shape[1]), float)
    run = np.ones(len(chosen), int)
    for column in range(1, chosen.shape[1]):
        run = np.where(chosen[:, column] == chosen[:, column - 1], run + 1, 1)
        orders /= run
    return orders


def smallest_squares(total: int, folds: int) -> float:
    """Return the smallest sum of squared deviations of ``folds`` whole numbers with a given sum."""
    rest = total % folds
    return rest * (folds - rest) / folds
