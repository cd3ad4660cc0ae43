"""Boxes go back to the grid they were cut from, whichever way its axes run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.core.errors import CaseError
from rerad.imaging.geometry import box_of, box_spacing, from_cells, geometry_of, put_back, to_cells, uncropped


def directions() -> list[list[float]]:
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.eye(3)[list(order)] * signs
            if np.linalg.det(matrix) > 0:
                found.append(matrix.ravel().tolist())
    return found


def test_the_smallest_box() -> None:
    marked = np.zeros((5, 6, 7), bool)
    marked[1, 2, 3] = marked[3, 2, 6] = True
    assert box_of(marked) == ((1, 2, 3), (3, 1, 4))


@pytest.mark.parametrize("direction", directions())
def test_what_was_cut_from_an_image_goes_back_to_its_voxels(direction: list[float]) -> None:
    values = np.zeros((6, 7, 8), np.uint8)
    values[1:4, 2:6, 3:5] = np.random.default_rng(0).integers(1, 5, (3, 4, 2))
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.9, 1.1, 1.0 / 3))
    image.SetOrigin((0.1, -239.0, 7.3))
    image.SetDirection(direction)
    upright = sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LPS"))
    geometry = geometry_of(image, *box_of(upright > 0))
    assert box_spacing(geometry) == sitk.DICOMOrient(image, "LPS").GetSpacing()[::-1]
    assert from_cells(to_cells(geometry), where="a") == geometry
    back = put_back(upright[geometry.inside], geometry)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), values)
    assert back.GetSpacing() == image.GetSpacing()
    assert back.GetOrigin() == image.GetOrigin()
    assert back.GetDirection() == image.GetDirection()


def test_another_shape_and_a_broken_cell_are_refused() -> None:
    geometry = geometry_of(sitk.Image([8, 7, 6], sitk.sitkUInt8), (0, 0, 0), (2, 2, 2))
    with pytest.raises(CaseError, match=r"\(2, 2, 3\) voxels for a box of \(2, 2, 2\)"):
        put_back(np.zeros((2, 2, 3)), geometry)
    with pytest.raises(CaseError, match=r"a: box_start is '0 0', not 3 numbers"):
        from_cells({**to_cells(geometry), "box_start": "0 0"}, where="a")
    with pytest.raises(CaseError, match="size is None"):
        from_cells({}, where="a")


@pytest.mark.parametrize("code", ["LPS", "RAS", "ASL"])
def test_a_box_lies_in_the_upright_image_where_it_was_cut_from(code: str) -> None:
    values = np.random.default_rng(0).integers(1, 9, size=(6, 7, 8)).astype(np.uint8)
    upright = sitk.GetImageFromArray(values)
    upright.SetSpacing((1.0, 2.0, 3.0))
    stored = sitk.DICOMOrient(upright, code)
    geometry = geometry_of(stored, (1, 2, 3), (4, 3, 2))
    whole = uncropped(values[1:5, 2:5, 3:5], geometry)
    assert whole.shape == values.shape
    np.testing.assert_array_equal(whole[1:5, 2:5, 3:5], values[1:5, 2:5, 3:5])
    assert np.count_nonzero(whole) == 24
    assert box_spacing(geometry) == (3.0, 2.0, 1.0)
    with pytest.raises(CaseError, match=r"\(1, 2, 3\) voxels for a box of \(4, 3, 2\)"):
        uncropped(np.zeros((1, 2, 3)), geometry)
