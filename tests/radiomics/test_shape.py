"""The ten features on bodies with closed forms, their relations, real tumours, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import rerad.radiomics
from rerad.core.errors import ReradError
from rerad.radiomics import morphology
from rerad.radiomics.mesh import measure
from rerad.radiomics.shape import FEATURES

CUBIC = (1.0, 1.0, 1.0)


def ball(radius: float, spacing: tuple[float, ...] = CUBIC) -> np.ndarray:
    counts = [int(np.ceil(radius / step)) + 1 for step in spacing]
    z, y, x = np.meshgrid(
        *(np.arange(-count, count + 1) * step for count, step in zip(counts, spacing, strict=True)), indexing="ij"
    )
    return z**2 + y**2 + x**2 <= radius**2


def check_relations(found: dict[str, float]) -> None:
    """Check what Table 1 implies between the features."""
    sphericity = found["sphericity"]
    assert tuple(found) == FEATURES
    assert found["sa_v_ratio"] == pytest.approx(found["surface_area"] / found["volume"])
    assert found["spherical_disproportion"] == pytest.approx(1 / sphericity)
    assert found["compactness1"] == pytest.approx(sphericity**1.5 / (6 * np.pi))
    assert found["compactness2"] == pytest.approx(sphericity**3)
    assert 0 <= found["minor_axis"] <= found["major_axis"] <= found["max_diameter"] * (1 + 1e-9)


@pytest.mark.parametrize("spacing", [CUBIC, (3.0, 1.0, 1.0), (1.0, 0.8, 1.5)])
def test_a_ball(spacing: tuple[float, float, float]) -> None:
    found = morphology(ball(25.0, spacing), spacing)
    check_relations(found)
    assert found["volume"] == pytest.approx(4 / 3 * np.pi * 25**3, rel=0.005)
    assert found["surface_area"] == pytest.approx(4 * np.pi * 25**2, rel=0.02)
    assert found["sphericity"] == pytest.approx(1, rel=0.02)
    assert found["compactness1"] == pytest.approx(1 / (6 * np.pi), rel=0.04)
    assert found["max_diameter"] == pytest.approx(50, abs=max(spacing))
    assert found["major_axis"] == pytest.approx(50, abs=max(spacing[1:]))
    assert found["minor_axis"] == pytest.approx(50, abs=max(spacing[1:]))


def test_a_box_of_voxels_has_its_edges() -> None:
    mask = np.zeros((9, 12, 20), bool)
    mask[1:5, 2:8, 3:16] = True  # 4 x 6 x 13 voxels
    found = morphology(mask, (2.0, 0.5, 1.0))
    check_relations(found)
    assert found["volume"] == 4 * 6 * 13
    assert found["max_diameter"] == pytest.approx(np.sqrt(6**2 + 2.5**2 + 12**2))
    assert found["major_axis"] == pytest.approx(np.hypot(2.5, 12))
    # Across a diagonal of a rectangle lie the two other corners.
    assert found["minor_axis"] == pytest.approx(2 * 2.5 * 12 / np.hypot(2.5, 12))


def test_an_ellipsoid_that_lies_in_an_axial_slice() -> None:
    z, y, x = np.indices((41, 61, 81)) - np.array([20, 30, 40])[:, None, None, None]
    found = morphology((z / 12) ** 2 + (y / 20) ** 2 + (x / 35) ** 2 <= 1, CUBIC)
    check_relations(found)
    assert found["volume"] == pytest.approx(4 / 3 * np.pi * 12 * 20 * 35, rel=0.005)
    power = 1.6075  # Knud Thomsen's formula is within 1.1 % of the area
    area = 4 * np.pi * (((12 * 20) ** power + (12 * 35) ** power + (20 * 35) ** power) / 3) ** (1 / power)
    assert found["surface_area"] == pytest.approx(area, rel=0.03)
    assert (found["max_diameter"], found["major_axis"], found["minor_axis"]) == pytest.approx((70, 70, 40), abs=1.5)


def test_one_voxel_is_a_point_with_a_volume() -> None:
    found = morphology(np.ones((1, 1, 1), bool), (2.0, 3.0, 4.0))
    check_relations(found)
    assert found["volume"] == 24
    assert found["max_diameter"] == found["major_axis"] == found["minor_axis"] == 0


@pytest.mark.parametrize(("shape", "axes"), [((1, 1, 7), (6, 0)), ((7, 1, 1), (0, 0)), ((1, 5, 9), (80**0.5, None))])
def test_lines_and_planes(shape: tuple[int, int, int], axes: tuple[float, float | None]) -> None:
    found = morphology(np.ones(shape, bool), CUBIC)
    check_relations(found)
    assert found["max_diameter"] == pytest.approx(np.sqrt(sum((size - 1) ** 2 for size in shape)))
    assert found["major_axis"] == pytest.approx(axes[0])
    assert found["minor_axis"] == pytest.approx(2 * 4 * 8 / 80**0.5 if axes[1] is None else axes[1])


def test_the_place_in_the_array_does_not_matter() -> None:
    mask = np.random.default_rng(0).random((6, 7, 8)) > 0.6
    expected = morphology(mask, (2.0, 1.0, 0.5))  # touches the border on every side
    assert morphology(np.pad(mask, ((3, 0), (1, 5), (0, 2))), (2.0, 1.0, 0.5)) == pytest.approx(expected)
    assert morphology(mask.astype(np.uint8), (2.0, 1.0, 0.5)) == expected
    assert morphology(mask[:, ::-1, ::-1], (2.0, 1.0, 0.5)) == pytest.approx(expected)
    assert morphology(np.asfortranarray(mask), (2.0, 1.0, 0.5)) == expected


def test_every_part_counts() -> None:
    single, mask = ball(6.0), np.zeros((15, 15, 60), bool)
    mask[:, :, :15] = mask[:, :, 40:55] = single
    one, two = morphology(single, CUBIC), morphology(mask, CUBIC)
    check_relations(two)
    assert two["volume"] == 2 * one["volume"]
    assert two["surface_area"] == pytest.approx(2 * one["surface_area"])
    assert two["max_diameter"] == pytest.approx(one["max_diameter"] + 40)


def test_a_larger_voxel_makes_a_larger_body_of_the_same_shape() -> None:
    mask = np.random.default_rng(1).random((6, 7, 8)) > 0.4
    small, large = morphology(mask, (1.0, 0.5, 2.0)), morphology(mask, (3.0, 1.5, 6.0))
    powers = {"volume": 3, "surface_area": 2, "sa_v_ratio": -1, "max_diameter": 1, "major_axis": 1, "minor_axis": 1}
    for name in FEATURES:
        assert large[name] == pytest.approx(small[name] * 3 ** powers.get(name, 0)), name


def test_the_axes_of_an_ellipse_stand_in_for_the_extents() -> None:
    mask = np.zeros((3, 12, 40), bool)
    mask[1, 1:11, 5:35] = True
    extent, ellipse = morphology(mask, CUBIC), morphology(mask, CUBIC, axes="ellipse")
    assert (ellipse["major_axis"], ellipse["minor_axis"]) == pytest.approx((4 * 30 / 12**0.5, 4 * 10 / 12**0.5))
    others = set(FEATURES) - {"major_axis", "minor_axis"}
    assert {name: ellipse[name] for name in others} == {name: extent[name] for name in others}


@pytest.mark.parametrize("case", ["BraTS2021_00006/BraTS2021_00006_seg", "BraTS-GLI-00000-000/BraTS-GLI-00000-000-seg"])
def test_real_tumours(real_data: Path, case: str) -> None:
    image = sitk.ReadImage(str(real_data / "brats" / f"{case}.nii.gz"))
    labels = sitk.GetArrayFromImage(image)
    for mask in (labels == 2, labels > 2, labels > 0):
        found = morphology(mask, image.GetSpacing()[::-1])
        check_relations(found)
        assert found["volume"] == mask.sum()
        mesh = measure(mask, (1.0, 1.0, 1.0))
        # The mesh cuts the corners of a ragged surface; its vertices lie half a voxel farther out than voxel centres.
        assert mesh.area * 0.85 < found["surface_area"] < mesh.area * 1.15
        assert found["max_diameter"] <= mesh.diameters[3] <= found["max_diameter"] + 2


def test_the_function_is_public_and_no_module_hides_it() -> None:
    assert callable(rerad.radiomics.morphology)
    assert "morphology" in rerad.radiomics.__all__


@pytest.mark.parametrize(
    ("mask", "spacing", "options", "message"),
    [
        (np.zeros((3, 3, 3), bool), CUBIC, {}, "mask: no voxel is marked"),
        (np.ones((3, 3), bool), (1.0, 1.0), {}, "mask: 2 dimensions"),
        (np.ones((1, 3, 3, 3), bool), CUBIC, {}, "mask: 4 dimensions"),
        (np.full((2, 2, 2), 4), CUBIC, {}, "mask: a voxel has the value 4"),
        (np.array([[[0.0, 1.0, 0.5]]]), CUBIC, {}, r"mask: a voxel has the value 0\.5"),
        (np.array([[[0.0, np.nan]]]), CUBIC, {}, "mask: a voxel has the value nan"),
        (np.ones((2, 2, 2), bool), (1.0, 0.0, 1.0), {}, r"spacing: \(1, 0, 1\) is no voxel size"),
        (np.ones((2, 2, 2), bool), (1.0, -1.0, 1.0), {}, r"spacing: \(1, -1, 1\) is no voxel size"),
        (np.ones((2, 2, 2), bool), (1.0, np.inf, 1.0), {}, r"spacing: \(1, inf, 1\) is no voxel size"),
        (np.ones((2, 2, 2), bool), (1.0, 1.0), {}, r"spacing: \(1, 1\) is no voxel size"),
        (np.ones((2, 2, 2), bool), CUBIC, {"axes": "longest"}, "axes: 'longest' is no kind of axes"),
    ],
)
def test_what_no_shape_can_be_taken_from_is_refused(
    mask: np.ndarray, spacing: tuple[float, ...], options: dict[str, str], message: str
) -> None:
    with pytest.raises(ReradError, match=message):
        morphology(mask, spacing, **options)
