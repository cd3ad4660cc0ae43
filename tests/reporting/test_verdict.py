"""Verdicts against hand-made intervals."""

from __future__ import annotations

import math

import pytest

from rerad.reporting.verdict import detectable, difference, judge, not_comparable, rounding


@pytest.mark.parametrize(
    ("published", "low", "high", "expected"),
    [
        ("0.750", 0.583, 0.833, "within CI"),
        ("0.750", 0.760, 0.900, "above"),
        ("0.750", 0.500, 0.740, "below"),
        # A printed 0.729 is anything from 0.7285 to 0.7295: 35/48 = 0.72917 is where it comes from.
        ("0.729", 35 / 48, 0.9, "within CI"),
        ("0.729", 0.5, 0.7285, "within CI"),
        ("0.729", 0.5, 0.7284, "below"),
        ("0.729", 0.7296, 0.9, "above"),
        ("0.75", 0.7549, 0.9, "within CI"),
        ("1", 0.4, 0.5, "within CI"),
    ],
)
def test_judge(published: str, low: float, high: float, expected: str) -> None:
    assert judge(published, low, high) == expected


def test_no_interval_is_no_verdict() -> None:
    assert judge("0.750", math.nan, math.nan) == "not comparable: no interval"
    assert judge("0.750", -math.inf, math.inf) == "not comparable: no interval"


def test_an_interval_without_width_is_said_to_be_none() -> None:
    """All 48 right: every bootstrap sample is 1, and there is no standard error."""
    no_width = "our interval has no width, so that what it would have found is not known"
    assert difference("acc", 1.0, "0.896", 1.0, 1.0, 48) == f"+5 patients of 48; {no_width}"
    assert difference("auc", 1.0, "0.896", 1.0, 1.0, 48) == f"+0.104; {no_width}"


def test_no_pooled_value_is_no_number_of_patients(cohort: dict) -> None:
    assert not_comparable({**cohort, "phantom": False}, None, None) == "no pooled value"


@pytest.mark.parametrize(("printed", "half"), [("0.750", 0.0005), ("0.75", 0.005), ("5.68", 0.005), ("24", 0.5)])
def test_rounding(printed: str, half: float) -> None:
    assert rounding(printed) == pytest.approx(half)


def test_why_not_comparable(cohort: dict) -> None:
    assert not_comparable(cohort, 48, 24) == ""
    assert not_comparable(cohort, 48, None) == ""
    assert not_comparable(cohort, 34, 15) == "34 patients, 48 in the paper"
    assert not_comparable(cohort, 48, 20) == "20 positive patients, 24 in the paper"
    # A phantom of the paper's size is still none of the paper's patients.
    assert not_comparable({**cohort, "phantom": True}, 48, 24) == "phantom cohort"
    assert not_comparable({**cohort, "permuted": True}, 48, 24) == "permuted labels"


def test_detectable_by_hand() -> None:
    # Standard error 0.1, two-sided 5 %, power 80 %: (1.959964 + 0.841621) · 0.1.
    assert detectable(0.5 - 0.1959964, 0.5 + 0.1959964) == pytest.approx(0.2801585, abs=1e-6)


def test_difference_counts_patients() -> None:
    # 34/48 against 0.750 = 36/48.
    text = difference("acc", 34 / 48, "0.750", 34 / 48 - 0.1959964, 34 / 48 + 0.1959964, 48)
    assert text == "−2 patients of 48; a difference below 14 patients would not have been found (power 80 %)"
    assert difference("acc", 36 / 48, "0.750", 0.6, 0.9, 48).startswith("the same number of patients of 48; ")
    assert difference("acc", 37 / 48, "0.750", 0.6, 0.9, 48).startswith("+1 patient of 48; ")
    # The accuracy of voxels counts none.
    assert difference("acc", 37 / 48, "0.750", 0.6, 0.9, None).startswith("+0.021; a difference below 0.214 ")
    assert difference("auc", 0.7, "0.726", 0.6, 0.8, 48).startswith("−0.026; a difference below 0.143 ")
