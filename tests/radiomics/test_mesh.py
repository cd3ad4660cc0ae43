"""The mesh of a mask against PyRadiomics' own and against bodies that are known."""

from __future__ import annotations

import numpy as np
import pytest
from radiomics import cShape
from scipy import ndimage

from rerad.radiomics.mesh import hull_volume, measure


def random_masks(count: int) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    masks = []
    while len(masks) < count:
        noise = generator.normal(size=generator.integers(1, 14, 3))
        # Noise has every kind of cube in it, smooth noise every kind of blob.
        mask = ndimage.gaussian_filter(noise, generator.choice([0, 0.5, 2])) > generator.uniform(-0.5, 0.5)
        if mask.any():
            masks.append(mask)
    return masks


def test_mesh_is_that_of_pyradiomics() -> None:
    generator = np.random.default_rng(1)
    for mask in random_masks(60):
        spacing = tuple(generator.uniform(0.3, 6, 3))
        area, volume, diameters = cShape.calculate_coefficients(np.pad(mask, 1), np.array(spacing))
        ours = measure(mask, spacing)
        expected = pytest.approx((area, volume, *diameters), rel=1e-11, abs=1e-11)
        assert (ours.area, ours.volume, *ours.diameters) == expected, mask.shape


def test_one_voxel_is_an_octahedron() -> None:
    # Half axes 1, 2 and 3 mm: volume 4/3 · 1 · 2 · 3, and the same for its hull.
    found = measure(np.ones((1, 1, 1), bool), (2.0, 4.0, 6.0))
    assert found.volume == pytest.approx(8.0)
    assert hull_volume(np.ones((1, 1, 1), bool), (2.0, 4.0, 6.0)) == pytest.approx(8.0)
    assert found.diameters == pytest.approx((6.0, 6.0, 4.0, 6.0))


def test_a_rod_of_voxels() -> None:
    # A prism of 2 mm² from the first to the last centre, and half an octahedron at each end.
    found = measure(np.ones((1, 1, 5), bool), (2.0, 2.0, 2.0))
    assert found.volume == pytest.approx(2 * 8 + 4 / 3)
    assert found.diameters == pytest.approx((10.0, 10.0, 2.0, 10.0))
