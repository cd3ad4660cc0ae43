"""The tests against what R computes, hand-computed cases and enumeration."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import norm

from rerad.core.errors import ReradError
from rerad.evaluation.statistics import bonferroni, holm, mcnemar, paired_wilcoxon, unpaired_t


def verdicts(both, gained, lost, neither):
    return np.repeat([1, 1, 0, 0], [both, gained, lost, neither]), np.repeat(
        [1, 0, 1, 0], [both, gained, lost, neither]
    )


def test_mcnemar_with_continuity_correction_by_hand():
    # Agresti 1990, page 350: 86 and 150 discordant, chi² = (150 - 86 - 1)²/236 = 16.818 with one degree of freedom.
    p = mcnemar(*verdicts(794, 86, 150, 570), exact=False)
    assert p == pytest.approx(2 * norm.sf(math.sqrt((150 - 86 - 1) ** 2 / 236)))
    assert p == pytest.approx(4.115e-05, rel=1e-3)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (6, 0, 2 / 64),  # the least that reaches p < 0.05
        (5, 0, 2 / 32),
        (8, 1, 2 * (1 + 9) / 512),
        (1, 8, 2 * (1 + 9) / 512),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_exact_by_hand(gained, lost, p):
    assert mcnemar(*verdicts(20, gained, lost, 10)) == pytest.approx(p)


def test_mcnemar_without_a_surplus_is_certain_about_nothing():
    assert mcnemar(*verdicts(20, 3, 3, 10), exact=False) == 1.0
    assert mcnemar(*verdicts(20, 0, 0, 10), exact=False) == 1.0


def test_wilcoxon_by_hand():
    # Differences 1, -2, 3, 4, 5, 6: negative ranks sum to 2 of 21. z = (2 - 10.5 + 0.5) / sqrt(6 · 7 · 13 / 24).
    differences = np.array([1.0, -2, 3, 4, 5, 6])
    expected = 2 * norm.cdf((2 - 10.5 + 0.5) / math.sqrt(6 * 7 * 13 / 24))
    assert paired_wilcoxon(differences, np.zeros(6)) == pytest.approx(expected)
    assert paired_wilcoxon(np.zeros(6), differences) == pytest.approx(expected)


def test_wilcoxon_with_ties_and_zeros_by_hand():
    # Without the two zeros: ranks of 1, 1, -1, 2, 3 are 2, 2, 2, 4, 5; a tie of three takes (27 - 3)/48 from the variance.
    first = np.array([1.0, 1, -1, 2, 3, 0, 0])
    expected = 2 * norm.cdf((2 - 7.5 + 0.5) / math.sqrt(5 * 6 * 11 / 24 - 24 / 48))
    assert paired_wilcoxon(first, np.zeros(7)) == pytest.approx(expected)


def test_wilcoxon_of_fractions_sees_their_ties():
    # 0.7 - 0.4, 0.5 - 0.2 and 0.8 - 0.5 differ in the last bit; as eighths or tenths they tie.
    first, second = np.array([0.7, 0.5, 0.8, 0.1]), np.array([0.4, 0.2, 0.5, 0.5])
    expected = 2 * norm.cdf((4 - 5 + 0.5) / math.sqrt(4 * 5 * 9 / 24 - 24 / 48))
    assert paired_wilcoxon(first, second) == pytest.approx(expected)


def test_wilcoxon_leaves_missing_pairs_out():
    first, second = np.array([1.0, 2, 3, np.nan]), np.array([0.5, 0, 0, 1])
    assert paired_wilcoxon(first, second) == paired_wilcoxon(first[:3], second[:3])
    assert paired_wilcoxon([1.0, 2], [1.0, 2]) == 1.0
    assert math.isnan(paired_wilcoxon([math.nan], [1.0]))


def test_students_sleep_by_the_unpaired_test():
    # Student 1908, the example of R's t.test with equal variances: t = -1.8608, df = 18, p = 0.07919.
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    assert unpaired_t(first, second) == pytest.approx(0.07919, abs=5e-6)


def test_the_papers_test_cannot_tell_equal_means_apart():
    # Six folds of eight with 41 right each: however they lie, equal accuracies give t = 0.
    splits = [folds for folds in itertools.combinations_with_replacement(range(5, 9), 6) if sum(folds) == 41]
    assert len(splits) > 5
    for one, two in itertools.product(splits[:8], repeat=2):
        assert unpaired_t(np.array(one) / 8, np.array(two) / 8) == pytest.approx(1.0)


def test_the_unpaired_test_without_spread():
    assert unpaired_t([0.5] * 6, [0.5] * 6) == 1.0
    assert math.isnan(unpaired_t([0.5] * 6, [0.7] * 6))
    assert math.isnan(unpaired_t([0.5, math.nan], [0.7, 0.8]))
    assert unpaired_t([0.5] * 6, [0.6, 0.7, 0.6, 0.7, 0.6, math.nan]) < 0.01


def test_holm_and_bonferroni_by_hand():
    p = [0.01, 0.04, 0.03, 0.005]
    # Holm: 0.005 · 4, 0.01 · 3, 0.03 · 2, then 0.04 · 1 raised to what came before.
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert bonferroni(p) == pytest.approx([0.04, 0.16, 0.12, 0.02])
    assert bonferroni([0.6, 0.5]) == pytest.approx([1.0, 1.0])


def test_a_test_without_a_p_counts_for_none():
    assert holm([0.02, math.nan, 0.03]) == pytest.approx([0.04, math.nan, 0.04], nan_ok=True)
    assert np.isnan(holm([math.nan])).all()
    assert len(holm([])) == 0


def test_adjusting_keeps_order_and_never_helps():
    generator = np.random.default_rng(2)
    p = generator.random(12) ** 3
    assert (holm(p) >= p).all()
    assert (holm(p) <= bonferroni(p)).all()
    assert (np.diff(holm(p)[np.argsort(p)]) >= 0).all()


def test_what_is_not_paired_is_refused():
    for test in (mcnemar, paired_wilcoxon):
        with pytest.raises(ReradError, match="no pairs"):
            test([1, 0], [1])
        with pytest.raises(ReradError, match="no pairs"):
            test([], [])
