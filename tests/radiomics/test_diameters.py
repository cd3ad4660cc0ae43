"""Diameters and axes against every pair of voxels, on masks of every kind, flat ones among them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import pdist, squareform

from rerad.radiomics.diameters import axes_by_ellipse, axes_by_extent, ends_of_rows, hull_corners, max_diameter

CUBIC = (1.0, 1.0, 1.0)


def random_masks(count: int) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    masks = []
    while len(masks) < count:
        noise = generator.normal(size=generator.integers(1, 13, 3))
        mask = ndimage.gaussian_filter(noise, generator.choice([0, 0.5, 2])) > generator.uniform(-0.5, 1)
        if mask.any():
            masks.append(mask)
    return masks


def farthest(mask: np.ndarray, spacing: tuple[float, ...]) -> float:
    return float(pdist(np.argwhere(mask) * np.array(spacing)).max(initial=0.0))


def axes_of_all_pairs(mask: np.ndarray, spacing: tuple[float, ...]) -> tuple[float, float]:
    """Return major and minor axis from every pair of voxels of every slice."""
    found = []
    for plane in mask:
        places = np.argwhere(plane) * np.array(spacing[1:])
        if len(places) < 2:
            found.append((0.0, 0.0))
            continue
        distances = squareform(pdist(places))
        for first, second in np.argwhere(distances >= distances.max() * (1 - 1e-9)):
            along = (places[second] - places[first]) / distances.max()
            across = places @ np.array([along[1], -along[0]])
            found.append((distances.max(), across.max() - across.min()))
    major = max(pair[0] for pair in found)
    return major, max(pair[1] for pair in found if pair[0] >= major * (1 - 1e-9))


def test_the_diameter_is_that_of_all_pairs() -> None:
    generator = np.random.default_rng(1)
    for mask in random_masks(80):
        spacing = tuple(generator.uniform(0.3, 6, 3))
        assert max_diameter(mask, spacing) == pytest.approx(farthest(mask, spacing), rel=1e-12, abs=1e-12)


def test_the_axes_are_those_of_all_pairs() -> None:
    generator = np.random.default_rng(2)
    for index, mask in enumerate(random_masks(80)):
        spacing = CUBIC if index % 2 else tuple(generator.uniform(0.3, 6, 3))
        expected = axes_of_all_pairs(mask, spacing)
        assert axes_by_extent(mask, spacing) == pytest.approx(expected, rel=1e-9, abs=1e-9), mask.shape


def flat_masks() -> dict[str, np.ndarray]:
    """Return masks whose voxels lie on one point, one line or one plane."""
    grid = np.indices((9, 9, 9))
    z, y, x = grid
    masks = {
        "voxel": (z == 3) & (y == 4) & (x == 5),
        "row": (z == 3) & (y == 4),
        "diagonal": (z == y) & (y == x),
        "steep line": (z == 2 * y) & (x == y),
        "slice": z == 4,
        "sagittal plane": x == 2,
        "oblique plane": x == y,
        "plane of three axes": x + y + z == 12,
        "steep plane": 2 * x + y == z,
    }
    masks["two voxels"] = masks["voxel"] | ((z == 0) & (y == 8) & (x == 1))
    return masks


@pytest.mark.parametrize("name", flat_masks())
def test_flat_masks_have_corners_too(name: str) -> None:
    mask = flat_masks()[name]
    for spacing in (CUBIC, (5.0, 0.7, 1.3)):
        assert max_diameter(mask, spacing) == pytest.approx(farthest(mask, spacing), rel=1e-12)
        assert axes_by_extent(mask, spacing) == pytest.approx(axes_of_all_pairs(mask, spacing), rel=1e-9, abs=1e-9)


def test_only_ends_of_rows_along_all_axes_are_looked_at() -> None:
    for mask in random_masks(20):
        places = {tuple(map(int, place)) for place in np.argwhere(mask)}
        for axis in (2, 1, 0):
            rows: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
            for place in places:
                rows.setdefault(place[:axis] + place[axis + 1 :], []).append(place)
            places = {end for row in rows.values() for end in (min(row), max(row))}
        assert {tuple(map(int, place)) for place in ends_of_rows(mask)} == places


def test_few_voxels_are_looked_at() -> None:
    z, y, x = np.indices((61, 61, 61)) - 30
    ball = z**2 + y**2 + x**2 <= 900
    ends = ends_of_rows(ball)
    assert ball[tuple(ends.T)].all()
    assert len(ends) < 0.1 * ball.sum()
    assert len(hull_corners(ends)) < 0.5 * len(ends)


def test_the_axes_lie_in_one_slice_and_the_longest_counts() -> None:
    mask = np.zeros((3, 20, 20), bool)
    mask[0, 0, 0] = mask[2, 19, 19] = True  # farthest apart, in two slices
    mask[1, 5, 2:14] = True  # 11 mm
    mask[1, 3:10, 7] = True  # across it 6 mm
    mask[2, :, 19] = True  # 19 mm, and nothing across
    assert axes_by_extent(mask[:2], CUBIC) == (11.0, 6.0)
    assert axes_by_extent(mask, CUBIC) == (19.0, 0.0)
    assert axes_by_extent(mask, (1.0, 0.5, 2.0)) == (22.0, 3.0)


def test_where_axes_are_as_long_the_larger_extent_counts() -> None:
    mask = np.zeros((2, 9, 9), bool)
    mask[0, 4, :] = True
    mask[1, 4, :] = mask[1, 2:6, 4] = True
    for turned in (mask, mask[::-1], mask.transpose(0, 2, 1), mask[:, ::-1]):
        assert axes_by_extent(turned, CUBIC) == (8.0, 3.0)


def test_the_ellipse_of_a_rectangle_is_known() -> None:
    # A side of length w has a variance of w²/12, an axis of the ellipse is 4 standard deviations long.
    mask = np.zeros((4, 30, 40), bool)
    mask[1, 3:13, 5:35] = True
    mask[2, 3:20, 5:25] = True
    assert axes_by_ellipse(mask, CUBIC) == pytest.approx((4 * 30 / 12**0.5, 4 * 10 / 12**0.5))
    assert axes_by_ellipse(mask, (1.0, 0.5, 2.0)) == pytest.approx((4 * 60 / 12**0.5, 4 * 5 / 12**0.5))


def test_the_ellipse_of_an_ellipse_is_itself_wherever_it_points() -> None:
    y, x = np.indices((101, 101)) - 50.0
    for angle in (0.0, 0.4, 1.2):
        u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
        mask = ((u / 40) ** 2 + (v / 15) ** 2 <= 1)[None]
        assert axes_by_ellipse(mask, CUBIC) == pytest.approx((80, 30), rel=0.01)


def test_the_ellipse_of_a_bent_region_is_longer_than_the_region() -> None:
    y, x = np.indices((101, 101)) - 50.0
    ring = ((x**2 + y**2 <= 40**2) & (x**2 + y**2 >= 36**2))[None]
    assert axes_by_ellipse(ring, CUBIC).major > 1.3 * max_diameter(ring, CUBIC)
