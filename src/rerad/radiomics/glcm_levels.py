"""Grey levels of an image: whole numbers from 1, and 0 for what does not count."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.compiled import compiled
from rerad.core.errors import CaseError

# A table of pairs has the square of this; a map of an image with more levels tells of nothing but noise.
MOST_LEVELS = 1024
BINNINGS = ("volume", "mask", "none")


def bin_edges(
    values: NDArray[np.generic], inside: NDArray[np.bool_] | None, *, levels: int, binning: str | float
) -> NDArray[np.float64]:
    """Return where one grey level ends and the next begins, ascending: one number more than there are levels.

    ``volume``: ``levels`` equal bins from the smallest to the largest value of the whole image. ``mask``: of what is
    ``inside``, as PyRadiomics' ``binCount``. A number: bins of that width from a multiple of it, as its ``binWidth``.
    ``none``: the values are levels already, whole numbers from 1 to ``levels``.

    Raises:
        CaseError: values that count are not finite, or cannot be divided so; names them.

    Source: van Griethuysen 2017, doi 10.1158/0008-5472.CAN-17-0339 (PyRadiomics 3.0.1, ``getBinEdges``).
    """
    counted = values if inside is None or binning == "volume" else values[inside]
    _refuse_broken(values, None if binning == "volume" else inside)
    low, high = counted.min(), counted.max()
    if binning == "none":
        _refuse_other_than_levels(counted, levels)
        return np.arange(1, levels + 2, dtype=np.float64) - 0.5
    return _equal_bins(low, high, levels) if isinstance(binning, str) else _bins_of_width(low, high, binning)


def to_levels(
    values: NDArray[np.generic], inside: NDArray[np.bool_] | None, edges: NDArray[np.float64]
) -> NDArray[np.uint16]:
    """Return the level of each value, which lies between two edges (the lower one belongs to it); 0 outside."""
    found = np.zeros(values.shape, np.uint16)
    flat = np.ascontiguousarray(values, np.float64).ravel()
    counts = np.ones(values.size, bool) if inside is None else np.ascontiguousarray(inside).ravel()
    _find_levels(flat, counts, edges, found.reshape(-1))
    return found


def _equal_bins(low: np.generic, high: np.generic, levels: int) -> NDArray[np.float64]:
    if low == high:
        # A flat image has the middle level.
        step = max(1.0, abs(float(low)) * 2.0**-40)
        return float(low) + step * (np.arange(levels + 1, dtype=np.float64) - levels / 2)
    ends = np.array([low, high])
    try:
        # In the precision of the image: an edge that is rounded otherwise moves the values that lie on it.
        with np.errstate(all="ignore"):
            edges = np.histogram_bin_edges(ends, levels).astype(np.float64)
    except ValueError:
        edges = np.zeros(2)
    if not (np.diff(edges) > 0).all():
        raise CaseError(
            f"{levels} levels between {low:g} and {high:g} cannot be told apart in {ends.dtype} numbers",
            where="image",
            remedy="Scale the image, or ask for fewer levels",
        )
    return edges


def _bins_of_width(low: Any, high: Any, width: float) -> NDArray[np.float64]:
    if np.issubdtype(low.dtype, np.integer):
        low, high = np.float64(low), np.float64(high)  # small integers overflow below
    if not (float(high) - float(low)) / width < MOST_LEVELS - 1:
        raise CaseError(
            f"values from {low:g} to {high:g} make more than {MOST_LEVELS} levels of {width:g}",
            where="image",
            remedy="Give a wider bin, or a number of levels",
        )
    edges = np.arange(low - low % width, high + 2 * width, width).astype(np.float64)
    # In few digits the steps are rounded, and may end before the largest value.
    if len(edges) < 2 or not (np.diff(edges) > 0).all() or edges[-1] <= high:
        raise CaseError(
            f"bins of {width:g} cannot be told apart at {low:g} in {low.dtype} numbers",
            where="image",
            remedy="Give a wider bin, or a number of levels",
        )
    return edges


def _refuse_broken(values: NDArray[np.generic], inside: NDArray[np.bool_] | None) -> None:
    if not np.issubdtype(values.dtype, np.floating):
        return
    broken = ~np.isfinite(values)
    if inside is not None:
        broken &= inside
    if broken.any():
        place = tuple(map(int, np.argwhere(broken)[0]))
        raise CaseError(
            f"{int(broken.sum())} values are not finite, the first ({values[place]}) at {place}",
            where="image",
            remedy="Repair them, or leave them out" + (' with a mask and binning="mask"' if inside is None else ""),
        )


def _refuse_other_than_levels(counted: NDArray[np.generic], levels: int) -> None:
    low, high = counted.min(), counted.max()
    if low < 1 or high > levels or (counted != np.floor(counted)).any():
        raise CaseError(
            f"values from {low:g} to {high:g} are not whole numbers from 1 to {levels}",
            where="image",
            remedy='Levels begin at 1; with another binning than "none" they are made from the image',
        )


@compiled
def _find_levels(values, inside, edges, found):  # type: ignore[no-untyped-def]
    top = edges.size - 1
    scale = top / (edges[top] - edges[0])
    for place in range(values.size):
        if not inside[place]:
            continue
        value = values[place]
        level = min(max(int((value - edges[0]) * scale), 0), top - 1)
        # The guess may be one off beside an edge.
        while level > 0 and value < edges[level]:
            level -= 1
        while level < top - 1 and value >= edges[level + 1]:
            level += 1
        found[place] = level + 1
