"""Bands of ROC curves against enumeration, scikit-learn and a known truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_curve

from rerad.reporting.figures.band import roc_band, sensitivities

GRID = np.linspace(0, 1, 11)


@pytest.mark.parametrize("digits", [1, 6])
def test_sensitivities_are_those_of_scikit_learn(digits: int) -> None:
    generator = np.random.default_rng(digits)
    target = np.repeat([0.0, 1.0], [13, 11])
    score = np.round(generator.normal(target), digits)
    weights = generator.multinomial(24, np.full(24, 1 / 24), size=20).astype(float)
    found = sensitivities(target, score, weights, GRID)
    for weight, row in zip(weights, found, strict=True):
        false, true, _ = roc_curve(target, score, sample_weight=weight, drop_intermediate=False)
        # The upper end of a jump: just beyond the grid point.
        assert row == pytest.approx(np.interp(GRID + 1e-9, false, true), abs=1e-7)


def test_a_jump_counts_with_its_upper_end() -> None:
    # Scores 4 + , 3 -, 2 +, 1 -: up to one half at 0, up to 1 at one half.
    target, score = np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1])
    found = sensitivities(target, score, np.ones((1, 4)), np.array([0.0, 0.25, 0.5, 1.0]))
    assert found[0] == pytest.approx([0.5, 0.5, 1, 1])


def test_perfect_scores_leave_no_doubt() -> None:
    target = np.repeat([0.0, 1.0], 6)
    low, high = roc_band(target, target[None, :], GRID, samples=200, seed=0)
    assert low == pytest.approx(1)
    assert high == pytest.approx(1)


def test_band_of_four_patients_by_enumeration() -> None:
    target, score = np.array([0.0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.9])
    curves = []
    for drawn in itertools.product(range(4), repeat=4):
        weight = np.bincount(drawn, minlength=4).astype(float)
        if 0 < weight[target == 1].sum() < 4:
            curves.append(sensitivities(target, score, weight[None, :], GRID)[0])
    expected = np.percentile(curves, [2.5, 97.5], axis=0)
    found = roc_band(target, score[None, :], GRID, samples=40000, seed=1)
    # Quantiles of few values jump; where they do not, both agree exactly.
    assert (np.abs(np.array(found) - expected) < 0.02).mean() > 0.9


def test_seeds_are_averaged_vertically() -> None:
    # One seed separates perfectly, the other errs always: their mean is one half everywhere but at the end.
    target = np.repeat([0.0, 1.0], 5)
    low, high = roc_band(target, np.stack([target, 1 - target]), np.array([0.0, 0.5]), samples=4000, seed=0)
    assert low == pytest.approx([0, 0])
    assert high == pytest.approx([1, 1])
    middle = roc_band(target, np.stack([target, 1 - target]), np.array([0.5]), samples=4000, seed=0, level=0.0)
    assert middle[0] == pytest.approx([0.5])


def test_a_known_curve_is_covered() -> None:
    # Normal scores one apart: sensitivity at rate r is Phi(1 + Phi^-1(r)).
    grid = np.array([0.1, 0.3, 0.5])
    truth = norm.cdf(1 + norm.ppf(grid))
    target = np.repeat([0.0, 1.0], 24)
    generator = np.random.default_rng(3)
    inside = np.zeros(3)
    for turn in range(100):
        low, high = roc_band(target, generator.normal(target)[None, :], grid, samples=200, seed=turn)
        inside += (low <= truth) & (truth <= high)
    assert (inside / 100 >= 0.85).all()


def test_without_a_class_there_is_no_band() -> None:
    low, high = roc_band(np.ones(4), np.ones((1, 4)), GRID, samples=10, seed=0)
    assert np.isnan(low).all()
    assert np.isnan(high).all()
