"""What the pairs of a sliding window add up to, in whole numbers, so that no error grows along a row.

Arrays are (z, y, x). A pair is a voxel and its neighbour at an offset; it belongs to a window if both its ends do, so a
window holds the pairs whose first voxels lie in a smaller box: the ``extent``, rows (low, high) per axis, relative to
the centre. Levels start at 1; 0 is a voxel that does not count.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.compiled import compiled

Offset = tuple[int, int, int]

PAIR, DIFFERENCE, SUM = range(3)


def offsets(distance: int, *, planar: bool) -> list[Offset]:
    """Return one of each two opposite offsets whose largest part is ``distance``: at 1, 13 of them, 4 in a plane.

    Source: PyRadiomics 3.0.1, the infinity norm of its setting ``distances``.
    """
    steps = range(-distance, distance + 1)
    found = itertools.product([0] if planar else steps, steps, steps)
    return [offset for offset in found if max(map(abs, offset)) == distance and offset > (0, 0, 0)]


def extent_of(offset: Offset, radius: Offset) -> NDArray[np.int64]:
    """Return from where to where first voxels lie, relative to the centre of a window of ``radius``; shape (3, 2)."""
    return np.array([(-far + max(-step, 0), far - max(step, 0)) for step, far in zip(offset, radius, strict=True)])


def in_pieces(work: Callable[[int, int], Any], count: int, threads: int) -> None:
    """Call ``work(first, last)`` for pieces that make up ``range(count)``, several at once.

    Threads of Python and not numba's own: those must not meet a forked process or a second call from another thread.
    """
    if threads == 1 or count < 2:
        work(0, count)
        return
    ends = np.linspace(0, count, min(count, 4 * threads) + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))


def own_threads() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def second_ends(levels: NDArray[Any], offset: Sequence[int]) -> NDArray[Any]:
    """Return, at each voxel, the level of its neighbour at the offset; 0 beyond the array."""
    found = np.zeros_like(levels)
    steps = list(zip(offset, levels.shape, strict=True))
    here = tuple(slice(max(-step, 0), max(size - max(step, 0), 0)) for step, size in steps)
    there = tuple(slice(max(step, 0), max(size + min(step, 0), 0)) for step, size in steps)
    found[here] = levels[there]
    return found


@compiled
def pair_codes(levels, offset, kind, top, none, first, last, codes):  # type: ignore[no-untyped-def]
    """Write what is counted of the pair that begins at each voxel, for rows ``first`` to ``last`` of (z, y).

    PAIR: one number for both levels, whichever comes first; DIFFERENCE and SUM of the levels. ``none`` where an end
    does not count. ``top`` is the highest level.
    """
    depth, height, width = levels.shape
    for row in range(first, last):
        z, y = row // height, row % height
        other_z, other_y = z + offset[0], y + offset[1]
        held = 0 <= other_z < depth and 0 <= other_y < height
        for x in range(width):
            other_x = x + offset[2]
            code = none
            if held and 0 <= other_x < width:
                one, other = np.int64(levels[z, y, x]), np.int64(levels[other_z, other_y, other_x])
                if one > 0 and other > 0:
                    if kind == PAIR:
                        code = (min(one, other) - 1) * top + max(one, other) - 1
                    elif kind == DIFFERENCE:
                        code = abs(one - other)
                    else:
                        code = one + other - 2
            codes[z, y, x] = code


@compiled
def add_tally(codes, extent, start, growth, base, rate, first, last, summed, used):  # type: ignore[no-untyped-def]
    """Add a feature of how often each code occurs in the window around each voxel, for rows ``first`` to ``last``.

    The feature is (base[n] - total) · rate[n] of n pairs, where a code that occurs m times beyond its ``start`` has
    added the first m numbers of ``growth`` from there on to the total. The last code is no pair; from its start on
    ``growth`` is 0. ``used`` counts the additions.
    """
    depth, height, width = codes.shape
    flat, line = codes.reshape(-1), np.uint64(width)  # an index without sign is not asked whether it is negative
    counts, one = start.copy(), np.uint32(1)
    none = start.size - 1
    low, high = extent[2, 0], extent[2, 1]
    for row in range(first, last):
        z, y = row // height, row % height
        z_first, z_last = max(0, z + extent[0, 0]), min(depth, z + extent[0, 1] + 1)
        y_first, y_last = max(0, y + extent[1, 0]), min(height, y + extent[1, 1] + 1)
        lines = max(0, y_last - y_first)
        column_size = lines * max(0, z_last - z_first)
        total, size = np.int64(0), 0
        # From before the row to beyond it: columns come in one by one, and all have left at the end.
        for x in range(min(0, -high), max(width, width - low + 1)):
            column = x + high
            if 0 <= column < width:
                size += column_size
                for plane in range(z_first, z_last):
                    place = np.uint64((plane * height + y_first) * width + column)
                    for _ in range(lines):
                        code = flat[place]
                        count = counts[code]
                        total += growth[count]
                        counts[code] = count + one
                        place += line
            column = x + low - 1
            if 0 <= column < width:
                size -= column_size
                for plane in range(z_first, z_last):
                    place = np.uint64((plane * height + y_first) * width + column)
                    for _ in range(lines):
                        code = flat[place]
                        count = np.uint32(counts[code] - one)
                        total -= growth[count]
                        counts[code] = count
                        place += line
            if 0 <= x < width:
                pairs = size - (np.int64(counts[none]) - np.int64(start[none]))
                if pairs > 0:
                    summed[z, y, x] += (base[pairs] - total) * rate[pairs]
                    used[z, y, x] += 1


@compiled
def box_sums(values, extent, first, last, sums):  # type: ignore[no-untyped-def]
    """Write the sum of whole numbers over the extent around each voxel, for rows ``first`` to ``last`` of (z, y)."""
    depth, height, width = values.shape
    low, high = extent[2, 0], extent[2, 1]
    columns = np.empty(width, np.int64)
    for row in range(first, last):
        z, y = row // height, row % height
        columns[:] = 0
        for plane in range(max(0, z + extent[0, 0]), min(depth, z + extent[0, 1] + 1)):
            for line in range(max(0, y + extent[1, 0]), min(height, y + extent[1, 1] + 1)):
                for x in range(width):
                    columns[x] += values[plane, line, x]
        total = np.int64(0)
        for x in range(min(0, -high), width):
            if 0 <= x + high < width:
                total += columns[x + high]
            if 0 <= x + low - 1 < width:
                total -= columns[x + low - 1]
            if x >= 0:
                sums[z, y, x] = total
