"""The tests behind the comparisons: fit ones, paired by case or fold, and the papers' own.

Their libraries take seconds to import and come with the first test: tables import this module and test little.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

Array = NDArray[np.float64]


def mcnemar(right: Any, other: Any, *, exact: bool = True) -> float:
    """Return McNemar's two-sided p for two methods that were right or wrong about the same cases.

    ``right`` and ``other`` (cases,) are booleans. ``exact`` is the binomial test of the discordant cases; else chi²
    with continuity correction. Without a surplus on either side p is 1. Source: statsmodels ``mcnemar``.

    Raises:
        ReradError: lengths differ or there is no case.
    """
    first, second = np.asarray(right, dtype=bool), np.asarray(other, dtype=bool)
    _same_cases(first, second)
    gained, lost = int((first & ~second).sum()), int((~first & second).sum())
    if gained == lost:
        return 1.0  # statsmodels subtracts the correction from 0 as well and gets a p below 1
    table = [[int((first & second).sum()), gained], [lost, int((~first & ~second).sum())]]
    from statsmodels.stats.contingency_tables import mcnemar as contingency

    return float(contingency(table, exact=exact, correction=True).pvalue)


def paired_wilcoxon(first: Any, second: Any) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test with continuity correction.

    ``first`` and ``second`` (cases or folds,) are paired; pairs without both values are left out, and pairs without a
    difference as well. It is the normal approximation with ties taken into account, what R's ``wilcox.test(paired =
    TRUE, exact = FALSE)`` computes. Nan without a pair, 1 where no pair differs. Source: scipy ``wilcoxon``.

    Raises:
        ReradError: lengths differ or there is no case.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    _same_cases(one, two)
    both = ~(np.isnan(one) | np.isnan(two))
    # Rounding makes 0.7 - 0.4 and 0.5 - 0.2 two different ranks; as fractions of patients they are one.
    apart = np.round(one[both] - two[both], 12)
    if not both.any():
        return math.nan
    if not apart.any():
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(apart, zero_method="wilcox", correction=True, method="asymptotic").pvalue)


def unpaired_t(first: Any, second: Any) -> float:
    """Return the two-sided p of Student's unpaired t-test with equal variances, the papers' test over folds.

    It takes folds of the same patients for independent samples, which they are not. Values that are not numbers are
    left out. Nan with fewer than two values on a side or none that vary, 1 where all are equal. Source: scipy
    ``ttest_ind``.
    """
    one, two = (_numbers(values) for values in (first, second))
    if min(len(one), len(two)) < 2:
        return math.nan
    if np.ptp(one) < 1e-12 and np.ptp(two) < 1e-12:
        return 1.0 if abs(one[0] - two[0]) < 1e-12 else math.nan
    from scipy.stats import ttest_ind

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # folds of one side may all be equal, as the majority's are
        return float(ttest_ind(one, two, equal_var=True).pvalue)


def holm(p: Any) -> Array:
    """Return p values (tests,) adjusted by Holm's method; nan stays nan and counts for no test.

    Source: statsmodels ``multipletests``; equal to R's ``p.adjust``.
    """
    from statsmodels.stats.multitest import multipletests

    found = np.array(p, dtype=float)
    known = ~np.isnan(found)
    if known.any():
        found[known] = multipletests(found[known], method="holm")[1]
    return found


def bonferroni(p: Any) -> Array:
    """Return p values (tests,) times their number, at most 1; nan stays nan and counts for no test.

    Equal to R's ``p.adjust``.
    """
    found = np.array(p, dtype=float)
    return np.minimum(found * (~np.isnan(found)).sum(), 1.0)


def _numbers(values: Any) -> Array:
    array = np.asarray(values, dtype=float)
    return array[~np.isnan(array)]


def _same_cases(first: NDArray[Any], second: NDArray[Any]) -> None:
    if first.ndim != 1 or first.shape != second.shape or not len(first):
        raise ReradError(f"values of shape {first.shape} and {second.shape} are no pairs")
