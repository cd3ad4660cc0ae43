"""The bound on correlations that were not worked out."""

from __future__ import annotations

import numpy as np

from rerad.models.penalised.screening import KEPT, MOST, WORTH, Looked

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
            looked.look(residuals[:, 0])
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


def test_what_is_forgotten_leaves_the_latest_residuals_known_exactly() -> None:
    generator = np.random.default_rng(4)
    features = generator.normal(size=(80, MOST + 15))
    features /= np.linalg.norm(features, axis=1)[:, None]
    looked = Looked(features)
    seen = [generator.normal(size=MOST + 15) for _ in range(2 * MOST)]
    for residual in seen:
        looked.look(residual)
        assert len(looked.basis) <= MOST
        np.testing.assert_allclose(looked.basis @ looked.basis.T, np.eye(len(looked.basis)), atol=1e-13)
        np.testing.assert_allclose(looked.known, (features @ looked.basis.T).T, atol=1e-13)
    for residual in seen[-KEPT:]:
        _, near, radius = looked.candidates(residual[:, None], np.array([1e-9]), np.arange(1))
        assert radius[0] < 1e-11
        np.testing.assert_allclose(near[0], features @ residual, atol=1e-12)


def test_looking_at_all_pays_once_many_were_looked_at() -> None:
    looked = Looked(FEATURES)
    many = int(WORTH * len(FEATURES) / 2)
    assert [looked.pays(many) for _ in range(3)] == [False, False, True]
    looked.look(np.ones(20))
    assert not looked.pays(many)


def test_changes_are_those_of_all_correlations_wherever_the_residual_moves() -> None:
    """Against the definition: of 500 features every one over the level, and the active ones no more over it."""
    generator = np.random.default_rng(5)
    looked, sign = Looked(FEATURES), np.zeros(500)
    looked.look(generator.normal(size=20))
    margin = 1e-13
    for number in range(200):
        residual = generator.normal(size=20) * 0.98**number
        level = float(np.quantile(np.abs(FEATURES @ residual), generator.uniform(0.5, 0.99)))
        members_too = bool(number % 2)
        members = np.flatnonzero(sign)
        changed, signs = looked.changes(residual, level, margin, sign, members, members_too=members_too)
        values = FEATURES @ residual
        wanted = np.where(np.abs(values) > level + np.where(sign != 0, 0.0, margin), np.sign(values), 0.0)
        if not members_too:
            wanted[members] = sign[members]
        assert sorted(changed) == np.flatnonzero(wanted != sign).tolist()
        np.testing.assert_array_equal(signs, wanted[changed])
        sign[changed] = signs
