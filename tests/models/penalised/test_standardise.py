"""Columns of mean 0 and length 1, whatever their scale."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from rerad.models.penalised.standardise import standardise

# (1, 2, 3, 6): mean 3, deviations −2, −1, 0, 3, length √14.
COLUMN = np.array([1.0, 2.0, 3.0, 6.0])
STANDARD = np.array([-2.0, -1.0, 0.0, 3.0]) / 14**0.5


@pytest.mark.parametrize("scale", [1.0, -1e3, 1e-90, 1e170, 1e307, 1e-160, 1e-300])
def test_a_column_is_centred_and_scaled_by_hand(scale: float) -> None:
    other = np.array([[5.0, 1.0, 1.0, 1.0], [0.1, 0.1, 0.1, 0.1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        columns = standardise(np.stack([COLUMN * scale, *other]))
    np.testing.assert_allclose(columns.values[0], STANDARD * np.sign(scale), atol=1e-15)
    np.testing.assert_allclose(columns.values[1], np.array([3.0, -1.0, -1.0, -1.0]) / 12**0.5, rtol=1e-14)
    assert columns.varies[:, 0].tolist() == [True, True, False]
    assert not columns.values[2].any()
    np.testing.assert_allclose(columns.centre(), [3.0 * scale, 2.0, 0.1], rtol=1e-14)
    # One standardised unit is a length of the column.
    np.testing.assert_allclose(columns.original(np.ones(3))[0] * (14**0.5 * abs(scale)), 1.0, rtol=1e-13)
    new = columns.of(np.array([[4.0 * scale], [2.0], [7.0]]))[:, 0]
    np.testing.assert_allclose(new, [np.sign(scale) / 14**0.5, 0.0, 0.0], atol=1e-14)


def test_digits_are_not_lost_far_from_zero() -> None:
    columns = standardise((COLUMN + 2.0**40)[None])
    np.testing.assert_allclose(columns.values[0], STANDARD, atol=1e-15)
    assert columns.centre()[0] == 2.0**40 + 3.0


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e200, 1e-310])
def test_a_constant_column_is_zero(value: float) -> None:
    columns = standardise(np.full((2, 7), value))
    assert not columns.values.any()
    assert not columns.varies.any()
