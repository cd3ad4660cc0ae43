"""How far two measurements of the same pixels agree: correlation, percentage difference, Bland and Altman."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.metrics.binary import nan_mean
from rerad.metrics.intervals import resampled

Array = NDArray[np.float64]
LEAST = 1e-12  # of a variance: what rounding leaves of that of equal values
WITHIN = 1.96  # standard deviations of the differences between the limits of agreement and their mean
# Of the pixels of one case; everything else follows from them, for any union of cases.
MOMENTS = (
    "pixels",
    "difference",
    "exact_mean",
    "exact_var",
    "synthesised_var",
    "covariance",
    "percent_difference",
    "percent_difference_var",
)
POOLED = ("correlation", "percent_difference", "percent_difference_sd", "bias", "limit_low", "limit_high")


class Bias(NamedTuple):
    """Student's t-test over patients of their mean difference against 0."""

    mean: float
    p: float
    n: int


def percent_difference(exact: Array, other: Array) -> Array:
    """Return |a - b| / ((a + b) / 2) of values that are not negative, a fraction; 0 where both are 0."""
    middle = (exact + other) / 2
    return np.divide(np.abs(exact - other), middle, out=np.zeros_like(middle), where=middle > 0)


def moments(exact: NDArray, other: NDArray) -> dict[str, float]:
    """Return ``MOMENTS`` of two measurements (pixels,), variances over all pixels; nan without a pixel.

    ``difference`` is the mean of ``other`` - ``exact``.
    """
    first, second = np.asarray(exact, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if not len(first):
        return {name: 0.0 if name == "pixels" else float("nan") for name in MOMENTS}
    percent = percent_difference(first, second)
    values = (
        len(first),
        second.mean() - first.mean(),
        first.mean(),
        first.var(),
        second.var(),
        ((first - first.mean()) * (second - second.mean())).mean(),
        percent.mean(),
        percent.var(),
    )
    return dict(zip(MOMENTS, map(float, values), strict=True))


def correlation(exact_var: Array, synthesised_var: Array, covariance: Array) -> Array:
    """Return Pearson's correlation from moments; nan where one side does not vary."""
    varies = (exact_var > LEAST) & (synthesised_var > LEAST)
    scale = np.sqrt(np.where(varies, np.multiply(exact_var, synthesised_var), np.nan))
    return np.clip(covariance / scale, -1.0, 1.0)


def pooled(sums: Array) -> dict[str, Array]:
    """Return ``POOLED`` of sums (…, 8), see :func:`sums_of`: each as if its pixels had been measured together.

    ``bias`` is the mean difference, the limits lie 1.96 standard deviations of the differences around it.
    """
    count = np.where(sums[..., :1] > 0, sums[..., :1], np.nan)
    first, second, of_first, of_second, product, percent, of_percent = np.moveaxis(sums[..., 1:] / count, -1, 0)
    count = count[..., 0]
    exact_var, other_var = of_first - first**2, of_second - second**2
    covariance = product - first * second
    bias = second - first
    # With n - 1, as a sample of differences has it.
    corrected = count / np.where(count > 1, count - 1, np.nan)
    spread = np.sqrt(np.maximum(exact_var + other_var - 2 * covariance, 0.0) * corrected)
    return {
        "correlation": correlation(exact_var, other_var, covariance),
        "percent_difference": percent,
        "percent_difference_sd": np.sqrt(np.maximum(of_percent - percent**2, 0.0) * corrected),
        "bias": bias,
        "limit_low": bias - WITHIN * spread,
        "limit_high": bias + WITHIN * spread,
    }


def sums_of(table: dict[str, Array]) -> Array:
    """Return, of ``MOMENTS`` (cases,), the sums (cases, 8) over pixels of 1, a, b, a², b², ab, p and p²; 0 of none."""
    count, first = table["pixels"], table["exact_mean"]
    second = first + table["difference"]
    means = (
        np.ones_like(first),
        first,
        second,
        table["exact_var"] + first**2,
        table["synthesised_var"] + second**2,
        table["covariance"] + first * second,
        table["percent_difference"],
        table["percent_difference_var"] + table["percent_difference"] ** 2,
    )
    return np.where(count[:, None] > 0, np.stack(means, axis=1) * count[:, None], 0.0)


def with_intervals(sums: Array, *, samples: int, seed: int, level: float) -> dict[str, dict[str, float]]:
    """Return value, low and high of each of ``POOLED`` from sums (seeds, patients, 8), the value a mean over seeds.

    A seed in which it is not defined counts in none of them. Patients are resampled with all their pixels (a cluster
    bootstrap), since pixels of a patient are not independent; seeds inside.
    """
    points = pooled(sums.sum(axis=1))
    return {
        name: {"value": nan_mean(points[name]), "low": low, "high": high}
        for name, (low, high) in resampled(sums, pooled, samples=samples, seed=seed, level=level).items()
    }


def bias_test(differences: NDArray) -> Bias:
    """Return whether the mean differences of patients (patients,) are 0 on average; p is nan for fewer than two.

    Source: scipy ``ttest_1samp``.
    """
    from scipy.stats import ttest_1samp  # a second to import, in every job that reads predictions

    known = np.asarray(differences, dtype=np.float64)
    known = known[~np.isnan(known)]
    if len(known) < 2 or np.ptp(known) == 0:
        mean = float(known.mean()) if len(known) else float("nan")
        return Bias(mean, 1.0 if len(known) > 1 and mean == 0 else float("nan"), len(known))

    return Bias(float(known.mean()), float(ttest_1samp(known, 0.0).pvalue), len(known))
