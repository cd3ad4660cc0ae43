"""Surface area by counting along lines: the weights of the directions, counts by hand, bodies that are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rerad.radiomics.crofton import STEPS, surface_area, weights

CUBIC = (1.0, 1.0, 1.0)


def ellipsoid(half_axes: tuple[float, ...], spacing: tuple[float, ...], shift: float = 0.0) -> np.ndarray:
    """Return a digitised ellipsoid, half axes in mm (z, y, x), with a margin of background."""
    counts = [int(np.ceil(half / step)) + 2 for half, step in zip(half_axes, spacing, strict=True)]
    z, y, x = np.meshgrid(
        *(np.arange(-count, count + 1) * step + shift for count, step in zip(counts, spacing, strict=True)),
        indexing="ij",
    )
    return (z / half_axes[0]) ** 2 + (y / half_axes[1]) ** 2 + (x / half_axes[2]) ** 2 <= 1


def test_there_is_one_step_for_each_pair_of_opposite_neighbours() -> None:
    assert len(STEPS) == 13
    opposite = {tuple(-move for move in step) for step in STEPS}
    assert set(STEPS) | opposite == set(itertools.product((-1, 0, 1), repeat=3)) - {(0, 0, 0)}


def test_weights_of_cubic_voxels_are_the_published_ones() -> None:
    # Legland 2007, table of Voronoi weights: a direction and its opposite together.
    published = {1: 2 * 0.04577789120476, 2: 2 * 0.03698062787608, 3: 2 * 0.03519563978232}
    for step, weight in zip(STEPS, weights(CUBIC), strict=True):
        assert weight == pytest.approx(published[int(np.abs(step).sum())], rel=1e-9)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (0.7, 2.0, 1.1), (6.0, 0.5, 1.0)])
def test_weights_are_shares_of_the_sphere(spacing: tuple[float, float, float]) -> None:
    # An independent count: to which direction each of many even points of the sphere is nearest.
    count = 200_000
    index = np.arange(count) + 0.5
    height, turn = 1 - 2 * index / count, np.pi * (1 + 5**0.5) * index
    flat = np.sqrt(1 - height**2)
    points = np.stack([height, flat * np.cos(turn), flat * np.sin(turn)], axis=1)
    directions = np.array(STEPS) * spacing
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    nearest = np.abs(points @ directions.T).argmax(axis=1)
    shares = np.bincount(nearest, minlength=13) / count
    assert sum(weights(spacing)) == pytest.approx(1)
    np.testing.assert_allclose(weights(spacing), shares, atol=3e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 5), (1, 4, 6), (3, 4, 5)])
def test_a_block_is_counted_by_hand(shape: tuple[int, int, int]) -> None:
    # Along a step, a block of a x b x c voxels has abc - (a - |i|)(b - |j|)(c - |k|) rows.
    spacing = (2.0, 0.5, 1.5)
    expected = 0.0
    for step, weight in zip(STEPS, weights(spacing), strict=True):
        joints = np.prod([max(size - abs(move), 0) for size, move in zip(shape, step, strict=True)])
        apart = np.sqrt(sum((move * size) ** 2 for move, size in zip(step, spacing, strict=True)))
        expected += 4 * weight * (np.prod(shape) - joints) * 1.5 / apart
    assert surface_area(np.ones(shape, bool), spacing) == pytest.approx(expected, rel=1e-12)


def test_one_voxel_is_told_by_hand() -> None:
    # One row in each direction: 4 (3 c1 + 6 c2 / sqrt 2 + 4 c3 / sqrt 3).
    expected = 8 * (3 * 0.04577789120476 + 6 * 0.03698062787608 / 2**0.5 + 4 * 0.03519563978232 / 3**0.5)
    assert surface_area(np.ones((1, 1, 1), bool), CUBIC) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("radius", "tolerance"), [(4.0, 0.05), (10.0, 0.01), (30.0, 0.003)])
def test_a_ball(radius: float, tolerance: float) -> None:
    for shift in (0.0, 0.3):
        area = surface_area(ellipsoid((radius,) * 3, CUBIC, shift), CUBIC)
        assert area == pytest.approx(4 * np.pi * radius**2, rel=tolerance)


@pytest.mark.parametrize("spacing", [(3.0, 1.0, 1.0), (1.0, 0.5, 2.0), (2.0, 1.5, 0.8)])
def test_a_ball_in_voxels_that_are_not_cubic(spacing: tuple[float, float, float]) -> None:
    assert surface_area(ellipsoid((25.0,) * 3, spacing), spacing) == pytest.approx(4 * np.pi * 625, rel=0.02)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_spheroid_in_every_position(order: tuple[int, ...]) -> None:
    half = np.array([12.0, 12.0, 30.0])
    bend = np.sqrt(1 - (12 / 30) ** 2)
    exact = 2 * np.pi * 12**2 * (1 + 30 / (12 * bend) * np.arcsin(bend))
    found = surface_area(ellipsoid(tuple(half[list(order)]), CUBIC), CUBIC)
    assert found == pytest.approx(exact, rel=0.01)
    # Along the long axis of voxels, directions crowd: what lies along it is underestimated.
    spacing = tuple(np.array([1.0, 1.0, 2.0])[list(order)])
    found = surface_area(ellipsoid(tuple(half[list(order)]), spacing), spacing)
    assert 0.94 * exact < found < exact


def test_a_face_along_the_grid_is_underestimated_by_a_fourteenth() -> None:
    # Of 13 directions, 1 + 4 + 4 leave a face: 2 (c1 + 4 c2 / sqrt 2 + 4 c3 / sqrt 3) of its area are seen.
    seen = 4 * (0.04577789120476 + 4 * 0.03698062787608 / 2**0.5 + 4 * 0.03519563978232 / 3**0.5)
    assert seen == pytest.approx(0.9266, abs=1e-4)
    thin, thick = (surface_area(np.ones((depth, 900, 900), bool), CUBIC) for depth in (2, 3))
    assert thin == pytest.approx(2 * 900**2 * seen, rel=0.01)
    assert thick > thin


def test_a_box_is_the_same_in_every_position() -> None:
    found = {surface_area(np.ones(shape, bool), CUBIC) for shape in itertools.permutations((20, 40, 60))}
    assert max(found) - min(found) < 1e-6
    assert max(found) == pytest.approx(2 * (20 * 40 + 40 * 60 + 20 * 60), rel=0.1)


def test_background_beyond_the_array_is_background() -> None:
    mask = np.random.default_rng(0).random((5, 6, 7)) > 0.5
    assert surface_area(mask, CUBIC) == pytest.approx(surface_area(np.pad(mask, 2), CUBIC), rel=1e-12)


def test_parts_apart_add_up() -> None:
    ball = ellipsoid((5.0, 5.0, 5.0), CUBIC)
    assert surface_area(np.concatenate([ball, ball]), CUBIC) == pytest.approx(2 * surface_area(ball, CUBIC))
