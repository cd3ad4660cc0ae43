"""Masks of contours against areas and volumes known by geometry."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.core.errors import CaseError
from rerad.imaging.dicom.contours import filled

SIZE = (16, 18, 12)  # x, y, z
TURN = sitk.VersorTransform((0.2, 0.5, 0.1), 0.7).GetMatrix()


def grid(size=SIZE, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0, 0), direction=(1.0, 0, 0, 0, 1, 0, 0, 0, 1)) -> sitk.Image:
    image = sitk.Image(size, sitk.sitkUInt8)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


def rectangle(low, high, level: float) -> np.ndarray:
    (x0, y0), (x1, y1) = low, high
    return np.array([(x0, y0, level), (x1, y0, level), (x1, y1, level), (x0, y1, level)], float)


def circle(centre, radius: float, level: float, count: int = 200) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack(
        [centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn), np.full(count, level)]
    )


def planes_of(mask: np.ndarray) -> list[int]:
    return [int(index) for index in np.flatnonzero(mask.any(axis=(1, 2)))]


def test_a_voxel_is_inside_if_its_centre_is() -> None:
    mask = filled([rectangle((1.5, 2.5), (4.5, 7.5), 3)], grid(), "here")
    truth = np.zeros(SIZE[::-1], np.uint8)
    truth[3, 3:8, 2:5] = 1
    np.testing.assert_array_equal(mask, truth)


@pytest.mark.parametrize("reverse", [1, -1])
def test_a_ring_keeps_its_hole_whichever_way_round(reverse: int) -> None:
    # On pixel centres, the hardest case: 10 × 10 pixels without 4 × 4.
    ring = [rectangle((2, 2), (12, 12), 3), rectangle((5, 5), (9, 9), 3)[::reverse]]
    for contours in (ring, ring[::-1]):
        assert filled(contours, grid(), "here").sum() == 84


def test_an_island_in_a_hole_is_there() -> None:
    nested = [
        rectangle((0.5, 0.5), (13.5, 13.5), 2),
        rectangle((3.5, 3.5), (10.5, 10.5), 2),
        rectangle((5.5, 5.5), (8.5, 8.5), 2),
    ]
    assert filled(nested, grid(), "here").sum() == 13**2 - 7**2 + 3**2


def test_a_keyhole_is_a_hole_too() -> None:
    # One contour that goes in by a channel of no width, round the hole, and out again (PS3.3 C.8.8.6.3).
    outer, inner = rectangle((1.5, 1.5), (11.5, 11.5), 2), rectangle((4.5, 4.5), (8.5, 8.5), 2)[::-1]
    keyhole = np.vstack([outer, outer[:1], np.roll(inner, 1, axis=0), np.roll(inner, 1, axis=0)[:1]])
    assert filled([keyhole], grid(), "here").sum() == 10**2 - 4**2


def test_parts_beside_each_other_are_all_there_and_a_shared_edge_belongs_to_one() -> None:
    apart = [rectangle((0.5, 0.5), (3.5, 3.5), 2), rectangle((8.5, 8.5), (12.5, 12.5), 2)]
    assert filled(apart, grid(), "here").sum() == 9 + 16
    touching = [rectangle((1, 1), (6, 9), 2), rectangle((6, 1), (11, 9), 2)]
    assert filled(touching, grid(), "here").sum() == 80
    slanted = [
        np.array([(1, 1, 2), (9, 1, 2), (4, 10, 2)], float),
        np.array([(9, 1, 2), (12, 10, 2), (4, 10, 2)], float),
    ]
    both = filled(slanted, grid(), "here")
    np.testing.assert_array_equal(both, sum(filled([part], grid(), "here") for part in slanted))


def test_a_contour_stored_twice_counts_once() -> None:
    contour = rectangle((1.5, 1.5), (5.5, 5.5), 2)
    assert filled([contour, contour.copy()], grid(), "here").sum() == 16


def test_non_square_pixels_keep_the_area() -> None:
    reference = grid((80, 40, 5), (0.5, 1.0, 3.0), (-20, -20, 0))
    mask = filled([circle((0.1, 0.2), 12, 3.0, 2000)], reference, "here")
    assert planes_of(mask) == [1]
    assert mask.sum() * 0.5 * 1.0 == pytest.approx(np.pi * 12**2, rel=0.01)
    rows, columns = mask[1].any(axis=1).sum() * 1.0, mask[1].any(axis=0).sum() * 0.5
    assert rows == pytest.approx(24, abs=1)
    assert columns == pytest.approx(24, abs=0.5)


def test_any_orientation_gives_the_mask_of_the_upright_grid() -> None:
    upright = grid(spacing=(1.0, 2.0, 3.0), origin=(-5, 4, 9))
    turned = grid(spacing=(1.0, 2.0, 3.0), origin=(30, -8, 2), direction=TURN)
    contours = [circle((2.0, 20.0), 5.3, 9 + 3 * level) for level in (2, 3, 4)]
    placed = [
        np.array([turned.TransformContinuousIndexToPhysicalPoint(upright.TransformPhysicalPointToContinuousIndex(p)) for p in c.tolist()])
        for c in contours
    ]  # fmt: skip
    np.testing.assert_array_equal(filled(placed, turned, "here"), filled(contours, upright, "here"))


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_slices_may_lie_along_any_axis_of_the_grid(order: tuple[int, ...]) -> None:
    # Axis k of the permuted grid is axis order[k] of the first one, as in sagittal or coronal series turned to LPS.
    contours = [circle((7.2, 8.1), 5.3, level) for level in (2, 3, 4)]
    mask = filled(contours, grid(), "here")
    permuted = filled([c[:, order] for c in contours], grid(tuple(SIZE[k] for k in order)), "here")
    np.testing.assert_array_equal(permuted.T, mask.T.transpose(order))


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5, 0.8])
def test_planes_between_the_slices_give_as_many_slices_as_planes(shift: float) -> None:
    mask = filled([circle((8, 8), 5.2, level + shift) for level in range(2, 9)], grid(), "here")
    assert len(planes_of(mask)) == 7
    areas = mask.sum(axis=(1, 2))
    assert set(areas[areas > 0]) == {areas.max()}


def test_one_plane_between_two_slices_is_not_lost() -> None:
    for level in (4.3, 4.5, 4.7):
        assert len(planes_of(filled([circle((8, 8), 5, level)], grid(), "here"))) == 1


def test_slices_between_planes_are_filled_with_the_shape_between() -> None:
    # A cone from radius 9 to 3, contoured on every second slice only.
    reference = grid((30, 30, 16), (1.0, 1.0, 2.0))
    levels = range(2, 15, 2)
    contours = [circle((14.3, 14.6), 9 - (level - 2) / 2, level * 2.0, 500) for level in levels]
    areas = filled(contours, reference, "here").sum(axis=(1, 2))
    for level in range(2, 14):
        assert areas[level] == pytest.approx(np.pi * (9 - (level - 2) / 2) ** 2, rel=0.08)
    assert not areas[15]


def test_a_sphere_keeps_its_volume_on_planes_of_another_spacing() -> None:
    reference = grid((60, 60, 40), (0.8, 0.8, 2.0))
    levels = np.arange(14.25, 58, 3.1)
    contours = [circle((24, 24), np.sqrt(18**2 - (z - 36) ** 2), z, 500) for z in levels if abs(z - 36) < 17.9]
    volume = filled(contours, reference, "here").sum() * 0.8 * 0.8 * 2.0
    assert volume == pytest.approx(4 / 3 * np.pi * 18**3, rel=0.03)


def test_two_lesions_are_not_joined(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        mask = filled([circle((8, 8), 5, level) for level in (1, 2, 3, 8, 9)], grid(), "here")
    assert planes_of(mask) == [1, 2, 3, 8, 9]
    assert "1 gaps of up to 5 slices" in caplog.text


def test_rounded_places_of_one_plane_are_one_plane() -> None:
    ring = [rectangle((2, 2), (12, 12), 3.01), rectangle((5, 5), (9, 9), 2.99)]
    assert filled(ring, grid(), "here").sum() == 84


@pytest.mark.parametrize(
    ("contour", "told"),
    [
        (np.array([(1.0, 1, 1), (9, 1, 3), (9, 9, 6), (1, 9, 8)]), "lie across the slices"),
        (rectangle((1, 1), (5, 5), -2), "out of the image"),
        (rectangle((1, 1), (5, 5), 12), "out of the image"),
        (rectangle((1, 1), (25, 5), 3), "out of the image"),
        (rectangle((-1e30, 1), (5, 5), 3), "out of the image"),
    ],
)
def test_contours_that_leave_slices_or_image_are_refused(contour: np.ndarray, told: str) -> None:
    with pytest.raises(CaseError, match=f"here: .*{told}"):
        filled([contour], grid(), "here")
