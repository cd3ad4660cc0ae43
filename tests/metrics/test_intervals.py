import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from rerad.metrics.intervals import bootstrap, bootstrap_difference, bootstrap_mean, over_folds, wilson
from rerad.metrics.points import point_metrics


def test_wilson_of_36_in_48_by_hand():
    # z = 1.959964; centre (0.75 + z²/96) / (1 + z²/48), half width z sqrt(0.75 · 0.25/48 + z²/(4 · 48²)) / (1 + z²/48)
    assert wilson(36, 48, level=0.95) == pytest.approx((0.612157, 0.850793), abs=2e-6)
    assert np.isnan(wilson(0, 0, level=0.95)).all()


def test_t_interval_over_six_folds_by_hand():
    # mean 0.75, deviations ±0.125 twice and 0 twice: sd = sqrt(4 · 0.015625 / 5); t(0.975, 5) = 2.570582
    values = np.array([0.875, 0.625, 0.75, 0.875, 0.625, 0.75])
    mean, low, high, sd, number = over_folds(values, level=0.95)
    assert (mean, number) == (0.75, 6)
    assert sd == pytest.approx(0.1118034)
    assert (low, high) == pytest.approx((0.75 - 2.570582 * 0.1118034 / 6**0.5, 0.75 + 2.570582 * 0.1118034 / 6**0.5))


def test_folds_without_a_value_do_not_count():
    mean, low, _, sd, number = over_folds(np.array([np.nan, 0.5]), level=0.95)
    assert (mean, number) == (0.5, 1)
    assert np.isnan([low, sd]).all()
    assert over_folds(np.array([np.nan]), level=0.95)[4] == 0


def test_bootstrap_of_accuracy_is_the_binomial():
    # Right 30 times of 40: the resampled accuracy is binomial(40, 0.75) / 40, with 2.5 and 97.5 % points 0.6 and 0.875.
    target = np.array([1] * 20 + [0] * 20, dtype=float)
    score = np.array([1] * 15 + [0] * 20 + [1] * 5, dtype=float)
    found = bootstrap(target, score[None], samples=4000, seed=3, threshold=0.5, level=0.95)
    assert found["acc"] == pytest.approx((0.6, 0.875), abs=0.026)


def test_seeds_are_resampled_inside():
    # Every case right with one seed and wrong with the other: patients add no spread, seeds all of it: 0, 1/2 or 1.
    target = np.array([0, 1] * 10, dtype=float)
    scores = np.stack([target, 1 - target])
    found = bootstrap(target, scores, samples=500, seed=0, threshold=0.5, level=0.95)
    assert found["acc"] == (0.0, 1.0)
    same = bootstrap(target, np.stack([target, target]), samples=500, seed=0, threshold=0.5, level=0.95)
    assert same["acc"] == (1.0, 1.0)


def test_resamples_without_a_value_are_left_out():
    # Two cases: half of the resamples hold one class only and have no AUC; the others have 1.
    found = bootstrap(np.array([0.0, 1.0]), np.array([[0.1, 0.9]]), samples=200, seed=0, threshold=0.5, level=0.95)
    assert found["auc"] == (1.0, 1.0)


def test_difference_of_two_methods_is_taken_on_the_same_patients():
    # One is right about 10 of 40 patients more and never about fewer: the resampled difference is binomial(40, 1/4)/40,
    # with 2.5 and 97.5 % points 0.125 and 0.4. As independent methods its spread would be larger by half.
    target = np.array([1] * 20 + [0] * 20, dtype=float)
    score = np.array([1] * 15 + [0] * 25, dtype=float)
    worse = np.array([1] * 5 + [0] * 35, dtype=float)
    found = bootstrap_difference(target, score, worse, samples=4000, seed=1, threshold=0.5, level=0.95)
    assert found["acc"] == pytest.approx((0.125, 0.4), abs=0.026)
    back = bootstrap_difference(target, worse, score, samples=4000, seed=1, threshold=0.5, level=0.95)
    assert back["acc"] == pytest.approx((-found["acc"][1], -found["acc"][0]))
    same = bootstrap_difference(target, score, 2 * score, samples=100, seed=1, threshold=0.5, level=0.95)
    assert same["auc"] == same["acc"] == (0.0, 0.0)


def test_difference_without_a_value_has_no_interval():
    found = bootstrap_difference(np.ones(4), np.ones(4), np.zeros(4), samples=20, seed=0, threshold=0.5, level=0.95)
    assert np.isnan(found["auc"]).all()
    assert found["acc"] == (1.0, 1.0)


def test_nine_in_ten_intervals_of_48_patients_hold_the_true_auc():
    # Normal scores sqrt(2) · z(0.75) apart have the AUC 0.75; benchmarks/interval_coverage.py measures the rest.
    target = np.repeat([1.0, 0.0], 24)
    held = 0
    for cohort in range(200):
        score = np.random.default_rng(cohort).normal(size=48) + np.sqrt(2) * norm.ppf(0.75) * target
        found = bootstrap(target, score[None], samples=400, seed=cohort, threshold=0.5, level=0.95)
        held += found["auc"][0] <= 0.75 <= found["auc"][1]
    assert held >= 180


def test_intervals_over_folds_hold_one_half_where_there_is_nothing():
    target, held = np.repeat([1, 0], 4), 0
    for cohort in range(200):
        scores = np.random.default_rng(cohort).normal(size=(6, 8))
        _, low, high, _, _ = over_folds(np.array([point_metrics(target, one)["auc"] for one in scores]), level=0.95)
        held += low <= 0.5 <= high
    assert held >= 170


def test_mean_over_patients_is_resampled_like_accuracy():
    # The share of right calls is a mean of zeros and ones: both bootstraps draw the same patients and seeds.
    generator = np.random.default_rng(1)
    target = np.repeat([0.0, 1.0], 12)
    scores = np.stack([generator.uniform(size=24) for _ in range(3)])
    known = {"samples": 300, "seed": 7, "level": 0.95}
    right = ((scores >= 0.5) == (target == 1)).astype(float)
    assert bootstrap_mean(right, **known) == pytest.approx(bootstrap(target, scores, threshold=0.5, **known)["acc"])


def test_patients_without_a_value_count_in_no_mean():
    values = np.array([[0.25, np.nan, np.nan]])
    # The one value there is, in every resample that draws its patient; without any there is no interval.
    assert bootstrap_mean(values, samples=100, seed=0, level=0.95) == (0.25, 0.25)
    assert np.isnan(bootstrap_mean(values * np.nan, samples=100, seed=0, level=0.95)).all()


def test_difference_of_several_seeds_resamples_them_inside():
    # One seed is right about every case, the other about none.
    target = np.array([0, 1] * 10, dtype=float)
    mixed, right = np.stack([target, 1 - target]), np.stack([target, target])
    drawn = {"samples": 500, "seed": 0, "threshold": 0.5, "level": 0.95}
    # Both methods draw the same seeds, so that a method less itself is nothing.
    assert bootstrap_difference(target, mixed, mixed, **drawn)["acc"] == (0.0, 0.0)
    assert bootstrap_difference(target, mixed, right, **drawn)["acc"] == (-1.0, 0.0)
    assert bootstrap_difference(target, target, mixed, **drawn)["acc"] == (0.0, 1.0)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("number", [1, 7, 48])
def test_wilson_is_that_of_statsmodels(number, level):
    for count in range(number + 1):
        theirs = proportion_confint(count, number, alpha=1 - level, method="wilson")
        assert wilson(count, number, level=level) == pytest.approx(theirs, abs=1e-14)
    assert np.isnan(wilson(0, 0, level=level)).all()
