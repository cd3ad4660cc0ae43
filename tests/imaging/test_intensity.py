"""Standardised intensities, against hand values."""

import numpy as np
import pytest

from rerad.core.errors import CaseError, ConfigError
from rerad.imaging.intensity import brain_wise, normalise


def box(*values: float) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 1, -1)


def test_z_score_by_hand_ignores_and_zeroes_what_was_not_scanned() -> None:
    # Mean 5, standard deviation 2 (population) of 2 4 4 4 5 5 7 9.
    result = normalise(box(2, 4, np.nan, 4, 4, 5, 5, np.nan, 7, 9), clip=None, standardise="zscore")
    assert result.dtype == np.float32
    assert result.ravel() == pytest.approx([-1.5, -0.5, 0, -0.5, -0.5, 0, 0, 0, 1, 2])


def test_clipping_to_percentiles_by_hand() -> None:
    result = normalise(box(*range(101), np.nan), clip=[10, 75], standardise="none").ravel()
    assert result[:11] == pytest.approx([10] * 11)
    assert result[75:101] == pytest.approx([75] * 26)
    assert result[11:75] == pytest.approx(range(11, 75))
    assert result[101] == 0


def test_clipping_comes_before_the_z_score() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(8, 8, 8)).astype(np.float32)
    values[0, 0, 0] = 1e6  # metal
    result = normalise(values, clip=[0.5, 99.5], standardise="zscore")
    assert result.mean() == pytest.approx(0, abs=1e-6)
    assert result.std() == pytest.approx(1, abs=1e-5)
    assert result.max() < 4


def test_a_flat_scan_and_a_box_beside_the_scan_are_refused() -> None:
    with pytest.raises(CaseError, match="all 3 voxels around the GTV have the value 7"):
        normalise(box(7, 7, 7, np.nan), clip=None, standardise="zscore")
    with pytest.raises(CaseError, match="does not reach the box"):
        normalise(box(np.nan, np.nan), clip=None, standardise="zscore")


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ConfigError, match="'minmax' is no way"):
        normalise(box(1, 2), clip=None, standardise="minmax")


def test_the_scaling_of_a_volume_cancels_a_z_score_before_it() -> None:
    # NAS-3D-U-Net, Eq. 1 and 2 as printed, with any mean and deviation of a training set.
    generator = np.random.default_rng(1)
    values = generator.integers(1, 16000, (6, 7, 8)) * (generator.random((6, 7, 8)) > 0.4)
    brain = values != 0
    for mean, deviation in [(0.0, 1.0), (523.7, 211.9), (float(values[0, brain[0]][0]), 3.0), (9e3, 1e-2)]:
        standard = np.where(brain, (values - mean) / deviation, 0)
        low, high = standard[brain].min(), standard[brain].max()
        printed = np.where(brain, 100 * ((standard - low) / (high - low) + 0.1), 0)
        np.testing.assert_allclose(brain_wise(values, scale=100, offset=0.1), printed, rtol=1e-6, atol=1e-5)


def test_a_brain_lies_apart_from_its_background() -> None:
    values = np.array([[0, -3, 5], [0, 1, 5]])
    np.testing.assert_allclose(brain_wise(values, scale=100, offset=0.1), [[0, 10, 110], [0, 60, 110]], rtol=1e-6)


def test_a_volume_without_a_brain_or_contrast_is_refused() -> None:
    with pytest.raises(CaseError, match="every voxel is 0"):
        brain_wise(np.zeros((2, 2, 2)), scale=100, offset=0.1)
    with pytest.raises(CaseError, match="all 8 voxels of the brain have the value 7"):
        brain_wise(np.full((2, 2, 2), 7), scale=100, offset=0.1)
