"""Feature selection of the handcrafted baseline: reduction by gain, then forward selection by 0.632+ bootstrap AUC."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from rerad.models.batched import auc_of_samples, fit_logistic

Array = NDArray[np.float64]


class Step(NamedTuple):
    """The best feature set of one order over all starts, in order of selection, and its 0.632+ AUC."""

    features: tuple[int, ...]
    criterion: float


def reduce_by_gain(
    values: Array, target: NDArray, drawn: Array, *, features: int, relevance: float, novelty: float
) -> list[tuple[int, float]]:
    """Return up to ``features`` columns of ``values`` (cases, columns), best first, with their gain.

    Gain of column j after f columns are chosen = ``relevance`` · |Spearman(j, target)| + ``novelty`` · the mean of
    1 − |Spearman(j, k)| over the chosen columns k, with weights 2 (f − k + 1) / (f (f + 1)). Correlations are means
    over the bootstrap samples ``drawn`` (samples, cases; how often each case is drawn).

    Source: Vallières et al., Phys. Med. Biol. 60 (2015) 5471 ("gain equation"), with ``relevance`` =
    ``novelty`` = 0.5 and the third term 0. The paper's potential information is 1 − the maximal information
    coefficient; ours is 1 − |Spearman|.
    """
    with_target, between = _mean_correlations(values, np.asarray(target, dtype=float), drawn)
    chosen: list[tuple[int, float]] = []
    gain = relevance * with_target
    while len(chosen) < min(features, values.shape[1]):
        best = int(np.argmax(gain))
        chosen.append((best, float(gain[best])))
        taken = [column for column, _ in chosen]
        count = len(taken)
        shares = 2.0 * np.arange(count, 0, -1) / (count * (count + 1))
        gain = relevance * with_target + novelty * ((1.0 - between[:, taken]) @ shares)
        gain[taken] = -np.inf
    return chosen


def forward_selection(
    values: Array,
    target: NDArray,
    drawn: Array,
    *,
    order: int,
    starts: int,
    ridge: float,
    iterations: int,
    tolerance: float,
) -> list[Step]:
    """Return the best feature set of every order 1…``order``.

    ``values`` (cases, columns) are standardised, best first; each of the first ``starts`` columns starts a path that
    takes, order by order, the column with the highest 0.632+ bootstrap AUC of a logistic regression. Feature sets
    that several paths share are fitted once, on the same samples ``drawn`` (samples, cases).

    Source: Vallières et al., Phys. Med. Biol. 60 (2015) 5471; Sci. Rep. 7 (2017) 10117.
    """
    columns = values.shape[1]
    known: dict[frozenset[int], float] = {}

    def evaluate(sets: set[frozenset[int]]) -> None:
        new = sorted(sets - known.keys(), key=sorted)
        # Blocks that stay in the processor's cache.
        for first in range(0, len(new), 16):
            block = new[first : first + 16]
            found = criterion_632_plus(
                values, target, drawn, np.array([sorted(s) for s in block]), ridge, iterations, tolerance
            )
            known.update(zip(block, found.tolist(), strict=True))

    paths: list[tuple[int, ...]] = [(column,) for column in range(min(starts, columns))]
    evaluate({frozenset(path) for path in paths})
    steps = []
    for size in range(1, min(order, columns) + 1):
        if size > 1:
            grown = [[(*path, column) for column in range(columns) if column not in path] for path in paths]
            evaluate({frozenset(path) for family in grown for path in family})
            # max() takes the first of equals: the column of the higher gain.
            paths = [max(family, key=lambda path: known[frozenset(path)]) for family in grown]
        best = max(paths, key=lambda path: known[frozenset(path)])
        steps.append(Step(best, known[frozenset(best)]))
    return steps


def criterion_632_plus(
    values: Array, target: NDArray, drawn: Array, sets: NDArray, ridge: float, iterations: int, tolerance: float
) -> Array:
    """Return the 0.632+ bootstrap AUC of each feature set (sets, order) of column numbers."""
    target = np.asarray(target, dtype=float)
    cases = len(target)
    designs = np.concatenate([values[:, sets].transpose(1, 0, 2), np.ones((len(sets), cases, 1))], axis=2)
    # The first row is the whole training set, fitted and judged on itself: the apparent AUC.
    weights = np.concatenate([np.ones((1, cases)), drawn])
    judged = np.concatenate([np.ones((1, cases)), (drawn == 0).astype(float)])
    coefficients = fit_logistic(designs, weights, target, ridge=ridge, iterations=iterations, tolerance=tolerance)
    areas = auc_of_samples(coefficients @ designs.transpose(0, 2, 1), judged, target)
    return auc_632_plus(areas[:, :1], areas[:, 1:]).mean(axis=1)


def auc_632_plus(apparent: Array, outside: Array) -> Array:
    """Return the 0.632+ estimate of the AUC from the apparent one and that of the cases outside the sample.

    α = 0.632 / (1 − 0.368 R), R = (apparent − outside) / (apparent − 0.5) held within 0 and 1 (1 where either is at
    chance), estimate = (1 − α) · apparent + α · max(0.5, outside).

    Source: Sahiner, Chan and Hadjiiski, Med. Phys. 35 (2008) 1559, used by Vallières et al. 2015.
    """
    apparent, outside = np.broadcast_arrays(apparent, outside)
    above = apparent > 0.5
    room = np.where(above, apparent - 0.5, 1.0)
    overfit = np.where(above, np.clip((apparent - outside) / room, 0.0, 1.0), (outside < apparent).astype(float))
    overfit = np.where(outside <= 0.5, 1.0, overfit)
    inside = 1.0 / np.e
    share = (1.0 - inside) / (1.0 - inside * overfit)
    return (1.0 - share) * apparent + share * np.maximum(0.5, outside)


def _mean_correlations(values: Array, target: Array, drawn: Array) -> tuple[Array, Array]:
    columns = values.shape[1]
    joined = np.column_stack([values, target])
    total = np.zeros((columns + 1, columns + 1))
    signed = np.zeros(columns)
    for counts in drawn:
        sample = np.repeat(joined, counts.astype(int), axis=0)
        ranks = rankdata(sample, axis=0)
        ranks -= ranks.mean(axis=0)
        length = np.sqrt((ranks**2).sum(axis=0))
        # A column that is constant in this sample tells nothing: no correlation.
        ranks = np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)
        correlation = ranks.T @ ranks
        signed += correlation[:columns, columns]
        total += np.abs(correlation)
    # With the outcome the mean keeps the sign until the end, so that a correlation that flips between samples fades.
    return np.abs(signed) / len(drawn), total[:columns, :columns] / len(drawn)
