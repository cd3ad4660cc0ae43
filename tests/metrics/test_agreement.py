"""Agreement of two measurements: by hand, and pooled from moments as if all pixels lay in one heap."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import pearsonr, ttest_1samp

from rerad.metrics.agreement import (
    MOMENTS,
    bias_test,
    moments,
    percent_difference,
    pooled,
    sums_of,
    with_intervals,
)

EXACT, OTHER = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.5, 2.0, 2.5, 4.0])


def sums(*pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    found = [moments(*pair) for pair in pairs]
    return sums_of({name: np.array([one[name] for one in found]) for name in MOMENTS})


def test_percentage_differences_by_hand() -> None:
    # |1 - 1.5| / 1.25, none, |3 - 2.5| / 2.75, none; two zeros do not differ, and a zero beside another value does by 2.
    assert percent_difference(EXACT, OTHER).tolist() == pytest.approx([0.4, 0.0, 0.5 / 2.75, 0.0])
    assert percent_difference(np.array([0.0, 0.0]), np.array([0.0, 3.0])).tolist() == [0.0, 2.0]


def test_bland_and_altman_by_hand() -> None:
    # Differences 0.5, 0, -0.5, 0: mean 0, sum of squares 0.5, variance 0.5 / 3. Correlation: Sxy 4, Sxx 5, Syy 3.5.
    found = pooled(sums((EXACT, OTHER)).sum(axis=0))
    assert found["bias"] == pytest.approx(0.0, abs=1e-12)
    assert found["limit_high"] == pytest.approx(1.96 * math.sqrt(0.5 / 3))
    assert found["limit_low"] == pytest.approx(-1.96 * math.sqrt(0.5 / 3))
    assert found["correlation"] == pytest.approx(4 / math.sqrt(5 * 3.5))
    percent = [0.4, 0.0, 0.5 / 2.75, 0.0]
    assert found["percent_difference"] == pytest.approx(np.mean(percent))
    assert found["percent_difference_sd"] == pytest.approx(np.std(percent, ddof=1))


def test_cases_pooled_from_their_moments_are_one_heap_of_pixels() -> None:
    random = np.random.default_rng(0)
    pairs = []
    for count, level in ((50, 1.0), (3, 4.0), (200, 2.0), (0, 0.0)):
        exact = level + random.random(count)
        pairs.append((exact, exact + random.normal(0.1, 0.2, count)))
    exact, other = (np.concatenate(part) for part in zip(*pairs, strict=True))
    found = pooled(sums(*pairs).sum(axis=0))
    apart = other - exact
    assert found["correlation"] == pytest.approx(pearsonr(exact, other).statistic, abs=1e-9)
    assert found["bias"] == pytest.approx(apart.mean(), abs=1e-9)
    assert found["limit_high"] == pytest.approx(apart.mean() + 1.96 * apart.std(ddof=1), abs=1e-9)
    assert found["percent_difference_sd"] == pytest.approx(percent_difference(exact, other).std(ddof=1), abs=1e-9)


def test_what_does_not_vary_has_no_correlation_and_nothing_has_no_moments() -> None:
    flat = pooled(sums((np.full(9, 3.3), np.linspace(0, 1, 9))).sum(axis=0))
    assert math.isnan(flat["correlation"])
    none = moments(np.empty(0), np.empty(0))
    assert none.pop("pixels") == 0
    assert all(math.isnan(value) for value in none.values())


def test_the_interval_resamples_patients_and_not_pixels() -> None:
    random = np.random.default_rng(1)
    shifts = random.normal(0, 0.5, 12)

    def cohort(pixels: int) -> np.ndarray:
        pairs = []
        for shift in shifts:
            exact = random.normal(4, 1, pixels)
            pairs.append((exact, exact + shift + random.normal(0, 0.01, pixels)))
        return sums(*pairs)[None]

    few, many = (with_intervals(cohort(pixels), samples=400, seed=0, level=0.95)["bias"] for pixels in (100, 10000))
    # A hundred times the pixels of the same patients say no more about the bias.
    assert many["high"] - many["low"] == pytest.approx(few["high"] - few["low"], rel=0.05)
    assert many["low"] < many["value"] < many["high"]
    assert many["high"] - many["low"] == pytest.approx(2 * 1.96 * shifts.std() / math.sqrt(12), rel=0.2)


def test_the_bias_is_tested_over_patients() -> None:
    values = np.array([0.1, 0.3, -0.1, 0.2, np.nan])
    found = bias_test(values)
    assert found.n == 4
    assert found.p == pytest.approx(ttest_1samp(values[:4], 0).pvalue)
    assert math.isnan(bias_test(np.array([0.2])).p)
    assert bias_test(np.zeros(3)).p == 1.0


def test_a_seed_without_a_correlation_counts_neither_in_the_value_nor_in_its_interval() -> None:
    random = np.random.default_rng(2)
    exact = random.normal(4, 1, (6, 40))
    good = sums(*((one, one + random.normal(0, 0.3, 40)) for one in exact))
    flat = sums(*((one, np.full(40, 4.0)) for one in exact))
    found = with_intervals(np.stack([good, flat]), samples=400, seed=0, level=0.95)
    alone = pooled(good.sum(axis=0))["correlation"]
    assert found["correlation"]["value"] == alone
    assert found["correlation"]["low"] < alone < found["correlation"]["high"]
    both = [pooled(one.sum(axis=0))["bias"] for one in (good, flat)]
    assert found["bias"]["value"] == pytest.approx(np.mean(both))
