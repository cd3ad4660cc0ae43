import math

import numpy as np
import pytest

from rerad.evaluation.power import detectable_accuracy, detectable_normal, power_of_mcnemar
from rerad.evaluation.statistics import mcnemar


def test_power_by_hand_where_all_disagreements_are_on_one_side():
    # Six cases, all disagreeing, all for one: 6 of 6 has p = 2/64 < 0.05. With five cases nothing is ever found.
    assert power_of_mcnemar(6, 1.0, 1.0) == pytest.approx(1.0)
    assert power_of_mcnemar(6, 0.5, 0.5) == pytest.approx(0.5**6)
    assert power_of_mcnemar(5, 1.0, 1.0) == 0.0
    # All six disagree, five sixths for the better: rejected from 6 to 0 only, either way.
    assert power_of_mcnemar(6, 2 / 3, 1.0) == pytest.approx((5 / 6) ** 6 + (1 / 6) ** 6)


def test_without_a_difference_the_exact_test_keeps_its_level():
    assert power_of_mcnemar(48, 0.0, 0.0) == 0.0
    for disagreement in (0.1, 0.3, 0.6):
        assert power_of_mcnemar(48, 0.0, disagreement) < 0.05


def test_power_is_the_share_of_simulated_comparisons_that_are_significant():
    generator = np.random.default_rng(0)
    outcome = generator.choice(3, size=(2000, 48), p=[0.25, 0.05, 0.70])  # gained, lost, alike: difference 0.2
    first, second = outcome != 1, outcome != 0
    share = np.mean([mcnemar(one, two) < 0.05 for one, two in zip(first, second, strict=True)])
    assert power_of_mcnemar(48, 0.2, 0.3) == pytest.approx(share, abs=0.03)


def test_the_smallest_detectable_difference_has_the_power_asked_for():
    for discordant in (0, 4, 12, 24):
        least = detectable_accuracy(48, discordant)
        assert power_of_mcnemar(48, least, discordant / 48) == pytest.approx(0.8, abs=1e-6)


def test_on_48_patients_less_than_seven_are_never_found():
    # Even if every disagreement favours the same method, 6 are needed, and more on average for power.
    least = detectable_accuracy(48, 0) * 48
    assert 7 < least < 8
    assert [detectable_accuracy(48, discordant) * 48 for discordant in (8, 16, 24)] == sorted(
        detectable_accuracy(48, discordant) * 48 for discordant in (8, 16, 24)
    )
    assert math.isnan(detectable_accuracy(5, 5))
    assert math.isnan(detectable_accuracy(0, 0))


def test_the_normal_one_by_hand():
    # z(0.975) + z(0.8) = 1.959964 + 0.841621
    assert detectable_normal(0.1) == pytest.approx(0.2801585)
    assert math.isnan(detectable_normal(0.0))
    assert math.isnan(detectable_normal(math.nan))
