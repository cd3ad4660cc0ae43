"""The choice over folds: the same as fitting each by itself, blind to what it must not see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from expression import synthetic

from rerad.core.errors import ReradError
from rerad.models import elastic_net_cv, elastic_net_nested, elastic_net_path

RATIOS = [0.0, 0.4, 1.0]
X, Y = synthetic(40, 70, seed=5)
SECOND = Y[::-1] + X[:, 3]
FOLDS = np.arange(40) % 4


def test_the_choice_is_that_of_all_fits_made_one_by_one() -> None:
    (choice,) = elastic_net_cv(X, Y, FOLDS, l1_ratios=RATIOS, n_lambdas=12)
    for number, ratio in enumerate(RATIOS):
        path = elastic_net_path(X, Y, l1_ratio=ratio, n_lambdas=12).lambdas
        np.testing.assert_allclose(choice.lambdas[number], path)
        predicted, counted = np.empty((40, 12)), np.ones(12, dtype=bool)
        for fold in range(4):
            fits = elastic_net_path(X[fold != FOLDS], Y[fold != FOLDS], l1_ratio=ratio, lambdas=path)
            predicted[fold == FOLDS] = fits.predict(X[fold == FOLDS])
            counted &= fits.coefs.any(axis=0)
        errors = ((Y[:, None] - predicted) ** 2).mean(axis=0)
        expected = np.where(counted, 1.0 - errors / Y.var(), np.nan)
        np.testing.assert_allclose(choice.scores[number], expected, atol=1e-7)
        if ratio == choice.l1_ratio:
            best = int(np.nanargmax(expected))
            assert choice.lam == choice.lambdas[number, best]
            np.testing.assert_allclose(choice.out_of_fold, predicted[:, best], atol=1e-7)
    assert choice.r2 == np.nanmax(choice.scores)
    assert choice.violation <= 1e-9


def test_what_one_l1_ratio_looked_at_leaves_the_next_as_exact() -> None:
    x, y = synthetic(70, 300, seed=8)
    ratios, folds = [0.2, 0.25, 0.3, 0.9, 1.0], np.arange(70) % 3
    (together,) = elastic_net_cv(x, y, folds, l1_ratios=ratios, n_lambdas=30)
    for ratio, scores in zip(ratios, together.scores, strict=True):
        (alone,) = elastic_net_cv(x, y, folds, l1_ratios=[ratio], n_lambdas=30)
        np.testing.assert_allclose(scores, alone.scores[0], atol=1e-9)


def test_targets_and_workers_change_nothing() -> None:
    together = elastic_net_cv(X, np.stack([Y, SECOND], axis=1), FOLDS, l1_ratios=RATIOS, n_lambdas=8, workers=2)
    for target, choice in zip((Y, SECOND), together, strict=True):
        (alone,) = elastic_net_cv(X, target, FOLDS, l1_ratios=RATIOS, n_lambdas=8)
        assert (alone.l1_ratio, alone.lam, alone.r2) == (choice.l1_ratio, choice.lam, choice.r2)
        np.testing.assert_array_equal(alone.out_of_fold, choice.out_of_fold)
        np.testing.assert_array_equal(alone.scores, choice.scores)


def test_intercept_only_models_are_not_chosen() -> None:
    noise = np.random.default_rng(7).normal(size=40)
    lambdas = elastic_net_path(X, noise, l1_ratio=0.5, n_lambdas=20).lambdas * 3.0
    (choice,) = elastic_net_cv(X, noise, FOLDS, l1_ratios=[0.5], lambdas=lambdas)
    fits = [
        elastic_net_path(X[fold != FOLDS], noise[fold != FOLDS], l1_ratio=0.5, lambdas=lambdas) for fold in range(4)
    ]
    fewest = np.min([fit.counts for fit in fits], axis=0)
    assert (fewest == 0).any()
    np.testing.assert_array_equal(np.isnan(choice.scores[0]), fewest == 0)
    # The best of all would have been the mean: nothing is to be found in noise.
    assert choice.r2 < 0
    assert fewest[np.flatnonzero(lambdas == choice.lam)[0]] > 0


def test_where_only_intercepts_are_left_the_training_means_are_told() -> None:
    (choice,) = elastic_net_cv(X, Y, FOLDS, l1_ratios=[0.5], lambdas=[1e6])
    assert np.isnan(choice.lam)
    np.testing.assert_allclose(choice.out_of_fold, [Y[fold != FOLDS].mean() for fold in FOLDS])


@pytest.mark.parametrize("value", [1.0, 0.1])  # the mean of thirty times 0.1 is another number
def test_a_constant_target_has_no_r2(value: float) -> None:
    x, target, folds = X[:30], np.full(30, value), FOLDS[:30]
    (constant,) = elastic_net_cv(x, target, folds, l1_ratios=[0.0, 0.5], n_lambdas=5)
    (nested,) = elastic_net_nested(x, target, folds, l1_ratios=[0.0, 0.5], n_lambdas=5)
    assert np.isnan(constant.r2)
    assert np.isnan(nested.r2)
    np.testing.assert_allclose(constant.out_of_fold, value)


def test_paths_of_the_folds_own_are_interpolated() -> None:
    (choice,) = elastic_net_cv(X, Y, FOLDS, l1_ratios=[0.5], fold_paths="own")
    path = elastic_net_path(X, Y, l1_ratio=0.5, early_stop=True).lambdas
    np.testing.assert_array_equal(choice.lambdas[0], path)
    at = int(np.searchsorted(-path, -choice.lam))
    for fold in range(4):
        fits = elastic_net_path(X[fold != FOLDS], Y[fold != FOLDS], l1_ratio=0.5, early_stop=True)
        right = int(np.searchsorted(-fits.lambdas, -path[at]))
        low, high = fits.lambdas[right], fits.lambdas[right - 1]
        share = (path[at] - low) / (high - low)
        by_hand = fits.predict(X[fold == FOLDS])[:, [right, right - 1]] @ [1 - share, share]
        np.testing.assert_allclose(choice.out_of_fold[fold == FOLDS], by_hand, atol=1e-9)


def test_a_nested_choice_does_not_see_its_fold() -> None:
    settings = {"l1_ratios": RATIOS, "n_lambdas": 8}
    (plain,) = elastic_net_nested(X, Y, FOLDS, **settings)
    changed = Y.copy()
    changed[FOLDS == 2] = 100.0
    (other,) = elastic_net_nested(X, changed, FOLDS, **settings)
    np.testing.assert_array_equal(plain.out_of_fold[FOLDS == 2], other.out_of_fold[FOLDS == 2])
    assert not np.allclose(plain.out_of_fold[FOLDS == 1], other.out_of_fold[FOLDS == 1])
    choice = plain.choices[2]
    fit = elastic_net_path(X[FOLDS != 2], Y[FOLDS != 2], l1_ratio=choice.l1_ratio, lambdas=[choice.lam])
    np.testing.assert_allclose(plain.out_of_fold[FOLDS == 2], fit.predict(X[FOLDS == 2])[:, 0], atol=1e-7)
    assert plain.r2 == pytest.approx(1.0 - ((Y - plain.out_of_fold) ** 2).mean() / Y.var())


def test_folds_may_have_names() -> None:
    settings = {"l1_ratios": [0.4], "n_lambdas": 4}
    named = pd.Series(np.array(["a", "b", "c", "d"])[FOLDS])
    (plain,), (other,) = (elastic_net_nested(X, Y, folds, **settings) for folds in (FOLDS, named))
    np.testing.assert_array_equal(plain.out_of_fold, other.out_of_fold)
    assert list(other.choices) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("folds", [FOLDS.astype(float), np.array(["a", "b", "c", "d"], dtype=object)[FOLDS]])
def test_a_case_without_a_fold_is_not_left_unpredicted(folds: np.ndarray) -> None:
    folds = folds.copy()
    folds[7] = np.nan
    for choose in (elastic_net_cv, elastic_net_nested):
        with pytest.raises(ReradError, match="folds, row 7: a case without a fold"):
            choose(X, Y, folds)


def test_folds_that_leave_nothing_are_refused() -> None:
    for folds, told in ((np.zeros(40), "1 folds"), (FOLDS[:5], "shape"), (np.arange(40) < 39, "too few")):
        with pytest.raises(ReradError, match=told):
            elastic_net_cv(X, Y, folds)
    with pytest.raises(ReradError, match="needs three"):
        elastic_net_nested(X, Y, FOLDS % 2)
    with pytest.raises(ReradError, match="fold_paths is 'any'"):
        elastic_net_cv(X, Y, FOLDS, fold_paths="any")
