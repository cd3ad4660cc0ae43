"""Rounding intervals: hand-computed ends, and the truth never lost."""

from __future__ import annotations

import random

import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.auditing.rounding import Interval, decimals, rounded, total, units


def test_a_printed_number_is_anything_that_rounds_to_it() -> None:
    assert (rounded("0.729").low, rounded("0.729").high) == pytest.approx((0.7285, 0.7295))
    # Trailing zeros are digits, no digits at all are units.
    assert (rounded("0.750").low, rounded("16.8").high, rounded("11").low) == pytest.approx((0.7495, 16.85, 10.5))
    assert units("0.729") == (729, 1000)
    assert units("1.00") == (100, 100)
    assert [decimals(text) for text in ("11", "0.8", "0.00421")] == [0, 1, 5]


@pytest.mark.parametrize("text", ["", "0.75*", "1e-3", "75%", ".5", "0.7.5"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ReradError, match="no number"):
        rounded(text)


def test_arithmetic_keeps_the_truth() -> None:
    """Whatever the numbers were before rounding, the result from the intervals contains the true one."""
    draw = random.Random(0)
    for _ in range(300):
        a, b = draw.uniform(0.2, 9), draw.uniform(0.2, 9)
        x, y = rounded(f"{a:.2f}"), rounded(f"{b:.1f}")
        for true, interval in ((a + b, x + y), (a - b, x - y), (a * b, x * y), (a / b, x / y), (a**-1.5, x**-1.5)):
            assert interval.overlaps(true)
            assert interval.low <= interval.high


def test_gap_and_total() -> None:
    assert rounded("0.716").gap(Interval(0.693, 0.712)) == pytest.approx(0.0035)
    assert rounded("0.716").gap(0.716) == 0
    assert total([rounded("1.0"), rounded("2.0")]).high == pytest.approx(3.1)
    with pytest.raises(ZeroDivisionError):
        rounded("1.0") / Interval(-1, 1)
