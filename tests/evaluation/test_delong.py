"""DeLong's method against the data of its paper, and against the definition of the covariance of U-statistics."""

import itertools

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.delong import delong_covariance, delong_interval, delong_test
from rerad.metrics.points import point_metrics

# DeLong, DeLong and Clarke-Pearson 1988: albumin, total protein, K-G score, 1 where surgery was of benefit. The 43 of
# 49 patients without a missing value, as SAS/STAT's guide reprints them ("Comparing ROC curves").
OVARIAN = np.fromstring(
    """
    3.0 5.8 10 0   3.2 6.3  5 1   3.9 6.8  3 1   2.8 4.8  6 0   3.2 5.8  3 1   0.9 4.0  5 0   2.5 5.7  8 0   1.6 5.6  5 1
    3.8 5.7  5 1   3.7 6.7  6 1   3.2 5.4  4 1   3.8 6.6  6 1   4.1 6.6  5 1   3.6 5.7  5 1   4.3 7.0  4 1   3.6 6.7  4 0
    2.3 4.4  6 1   4.2 7.6  4 0   4.0 6.6  6 0   3.5 5.8  6 1   3.8 6.8  7 1   3.0 4.7  8 0   4.5 7.4  5 1   3.7 7.4  5 1
    3.1 6.6  6 1   4.1 8.2  6 1   4.3 7.0  5 1   4.3 6.5  4 1   3.2 5.1  5 1   2.6 4.7  6 1   3.3 6.8  6 0   1.7 4.0  7 0
    3.7 6.1  5 1   3.3 6.3  7 1   4.2 7.7  6 1   3.5 6.2  5 1   2.9 5.7  9 0   2.1 4.8  7 1   2.8 6.2  8 0   4.0 7.0  7 1
    3.3 5.7  6 1   3.7 6.9  5 1   3.6 6.6  5 1
    """,
    sep=" ",
).reshape(-1, 4)
ALBUMIN, PROTEIN, KG, BENEFIT = OVARIAN[:, 0], OVARIAN[:, 1], 10 - OVARIAN[:, 2], OVARIAN[:, 3]


@pytest.mark.parametrize(
    ("score", "printed"),
    [
        (ALBUMIN, (0.7366, 0.0927, 0.5549, 0.9182)),
        (KG, (0.7258, 0.1028, 0.5243, 0.9273)),
        (PROTEIN, (0.6478, 0.1000, 0.4518, 0.8439)),
    ],
)
def test_area_error_and_interval_of_the_papers_patients(score, printed):
    assert delong_interval(BENEFIT, score) == pytest.approx(printed, abs=6e-5)


@pytest.mark.parametrize(
    ("score", "difference", "error", "low", "high", "chi2", "p"),
    [
        (ALBUMIN, 0.0108, 0.0953, -0.1761, 0.1976, 0.0127, 0.9102),
        (PROTEIN, -0.0780, 0.1046, -0.2830, 0.1271, 0.5554, 0.4561),
    ],
)
def test_paired_differences_of_the_papers_patients(score, difference, error, low, high, chi2, p):
    found = delong_test(BENEFIT, score, KG)
    assert found[:4] == pytest.approx((difference, error, low, high), abs=6e-5)
    assert (found.z**2, found.p) == pytest.approx((chi2, p), abs=6e-5)


def test_a_hand_computed_variance():
    # Positive 1, 3, 4 against negative 0, 2: wins 1, 0 / 1, 1 / 1, 1; area 5/6. Placements 1/2, 1, 1 (variance 1/12)
    # and 1, 2/3 (variance 1/18): 1/36 + 1/36.
    areas, covariance = delong_covariance([1, 1, 1, 0, 0], [[1, 3, 4, 0, 2]])
    assert areas == pytest.approx([5 / 6])
    assert covariance == pytest.approx(np.array([[1 / 18]]))


def test_covariance_is_that_of_the_definition_with_ties():
    generator = np.random.default_rng(5)
    target = np.array([1] * 7 + [0] * 9)
    scores = generator.integers(0, 6, (3, 16)) / 2
    wins = [[[(x > y) + 0.5 * (x == y) for y in s[7:]] for x in s[:7]] for s in scores]
    areas = [sum(map(sum, w)) / 63 for w in wins]
    expected = np.empty((3, 3))
    for r, s in itertools.product(range(3), repeat=2):
        of_positive = sum((sum(wins[r][i]) / 9 - areas[r]) * (sum(wins[s][i]) / 9 - areas[s]) for i in range(7)) / 6
        of_negative = (
            sum(
                (sum(row[j] for row in wins[r]) / 7 - areas[r]) * (sum(row[j] for row in wins[s]) / 7 - areas[s])
                for j in range(9)
            )
            / 8
        )
        expected[r, s] = of_positive / 7 + of_negative / 9
    found, covariance = delong_covariance(target, scores)
    assert found == pytest.approx(areas)
    assert found == pytest.approx([point_metrics(target, one)["auc"] for one in scores])
    assert covariance == pytest.approx(expected)


def test_what_only_orders_the_cases_does_not_matter():
    found, again = delong_test(BENEFIT, ALBUMIN, KG), delong_test(BENEFIT, np.exp(ALBUMIN), KG**3)
    assert again == pytest.approx(found)
    swapped = delong_test(BENEFIT, KG, ALBUMIN)
    assert swapped.value == -found.value
    assert swapped.p == found.p


def test_the_logit_interval_stays_inside_and_mirrors():
    plain, bent = delong_interval(BENEFIT, ALBUMIN), delong_interval(BENEFIT, ALBUMIN, logit=True)
    # log(0.7366 / 0.2634) = 1.0283; half width 1.959964 · 0.09269 / (0.7366 · 0.2634) = 0.93634
    assert (bent.low, bent.high) == pytest.approx((0.5230, 0.8770), abs=2e-4)
    assert bent[:2] == plain[:2]
    mirrored = delong_interval(BENEFIT, -ALBUMIN, logit=True)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - bent.high, 1 - bent.low))
    assert np.isnan(delong_interval([0, 0, 1, 1], [1, 2, 3, 4], logit=True)[2:]).all()


def test_scores_without_a_difference_or_without_a_variance():
    same = delong_test(BENEFIT, ALBUMIN, 2 * ALBUMIN + 1)
    assert (same.value, same.z, same.p) == (0.0, 0.0, 1.0)
    perfect = delong_test([0, 0, 1, 1], [1, 2, 3, 4], [5, 5, 5, 5])
    assert perfect.value == 0.5
    assert np.isnan([perfect.z, perfect.p]).all()


def test_one_case_of_a_class_is_refused():
    with pytest.raises(ReradError, match="1 positive and 3 negative"):
        delong_test([1, 0, 0, 0], [1, 2, 3, 4], [4, 3, 2, 1])
    with pytest.raises(ReradError, match="score nan"):
        delong_interval([1, 1, 0, 0], [1, np.nan, 3, 4])
