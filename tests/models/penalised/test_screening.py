"""The bound on correlations that were not worked out."""

from __future__ import annotations

import numpy as np

from rerad.models.penalised.screening import Looked

GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(500, 20))
FEATURES /= np.linalg.norm(FEATURES, axis=1)[:, None]


def test_no_correlation_is_farther_than_the_bound() -> None:
    looked = Looked(FEATURES)
    point, step = GENERATOR.normal(size=20), GENERATOR.normal(size=20)
    for number in range(40):
        residual = point + number * 1e-3 * step + 1e-5 * GENERATOR.normal(size=20)
        if number % 4 == 0:
            np.testing.assert_array_equal(looked.look(residual), FEATURES @ residual)
        near, radius = looked.near(residual)
        off = np.abs(near - FEATURES @ residual).max()
        assert off <= radius
        if number % 4 == 0:
            assert radius < 1e-12


def test_it_is_tight_where_a_feature_points_along_what_is_not_in_the_span() -> None:
    looked = Looked(np.eye(4))
    looked.look(np.array([1.0, 0.0, 0.0, 0.0]))
    near, radius = looked.near(np.array([2.0, 0.3, 0.0, 0.0]))
    np.testing.assert_allclose(near, [2.0, 0.0, 0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(radius, 0.3)


def test_residuals_that_depend_on_each_other_do_no_harm() -> None:
    looked = Looked(FEATURES)
    point = GENERATOR.normal(size=20)
    for factor in (1.0, 2.0, -3.0, 1.0 + 1e-15, 1e-30):
        looked.look(point * factor)
    near, radius = looked.near(point * 7.0)
    np.testing.assert_allclose(near, FEATURES @ point * 7.0, atol=1e-12)
    assert radius < 1e-11


def test_looking_at_all_pays_once_many_were_looked_at() -> None:
    looked = Looked(FEATURES)
    assert [looked.pays(70) for _ in range(3)] == [False, False, True]
    looked.look(np.ones(20))
    assert not looked.pays(70)
