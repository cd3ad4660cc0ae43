"""Directions, boxes of first voxels, pieces of work, and code that cannot be kept."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from rerad.radiomics.glcm_windows import box_sums, extent_of, in_pieces, offsets


@pytest.mark.parametrize(("distance", "planar", "count"), [(1, True, 4), (1, False, 13), (2, True, 8), (2, False, 49)])
def test_directions_are_half_of_the_neighbours(distance: int, planar: bool, count: int) -> None:
    found = offsets(distance, planar=planar)
    assert len(set(found)) == count
    both = set(found) | {tuple(-step for step in offset) for offset in found}
    assert len(both) == 2 * count
    assert all(max(map(abs, offset)) == distance and not (planar and offset[0]) for offset in both)


def test_first_voxels_of_the_pairs_of_a_window() -> None:
    # In a window of 5 × 5: along rows 5 × 4 pairs, along a diagonal 4 × 4; their second voxels fill the rest.
    assert extent_of((0, 0, 1), (0, 2, 2)).tolist() == [[0, 0], [-2, 2], [-2, 1]]
    assert extent_of((0, 1, -1), (0, 2, 2)).tolist() == [[0, 0], [-2, 1], [-1, 2]]
    assert extent_of((1, 0, 0), (0, 2, 2)).tolist()[0] == [0, -1]  # no such pair in a plane


@pytest.mark.parametrize("extent", [[[0, 0], [-2, 2], [-2, 1]], [[-1, 0], [-1, 2], [2, 3]], [[0, 1], [1, 1], [-4, -3]]])
def test_sums_over_a_box(extent: list[list[int]]) -> None:
    values = np.random.default_rng(0).integers(-9, 10, (3, 6, 7))
    found = np.empty_like(values)
    box_sums(values, np.array(extent), 0, 18, found)
    for place in np.ndindex(values.shape):
        box = tuple(slice(max(0, p + low), max(0, p + high + 1)) for p, (low, high) in zip(place, extent, strict=True))
        assert found[place] == values[box].sum(), place


@pytest.mark.parametrize(("count", "threads"), [(0, 3), (1, 3), (5, 3), (100, 3), (7, 1)])
def test_pieces_make_up_the_whole_once(count: int, threads: int) -> None:
    seen, lock = [], threading.Lock()

    def work(first: int, last: int) -> None:
        with lock:
            seen.extend(range(first, last))

    in_pieces(work, count, threads)
    assert sorted(seen) == list(range(count))


def test_an_error_in_a_piece_is_raised() -> None:
    def work(first: int, last: int) -> None:
        raise ValueError(first)

    with pytest.raises(ValueError, match="0"):
        in_pieces(work, 10, 2)
