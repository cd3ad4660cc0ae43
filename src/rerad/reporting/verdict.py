"""What a published number and ours say about each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from rerad.evaluation.power import detectable_normal

NONE = "no published value"


def judge(published: str, low: float, high: float) -> str:
    """Return ``within CI``, ``above`` or ``below``: ours against the printed number, by our interval.

    ``above`` means that we got more than the paper. A printed 0.729 is anything that rounds to it, so it lies within
    an interval that reaches 0.7285 or 0.7295. Without an interval: ``not comparable: no interval``.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return "not comparable: no interval"
    value, slack = float(published), rounding(published)
    # The end of the rounding range must not be lost to the last bit of a sum.
    slack += 1e-12
    if value + slack < low:
        return "above"
    return "below" if value - slack > high else "within CI"


def rounding(printed: str) -> float:
    """Return half a unit of the last printed digit."""
    _, _, decimals = printed.strip().partition(".")
    return 0.5 * 10.0 ** -len(decimals)


def not_comparable(cohort: Mapping[str, Any], n: int | None, n_positive: int | None) -> str:
    """Return why a row cannot be set against the paper's, or an empty string.

    ``cohort`` has phantom, paper_cases and paper_positives, and may have ``permuted`` (labels were permuted) and
    ``other_patients`` (why they are not the paper's).
    """
    if cohort.get("phantom"):
        return "phantom cohort"
    if cohort.get("permuted"):
        return "permuted labels"
    if cohort.get("other_patients"):
        return str(cohort["other_patients"])
    if n is None:
        return "no pooled value"
    if n != cohort["paper_cases"]:
        return f"{n} patients, {cohort['paper_cases']} in the paper"
    if n_positive is not None and n_positive != cohort["paper_positives"]:
        return f"{n_positive} positive patients, {cohort['paper_positives']} in the paper"
    return ""


def detectable(low: float, high: float, *, level: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest true difference from a fixed number that a test at ``level`` finds with ``power``.

    ``low`` and ``high`` are our 1 − level interval; its half-width gives the standard error of the normal
    approximation.
    """
    return detectable_normal((high - low) / (2 * NormalDist().inv_cdf(1 - level / 2)), level=level, power=power)


def difference(metric: str, value: float, published: str, low: float, high: float, n: int | None) -> str:
    """Say how far ours is from the printed number and how far it would have had to be to be found, power 80 %.

    Accuracy is counted in patients, everything else in the metric's own unit; without ``n``, as of voxels, also that.
    An interval without width, as of 48 right predictions of 48, tells nothing of what would have been found.
    """
    gap, smallest = value - float(published), detectable(low, high)
    amount, least = f"{gap:+.3f}", f"{smallest:.3f}"
    if metric == "acc" and n is not None:
        patients = round(gap * n)
        word = "patient" if abs(patients) == 1 else "patients"
        amount = f"{patients:+d} {word} of {n}" if patients else f"the same number of patients of {n}"
        least = "" if math.isnan(smallest) else f"{math.ceil(round(smallest * n, 6))} patients"
    found = f"a difference below {least} would not have been found (power 80 %)"
    if math.isnan(smallest):
        found = "our interval has no width, so that what it would have found is not known"
    return f"{amount}; {found}".replace("-", "−")
