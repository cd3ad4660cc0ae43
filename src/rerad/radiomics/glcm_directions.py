"""The map of a GLCM feature from grey levels: its mean over the directions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ConfigError
from rerad.radiomics.glcm_features import Moments, Tables, Tally, overflows
from rerad.radiomics.glcm_windows import (
    DIFFERENCE,
    PAIR,
    SUM,
    Offset,
    add_tally,
    box_sums,
    extent_of,
    in_pieces,
    offsets,
    pair_codes,
    second_ends,
)


class Windows(NamedTuple):
    """Voxels from the centre of a window to its border, and between the ends of a pair; whether only in planes."""

    radius: int
    distance: int
    planar: bool
    threads: int


class Sums(NamedTuple):
    """What the directions have added up to at each voxel, and how many of them had a pair there."""

    values: NDArray[np.float64]
    used: NDArray[np.uint16]


def map_of_levels(grey: NDArray[np.uint16], feature: Tally | Moments, windows: Windows) -> NDArray[np.float64]:
    """Return the map of a feature from levels of shape (y, x) or (z, y, x); nan where no direction has a pair.

    Raises:
        ConfigError: the windows are too large for whole-number sums.
    """
    volume = grey if grey.ndim == 3 else grey[np.newaxis]
    z, y, x = (min(windows.radius, size - 1) for size in volume.shape)
    reach = (0 if windows.planar else z, y, x)
    most, top = int(np.prod([2 * far + 1 for far in reach])), int(grey.max())
    if overflows(feature, most, top):
        raise ConfigError(
            f"sums over windows of {most} voxels with {top} levels do not fit into 64 bits",
            where="window",
            remedy="Take a smaller window or fewer levels",
        )
    sums = Sums(np.zeros(volume.shape), np.zeros(volume.shape, np.uint16))
    add: Callable[[NDArray[np.uint16], Offset, NDArray[np.int64], Sums, int], None]
    if isinstance(feature, Tally):
        add = partial(_add_tally, feature.kind, feature.tables(most), top)
    else:
        add = partial(_add_moments, feature, top)
    for offset in offsets(windows.distance, planar=windows.planar):
        extent = extent_of(offset, reach)
        if (extent[:, 0] <= extent[:, 1]).all():
            add(volume, offset, extent, sums, windows.threads)
    with np.errstate(invalid="ignore"):
        return np.divide(sums.values, sums.used, out=sums.values).reshape(grey.shape)


def _add_tally(
    kind: int,
    tables: Tables,
    top: int,
    volume: NDArray[np.uint16],
    offset: Offset,
    extent: NDArray[np.int64],
    sums: Sums,
    threads: int,
) -> None:
    codes = np.empty(volume.shape, np.uint32)
    none = {PAIR: top**2, DIFFERENCE: top, SUM: 2 * top - 1}[kind]
    most = len(tables.base) - 1
    start = np.zeros(none + 1, np.uint32)
    if kind == PAIR:
        start[: none : top + 1] = most
    start[none] = 2 * most
    rows = volume.shape[0] * volume.shape[1]
    in_pieces(lambda first, last: pair_codes(volume, offset, kind, top, none, first, last, codes), rows, threads)
    in_pieces(lambda first, last: add_tally(codes, extent, start, *tables, first, last, *sums), rows, threads)


def _add_moments(
    feature: Moments,
    top: int,
    volume: NDArray[np.uint16],
    offset: Offset,
    extent: NDArray[np.int64],
    sums: Sums,
    threads: int,
) -> None:
    first_ends, last_ends = volume.astype(np.int64), second_ends(volume, offset).astype(np.int64)
    paired = (first_ends > 0) & (last_ends > 0)
    pairs = _box_sums(paired.astype(np.int64), extent, threads)
    used = pairs > 0
    parts = feature.parts(first_ends, last_ends, top)
    totals = [_box_sums(np.where(paired, part, 0), extent, threads)[used] for part in parts]
    sums.values[used] += feature.value(pairs[used], *totals)
    sums.used[used] += 1


def _box_sums(values: NDArray[np.int64], extent: NDArray[np.int64], threads: int) -> NDArray[np.int64]:
    found = np.empty(values.shape, np.int64)
    rows = values.shape[0] * values.shape[1]
    in_pieces(lambda first, last: box_sums(values, extent, first, last, found), rows, threads)
    return found
