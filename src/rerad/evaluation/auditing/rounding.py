"""Printed numbers as intervals: a printed 0.729 is anything that rounds to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add

from rerad.core.printed import number

# The ends of an interval must not be lost to the last bit of a sum.
SLACK = 1e-9


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
        """Raise an interval of what is never negative to a power: a printed 0.000 starts at zero."""
        ends = [
            float("inf") if exponent < 0 and end <= 0 else max(end, 0.0) ** exponent for end in (self.low, self.high)
        ]
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


def rounded(text: str) -> Interval:
    """Return all values that round to the printed one; the convention for halves is not known, so both ends count."""
    half = 0.5 / 10 ** decimals(text)
    return Interval(number(text) - half, number(text) + half)


def quotes(quoted: str, text: str, *, percent: bool = False) -> bool:
    """Say whether two prints are one number: the same digits, or the shorter one rounded from the longer.

    Intervals would not tell 0.854 from 0.855, for they meet at 0.8545. With ``percent`` the second is a fraction.
    """
    if percent:
        text = f"{Decimal(text).scaleb(2):f}"
    short, long = sorted((quoted, text), key=decimals)
    if decimals(short) == decimals(long):
        return number(short) == number(long)
    return rounded(short).overlaps(number(long))
