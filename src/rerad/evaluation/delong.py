"""DeLong's variance of the area under the ROC curve, for one method and for two on the same cases."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError
from rerad.metrics.points import checked

Array = NDArray[np.float64]
FEWEST = 2  # cases of each class: below, a variance over them does not exist


class Area(NamedTuple):
    """An area under the curve with its standard error and interval."""

    value: float
    error: float
    low: float
    high: float


class Difference(NamedTuple):
    """A difference of two areas with its standard error, interval, normal deviate and two-sided p."""

    value: float
    error: float
    low: float
    high: float
    z: float
    p: float


def delong_covariance(target: Any, scores: Any) -> tuple[Array, Array]:
    """Return the areas (methods,) and their covariance (methods, methods) of several scores on the same cases.

    ``target`` (cases,) is 0 or 1, ``scores`` (methods, cases). The covariance is that of the placement values of the
    positive cases over their number plus that of the negative ones over theirs, ties counting one half.
    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837, equations 4 to 6.

    Raises:
        ReradError: what ``point_metrics`` refuses, or fewer than two cases of a class.
    """
    pairs = [checked(target, score) for score in np.atleast_2d(np.asarray(scores, dtype=float))]
    positive = pairs[0][0] == 1
    number = int(positive.sum()), int((~positive).sum())
    if min(number) < FEWEST:
        raise ReradError(
            f"{number[0]} positive and {number[1]} negative cases give an area no variance",
            remedy=f"DeLong's method needs at least {FEWEST} of each",
        )
    wins = np.stack([_wins(score[positive], score[~positive]) for _, score in pairs])
    of_positive, of_negative = wins.mean(axis=2), wins.mean(axis=1)
    covariance = np.cov(of_positive) / number[0] + np.cov(of_negative) / number[1]
    return wins.mean(axis=(1, 2)), np.atleast_2d(covariance)


def delong_interval(target: Any, score: Any, *, level: float = 0.95, logit: bool = False) -> Area:
    """Return the area under the curve of one score (cases,) with DeLong's standard error and interval.

    The interval is normal and cut at 0 and 1; with ``logit`` it is normal on the scale of the log-odds, which keeps it
    inside by itself (Pepe 2003, section 5.2). Low and high are nan with ``logit`` where the area is 0 or 1.

    Raises:
        ReradError: see ``delong_covariance``.
    """
    areas, covariance = delong_covariance(target, score)
    area, error = float(areas[0]), math.sqrt(covariance[0, 0])
    reach = NormalDist().inv_cdf(0.5 + level / 2)
    if not logit:
        return Area(area, error, max(0.0, area - reach * error), min(1.0, area + reach * error))
    spread = area * (1 - area)
    if spread == 0:
        return Area(area, error, math.nan, math.nan)
    middle, half = math.log(area / (1 - area)), reach * error / spread
    return Area(area, error, 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle)))


def delong_test(target: Any, score: Any, other: Any, *, level: float = 0.95) -> Difference:
    """Return the area of ``score`` minus that of ``other`` on the same cases, with DeLong's paired test.

    Where both order every pair of cases alike the difference is 0 and p is 1. Where the difference has no variance
    without being 0 (a constant score against a perfect one) z and p are nan: the method does not apply.

    Raises:
        ReradError: see ``delong_covariance``.
    """
    areas, covariance = delong_covariance(target, [score, other])
    value = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    # A difference of equal sums leaves a few units of the last bit.
    error = math.sqrt(variance) if variance > 1e-15 else 0.0
    half = NormalDist().inv_cdf(0.5 + level / 2) * error
    if error:
        z = value / error
        return Difference(value, error, value - half, value + half, z, 2 * NormalDist().cdf(-abs(z)))
    same = abs(value) < 1e-12
    return Difference(value, 0.0, value, value, 0.0 if same else math.nan, 1.0 if same else math.nan)


def _wins(positive: Array, negative: Array) -> Array:
    ahead = positive[:, None] - negative[None, :]
    return (ahead > 0) + 0.5 * (ahead == 0)
