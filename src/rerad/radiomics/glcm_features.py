"""The features of the co-occurrence matrices of windows: from whole-number sums of pairs to values.

Matrices are symmetric. Names and definitions are those of PyRadiomics 3.0.1 (doi 10.1158/0008-5472.CAN-17-0339), in
snake case; ``dissimilarity``, ``homogeneity`` and ``asm`` are Haralick's and scikit-image's names for three of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.radiomics.glcm_windows import DIFFERENCE, PAIR, SUM

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

# Fractions are kept as multiples of this: wrong by 1e-10 at most, in the mean of any number of pairs.
ONE = 2.0**32


class Tables(NamedTuple):
    """What ``add_tally`` reads: a feature is (base[n] - total) · rate[n] of n pairs."""

    # By how much the total grows with one more occurrence: of any code, of a pair of equal levels, of no pair.
    growth: Whole
    base: Whole
    rate: Real


class Tally(NamedTuple):
    """A feature of how often each pair, difference or sum occurs."""

    kind: int
    tables: Callable[[int], Tables]


class Moments(NamedTuple):
    """A feature of sums over pairs: of ``parts(i, j, top)``, whole numbers, ``value(n, *sums)`` of n pairs."""

    parts: Callable[[Whole, Whole, int], list[Whole]]
    value: Callable[..., Real]


def _entropy(most: int, *, symmetric: bool) -> Tables:
    # A pair of different levels is two cells of half the probability each, one of equal levels a single cell:
    # with m occurrences among n, H = log2 n + 1 - (sum of m log2 m, and of m more where the levels are equal) / n.
    m = np.arange(most + 1)
    apart = np.rint(m * np.log2(np.maximum(m, 1)) * ONE).astype(np.int64)
    equal = apart + m * int(ONE)
    rate = 1 / (ONE * np.maximum(m, 1))
    growth = np.concatenate([np.diff(apart), np.diff(equal), np.zeros_like(m)])
    return Tables(growth, equal if symmetric else apart, rate)


def _energy(most: int) -> Tables:
    m = np.arange(most + 1)
    growth = np.concatenate([np.diff(m**2), np.diff(2 * m**2), np.zeros_like(m)])
    return Tables(growth, np.zeros_like(m), -1 / (2.0 * np.maximum(m, 1) ** 2))


def _weighted(weight: Callable[[Real, int], Real]) -> Moments:
    """Return the mean over pairs of a weight of their difference."""

    def parts(i: Whole, j: Whole, top: int) -> list[Whole]:
        table = np.rint(weight(np.arange(top + 1, dtype=float), top) * ONE).astype(np.int64)
        return [table[np.abs(i - j)]]

    return Moments(parts, lambda n, total: total / (n * ONE))


def _mean(part: Callable[[Whole, Whole], Whole], divisor: int = 1) -> Moments:
    return Moments(lambda i, j, _: [part(i, j)], lambda n, total: total / (n * divisor))


def _variance(part: Callable[[Whole, Whole], Whole]) -> Moments:
    return Moments(
        lambda i, j, _: [part(i, j), part(i, j) ** 2],
        lambda n, first, second: (n * second - first**2) / n.astype(float) ** 2,
    )


def _spread(n: Whole, total: Whole, squares: Whole, products: Whole) -> Whole:
    """Return the variance of a level times (2n)²: both levels of a pair count."""
    return 2 * n * (squares - 2 * products) - total**2


def _correlation(n: Whole, total: Whole, squares: Whole, products: Whole) -> Real:
    spread = _spread(n, total, squares, products)
    return np.where(spread == 0, 1.0, (4 * n * products - total**2) / np.maximum(spread, 1))


def _sum_of_squares(n: Whole, total: Whole, squares: Whole, products: Whole) -> Real:
    return _spread(n, total, squares, products) / (2.0 * n) ** 2


def _levels_and_products(i: Whole, j: Whole, top: int) -> list[Whole]:
    return [i + j, (i + j) ** 2, i * j]


def _central(power: int) -> Moments:
    """Return the central moment of the sum of a pair's levels."""

    def value(n: Whole, *sums: Whole) -> Real:
        # About the whole number next to the mean, where the powers are small, and from there about the mean.
        first, second, third, fourth = sums
        near = np.rint(first / n).astype(np.int64)
        about = [
            n,
            first - n * near,
            second - 2 * near * first + n * near**2,
            third - 3 * near * second + 3 * near**2 * first - n * near**3,
            fourth - 4 * near * third + 6 * near**2 * second - 4 * near**3 * first + n * near**4,
        ]
        one, two, three, four = (total / n for total in about[1:])
        if power == 3:
            return three - 3 * one * two + 2 * one**3
        return four - 4 * one * three + 6 * one**2 * two - 3 * one**4

    return Moments(lambda i, j, _: [(i + j) ** p for p in (1, 2, 3, 4)], value)


def _apart(i: Whole, j: Whole) -> Whole:
    return np.abs(i - j)


def _together(i: Whole, j: Whole) -> Whole:
    return i + j


FEATURES: dict[str, Tally | Moments] = {
    "joint_entropy": Tally(PAIR, lambda most: _entropy(most, symmetric=True)),
    "joint_energy": Tally(PAIR, _energy),
    "difference_entropy": Tally(DIFFERENCE, lambda most: _entropy(most, symmetric=False)),
    "sum_entropy": Tally(SUM, lambda most: _entropy(most, symmetric=False)),
    "contrast": _mean(lambda i, j: (i - j) ** 2),
    "difference_average": _mean(_apart),
    "difference_variance": _variance(_apart),
    "id": _weighted(lambda k, _: 1 / (1 + k)),
    "idn": _weighted(lambda k, top: 1 / (1 + k / top)),
    "idm": _weighted(lambda k, _: 1 / (1 + k**2)),
    "idmn": _weighted(lambda k, top: 1 / (1 + k**2 / top**2)),
    "inverse_variance": _weighted(lambda k, _: np.where(k > 0, 1 / np.maximum(k, 1) ** 2, 0)),
    "autocorrelation": _mean(lambda i, j: i * j),
    "joint_average": _mean(_together, 2),
    "sum_average": _mean(_together),
    "sum_squares": Moments(_levels_and_products, _sum_of_squares),
    "correlation": Moments(_levels_and_products, _correlation),
    "cluster_tendency": _variance(_together),
    "cluster_shade": _central(3),
    "cluster_prominence": _central(4),
}
FEATURES |= {
    "dissimilarity": FEATURES["difference_average"],
    "homogeneity": FEATURES["idm"],
    "asm": FEATURES["joint_energy"],
}


def overflows(feature: Tally | Moments, pairs: int, top: int) -> bool:
    """Return whether sums over so many pairs of levels up to ``top`` may leave the range of 64-bit numbers."""
    if isinstance(feature, Tally):
        return pairs * (pairs.bit_length() + 1) * ONE >= 2**62
    return max((2 * pairs * top) ** 2, pairs * (2 * top) ** 4, pairs * ONE) >= 2**62
