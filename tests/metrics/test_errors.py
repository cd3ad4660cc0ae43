"""Errors of predicted numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.metrics import regression
from rerad.metrics.intervals import bootstrap_mean


def test_both_errors_by_hand():
    found = regression([2.0, 4.0, 10.0], [3.0, 4.0, 5.0])
    assert found["mae"]["value"] == pytest.approx((1 + 0 + 5) / 3)
    assert found["mape"]["value"] == pytest.approx(100 * (1 / 2 + 0 + 1 / 2) / 3)
    assert found["mae"]["n"] == found["mape"]["n"] == 3
    assert np.isnan(found["mae"]["sd"])


def test_over_seeds_it_is_the_mean_and_their_sd():
    found = regression([2.0, 4.0], [[3.0, 5.0], [2.0, 4.0], [4.0, 6.0]])
    assert found["mae"]["value"] == pytest.approx(1.0)
    assert found["mae"]["sd"] == pytest.approx(1.0)


def test_the_interval_is_that_of_resampled_patients():
    random = np.random.default_rng(0)
    truth, called = random.uniform(1, 5, 40), random.uniform(1, 5, (2, 40))
    found = regression(truth, called, bootstraps=300, seed=4, level=0.9)
    expected = bootstrap_mean(np.abs(called - truth), samples=300, seed=4, level=0.9)
    assert (found["mae"]["low"], found["mae"]["high"]) == expected
    assert found["mae"]["low"] < found["mae"]["value"] < found["mae"]["high"]


def test_a_truth_of_0_has_no_percent_error():
    found = regression([0.0, 4.0], [1.0, 5.0])
    assert (found["mae"]["value"], found["mape"]["value"]) == (1.0, 25.0)
    assert (found["mae"]["n"], found["mape"]["n"]) == (2, 1)


@pytest.mark.parametrize(("truth", "called", "told"), [
    ([1.0, 2.0], [1.0], "no pairs of cases"), ([], [], "no pairs of cases"),
    ([1.0, np.nan], [1.0, 1.0], "a truth is nan"), ([1.0], [np.inf], "a prediction is inf"),
])  # fmt: skip
def test_what_has_no_error_is_refused(truth, called, told):
    with pytest.raises(ReradError, match=told):
        regression(truth, called)
