"""Arrangements over folds and the smallest p: against counting formulas and brute force."""

from __future__ import annotations

import warnings
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import ttest_ind

from rerad.evaluation.auditing.folds import arrangements, smallest_squares
from rerad.evaluation.auditing.significance import _binary_p, smallest_p


def test_the_ways_are_all_ways() -> None:
    """However 24 + 24 cases are split, C(24, TP)·C(24, TN) sets of right predictions exist (Vandermonde)."""
    ways = arrangements(4, 4, 6)
    assert ways is not None
    for tp, tn in ((21, 20), (13, 22), (24, 24), (0, 5)):
        chosen = (ways.tp == tp) & (ways.tn == tn)
        assert ways.weight[chosen].sum() == pytest.approx(comb(24, tp) * comb(24, tn), rel=1e-12)
        # Folds of equal size: the mean of their sensitivities is the pooled one.
        assert ways.mean["sen"][chosen] == pytest.approx(tp / 24)
        assert ways.mean["acc"][chosen] == pytest.approx((tp + tn) / 48)
    assert ways.weight.sum() == pytest.approx(2.0**48)


def test_mean_precision_against_simulation() -> None:
    ways = arrangements(4, 4, 6)
    assert ways is not None
    chosen = (ways.tp == 19) & (ways.tn == 16)
    expected = np.average(ways.mean["pre"][chosen], weights=ways.weight[chosen])
    generator = np.random.default_rng(0)
    right = generator.permuted(np.tile(np.arange(24) < 19, (20000, 1)), axis=1).reshape(-1, 6, 4).sum(axis=2)
    wrong = generator.permuted(np.tile(np.arange(24) < 8, (20000, 1)), axis=1).reshape(-1, 6, 4).sum(axis=2)
    simulated = (right / np.maximum(right + wrong, 1)).mean(axis=1)
    assert expected == pytest.approx(simulated.mean(), abs=4 * simulated.std() / 20000**0.5)
    # Pooled precision is another number: 19/27.
    assert abs(expected - 19 / 27) > 0.005


def test_too_many_ways_are_not_enumerated() -> None:
    assert arrangements(20, 20, 6) is None


@pytest.mark.parametrize("total", range(13))
def test_smallest_squares(total: int) -> None:
    best = min(sum((k - total / 3) ** 2 for k in folds) for folds in product(range(5), repeat=3) if sum(folds) == total)
    assert smallest_squares(total, 3) == pytest.approx(best)


@pytest.mark.parametrize("column", ["acc", "sen", "spe", "pre", "f1"])
@pytest.mark.parametrize(("first", "second"), [((5, 4), (3, 2)), ((6, 5), (4, 5)), ((4, 3), (4, 3)), ((2, 6), (5, 1))])
def test_smallest_p_is_that_of_all_folds(column: str, first: tuple[int, int], second: tuple[int, int]) -> None:
    """Three folds of 2 + 2 (four for accuracy): every split of both matrices, SciPy's t-test."""
    samples = [splits(column, *matrix) for matrix in (first, second)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant folds
        p = [p_value(a, b) for a in samples[0] for b in samples[1]]
    assert smallest_p(column, first, second, (6, 6), 3) == pytest.approx(min(p), abs=1e-9)


def p_value(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    if np.mean(first) == pytest.approx(np.mean(second)):
        return 1.0
    return float(ttest_ind(first, second).pvalue)


def splits(column: str, tp: int, tn: int) -> set[tuple[float, ...]]:
    if column == "acc":  # any strata
        return {tuple(k / 4 for k in sorted(f)) for f in product(range(5), repeat=3) if sum(f) == tp + tn}
    folds = set()
    for a in product(range(3), repeat=3):
        for b in product(range(3), repeat=3):
            if sum(a) == tp and sum(b) == tn:
                folds.add(tuple(sorted(value(column, x, y) for x, y in zip(a, b, strict=True))))
    return folds


def value(column: str, tp: int, tn: int) -> float:
    fp, fn = 2 - tn, 2 - tp
    return {
        "sen": tp / 2,
        "spe": tn / 2,
        "pre": tp / (tp + fp) if tp + fp else 0.0,
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0,
    }[column]


def test_p_over_patients_is_scipys() -> None:
    for first, second in ((35, 41), (28, 41), (47, 41)):
        samples = [np.arange(48) < k for k in (first, second)]
        assert _binary_p(first, second, 48) == pytest.approx(ttest_ind(*[s.astype(float) for s in samples]).pvalue)
    assert _binary_p(41, 41, 48) == 1.0
