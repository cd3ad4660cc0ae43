"""Printed numbers as intervals: a printed 0.729 is anything that rounds to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import add

from rerad.core.errors import ReradError

# The ends of an interval must not be lost to the last bit of a sum.
SLACK = 1e-9
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True)
class Interval:
    """All values from ``low`` to ``high``; arithmetic takes the extremes (Moore 1966), operands independent."""

    low: float
    high: float

    def __add__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __truediv__(self, other: Interval | float) -> Interval:
        other = _interval(other)
        if other.low <= 0 <= other.high:
            raise ZeroDivisionError(f"an interval around zero, {other}")
        return self * Interval(1 / other.high, 1 / other.low)

    def __pow__(self, exponent: float) -> Interval:
        """Raise a positive interval to a power."""
        ends = [self.low**exponent, self.high**exponent]
        return Interval(min(ends), max(ends))

    def overlaps(self, other: Interval | float) -> bool:
        """Say whether some value lies in both."""
        other = _interval(other)
        return self.low <= other.high + SLACK and other.low <= self.high + SLACK

    def gap(self, other: Interval | float) -> float:
        """Return the distance between the two, 0 where they overlap."""
        other = _interval(other)
        return max(0.0, other.low - self.high, self.low - other.high)

    def show(self, digits: int) -> str:
        """Return ``low to high`` with so many decimals."""
        return f"{self.low:.{digits}f} to {self.high:.{digits}f}"


def _interval(value: Interval | float) -> Interval:
    return value if isinstance(value, Interval) else Interval(value, value)


def total(values: list[Interval]) -> Interval:
    """Return the sum."""
    return reduce(add, values, Interval(0.0, 0.0))


def decimals(text: str) -> int:
    """Return the number of digits behind the point."""
    return len(text.partition(".")[2])


def units(text: str) -> tuple[int, int]:
    """Return a printed number as (units of its last digit, units in 1): 0.729 is (729, 1000)."""
    number(text)
    return int(text.replace(".", "")), 10 ** decimals(text)


def number(text: str) -> float:
    """Return the printed number.

    Raises:
        ReradError: the text is no plain decimal number.
    """
    if not NUMBER.fullmatch(text):
        raise ReradError(f"{text!r} is no number", where="published values", remedy="Write it as printed, no sign or %")
    return float(text)


def rounded(text: str) -> Interval:
    """Return all values that round to the printed one; the convention for halves is not known, so both ends count."""
    half = 0.5 / 10 ** decimals(text)
    return Interval(number(text) - half, number(text) + half)
