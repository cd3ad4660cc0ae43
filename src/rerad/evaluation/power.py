"""The smallest true difference that a paired comparison would have found."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

LEVEL, POWER = 0.05, 0.8


def detectable_accuracy(cases: int, discordant: int, *, level: float = LEVEL, power: float = POWER) -> float:
    """Return the smallest difference of accuracy that McNemar's exact test on ``cases`` finds with ``power``.

    The two methods are taken to disagree on the share of cases on which they were seen to disagree, ``discordant`` of
    ``cases``; a difference larger than that share takes as many disagreements as it needs, all on one side. Nan where
    there are too few cases for any difference. The power is summed over all outcomes, nothing is approximated.
    """

    def missing(difference: float) -> float:
        return power_of_mcnemar(cases, difference, discordant / cases, level=level) - power

    if cases < 1 or missing(1.0) < 0:
        return math.nan
    from scipy.optimize import brentq  # as long to import as binom below

    return float(brentq(missing, 0.0, 1.0, xtol=1e-9))


def power_of_mcnemar(cases: int, difference: float, disagreement: float, *, level: float = LEVEL) -> float:
    """Return the power of McNemar's exact test against a true ``difference`` of accuracy.

    ``disagreement`` is the share of cases on which one of the two is right; it is raised to ``difference`` where it is
    smaller. The number of such cases is binomial, and so is the number of them that favour the better method.
    """
    from scipy.stats import binom  # a second to import, and most tables need none of it

    share = max(disagreement, difference)
    if share == 0:
        return 0.0
    number = np.arange(cases + 1)
    favour = binom.pmf(number[None, :], number[:, None], (share + difference) / (2 * share))
    found = (favour * _rejected(cases, level)).sum(axis=1)
    return float(binom.pmf(number, cases, share) @ found)


def detectable_normal(error: float, *, level: float = LEVEL, power: float = POWER) -> float:
    """Return the smallest difference that a two-sided normal test with standard error ``error`` finds with ``power``.

    (z(1 − level/2) + z(power)) · error (Cohen 1988, section 2.4). Nan without an error.
    """
    z = NormalDist().inv_cdf
    return (z(1 - level / 2) + z(power)) * error if error > 0 else math.nan


@lru_cache(maxsize=16)
def _rejected(cases: int, level: float) -> NDArray[np.bool_]:
    """Return whether the exact test rejects (discordant cases, those that favour one method)."""
    from scipy.stats import binom

    number = np.arange(cases + 1)
    fewer = np.minimum(number[None, :], number[:, None] - number[None, :])
    return 2 * binom.cdf(fewer, number[:, None], 0.5) < level
