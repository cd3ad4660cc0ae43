"""Which features change their status at a residual: the innermost loop of a path, as machine code."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from rerad.core.compiled import compiled

Array = NDArray[np.float64]
Places = NDArray[np.int64]
# Sums in any order, so that a processor adds several terms at once. Nothing else is given up: no number is taken for
# finite that may not be.
swift = partial(compiled, fastmath={"reassoc", "contract"})


@swift
def product(left: Array, right: Array) -> float:
    """Return the scalar product of two vectors."""
    total = 0.0
    for place in range(len(left)):
        total += left[place] * right[place]
    return total


@swift
def stays_below(residual: Array, level: float, centre: Array, far: float) -> bool:
    """Return whether no feature is over ``level`` at a residual of those that are not over ``far`` at ``centre``."""
    share = product(centre, residual) / max(product(centre, centre), 1e-300)
    rest = 0.0
    for place in range(len(residual)):
        rest += (residual[place] - share * centre[place]) ** 2
    return abs(share) * far + np.sqrt(rest) < level


@swift
def split(residual: Array, basis: Array) -> tuple[Array, float]:
    """Return the parts of a residual along the orthonormal ``basis`` (k, cases), and the length of the rest."""
    parts, rest = np.zeros(len(basis)), residual.copy()
    for _ in range(2):  # once more, for what rounding left
        for number in range(len(basis)):
            part = product(basis[number], rest)
            parts[number] += part
            for place in range(len(rest)):
                rest[place] -= part * basis[number, place]
    return parts, np.sqrt(product(rest, rest))


@swift
def changes(
    features: Array,
    close: Places,
    known: Array,
    parts: Array,
    radius: float,
    residual: Array,
    level: float,
    margin: float,
    sign: Array,
    members_too: bool,
) -> tuple[Places, Array, int]:
    """Return the features of ``close`` that have another sign than ``sign``, their signs, and how many took a product.

    ``known`` (k, close) are correlations with a basis of which the residual has ``parts``, and what is left of it adds
    ``radius`` at most. An inactive feature becomes active over ``level`` + ``margin``.
    """
    near = np.zeros(len(close))
    for number in range(len(parts)):
        for place in range(len(close)):
            near[place] += parts[number] * known[number, place]
    changed, signs = np.empty(len(close), dtype=np.int64), np.empty(len(close))
    count, opened = 0, 0
    for place in range(len(close)):
        value, before = near[place], sign[close[place]]
        if before == 0.0 and abs(value) + radius < level:
            continue
        if before != 0.0 and not members_too:
            continue
        over = level if before != 0.0 else level + margin
        if abs(abs(value) - over) <= radius:
            value = product(features[close[place]], residual)
            opened += 1
        new = np.sign(value) if abs(value) > over else 0.0
        if new != before:
            changed[count], signs[count] = close[place], new
            count += 1
    return changed[:count], signs[:count], opened


@swift
def exchange(
    rows: Array, gram: Array, members: Places, size: int, stay: NDArray[np.bool_], joins: Places, features: Array
) -> int:
    """Drop members that do not ``stay`` and add ``joins``, in place; return how many members there are then.

    Of ``rows`` (most, cases), the members' features, of ``gram`` (most, most), their products, and of ``members`` the
    first ``size`` are in use. A member that leaves gives its place to the last.
    """
    for place in range(size - 1, -1, -1):
        if stay[place]:
            continue
        size -= 1
        members[place] = members[size]
        # Loops, as assigning whole rows takes seconds to compile.
        for case in range(rows.shape[1]):
            rows[place, case] = rows[size, case]
        for other in range(size):
            gram[place, other] = gram[size, other]
            gram[other, place] = gram[size, other]
        gram[place, place] = gram[size, size]
    for number in range(len(joins)):
        feature = joins[number]
        members[size] = feature
        for case in range(rows.shape[1]):
            rows[size, case] = features[feature, case]
        for other in range(size + 1):
            gram[size, other] = product(rows[other], rows[size])
            gram[other, size] = gram[size, other]
        size += 1
    return size
