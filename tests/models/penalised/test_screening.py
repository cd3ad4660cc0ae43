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
        residuals = np.stack(
            [point + (number + more) * 1e-3 * step + 1e-5 * GENERATOR.normal(size=20) for more in (0.0, 0.5)], axis=1
        )
        if number % 4 == 0:
            np.testing.assert_array_equal(looked.look(residuals[:, 0]), FEATURES @ residuals[:, 0])
        level = np.array([1.0, 0.9])
        close, near, radius = looked.candidates(residuals, level, np.array([7, 400]))
        exact = (FEATURES @ residuals).T
        assert (np.abs(near - exact[:, close]) <= radius[:, None]).all()
        if number % 4 == 0:
            assert radius[0] < 1e-12
        assert {7, 400} <= set(close)
        assert len(close) < 500
        far = np.setdiff1d(np.arange(500), close)
        assert (np.abs(exact[:, far]) < level[:, None]).all()


def test_it_is_tight_where_a_feature_points_along_what_is_not_in_the_span() -> None:
    looked = Looked(np.eye(4))
    looked.look(np.array([1.0, 0.0, 0.0, 0.0]))
    close, near, radius = looked.candidates(np.array([[2.0], [0.3], [0.0], [0.0]]), np.array([1e-3]), np.arange(1))
    assert close.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(near, [[2.0, 0.0, 0.0, 0.0]], atol=1e-15)
    np.testing.assert_allclose(radius, 0.3)


def test_residuals_that_depend_on_each_other_do_no_harm() -> None:
    looked = Looked(FEATURES)
    point = GENERATOR.normal(size=20)
    for factor in (1.0, 2.0, -3.0, 1.0 + 1e-15, 1e-30):
        looked.look(point * factor)
    close, near, radius = looked.candidates(point[:, None] * 7.0, np.array([1e-9]), np.arange(3))
    np.testing.assert_allclose(near[0], (FEATURES @ point * 7.0)[close], atol=1e-12)
    assert radius[0] < 1e-11


def test_looking_at_all_pays_once_many_were_looked_at() -> None:
    looked = Looked(FEATURES)
    assert [looked.pays(70) for _ in range(3)] == [False, False, True]
    looked.look(np.ones(20))
    assert not looked.pays(70)
