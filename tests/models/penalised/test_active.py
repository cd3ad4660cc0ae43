"""The systems of an active set: either solves the same equations, and stays right through changes."""

from __future__ import annotations

import numpy as np
import pytest

from rerad.models.penalised.active import ActiveSet

GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(60, 12))
FEATURES /= np.linalg.norm(FEATURES, axis=1)[:, None]
RESPONSE = GENERATOR.normal(size=12)
TEST = GENERATOR.normal(size=(60, 3))


def begun() -> ActiveSet:
    return ActiveSet(FEATURES, RESPONSE, FEATURES @ RESPONSE, TEST)


def solved(members: np.ndarray, signs: np.ndarray, a: float, d: float, drawn: np.ndarray) -> np.ndarray:
    """Return the residual by the normal equations of the active features alone."""
    rows = FEATURES[members]
    right = rows @ RESPONSE - a * signs + drawn[members]
    return RESPONSE - np.linalg.solve(rows @ rows.T + d * np.eye(len(rows)), right) @ rows


@pytest.mark.parametrize("number", [5, 11, 12, 13, 40])
def test_few_and_many_active_features_solve_the_same_equations(number: int) -> None:
    generator = np.random.default_rng(number)
    members, signs = generator.permutation(60)[:number], generator.choice([-1.0, 1.0], number)
    drawn = generator.normal(size=60)
    active = begun()
    active.take_over(members, signs)
    assert active.few == (number <= 12)
    for term in (None, drawn):
        residual, error = active.solve(0.1, 0.2, term)
        assert error <= 1e-12
        np.testing.assert_allclose(
            residual, solved(members, signs, 0.1, 0.2, drawn if term is not None else 0 * drawn), atol=1e-11
        )


@pytest.mark.parametrize("number", [6, 40])
def test_penalties_close_by_are_solved_with_the_same_factor(number: int) -> None:
    generator = np.random.default_rng(number)
    members, signs = generator.permutation(60)[:number], generator.choice([-1.0, 1.0], number)
    active = begun()
    active.take_over(members, signs)
    active.solve(0.1, 0.2, None)
    l1, l2 = 0.1 * np.array([1.0, 0.995, 0.98]), 0.2 * np.array([1.0, 0.995, 0.98])
    residuals, coefs, errors = active.solve_near(l1, l2, 0.2)
    assert errors.max() <= 1e-13
    for model in range(3):
        np.testing.assert_allclose(
            residuals[:, model], solved(members, signs, l1[model], l2[model], np.zeros(60)), atol=1e-12
        )
        if coefs is not None:
            np.testing.assert_allclose(RESPONSE - coefs[:, model] @ FEATURES[members], residuals[:, model], atol=1e-14)


def test_changes_leave_the_system_that_a_fresh_one_has() -> None:
    generator = np.random.default_rng(1)
    active = begun()
    for _ in range(200):
        changed = generator.permutation(60)[: generator.integers(1, 12)]
        new = generator.choice([-1.0, 0.0, 0.0, 1.0], len(changed))
        differs = new != active.sign[changed]
        active.take_over(changed[differs], new[differs])
        members = np.flatnonzero(active.sign)
        assert sorted(active.members) == members.tolist()
        rows, signs = FEATURES[active.members], active.sign[active.members]
        if active.few:
            np.testing.assert_array_equal(active.rows, rows)
            np.testing.assert_allclose(active.gram, rows @ rows.T, atol=1e-12)
        else:
            np.testing.assert_allclose(active.outer, rows.T @ rows, atol=1e-12)
            np.testing.assert_allclose(active.pulled, signs @ rows, atol=1e-12)
            np.testing.assert_allclose(active.outer_test, TEST[active.members].T @ rows, atol=1e-12)
            np.testing.assert_allclose(active.pulled_test, signs @ TEST[active.members], atol=1e-12)


@pytest.mark.parametrize("number", [4, 12])
def test_features_that_others_combine_to_are_thinned_out(number: int) -> None:
    copies = np.concatenate([FEATURES[:number], -FEATURES[:number]])
    active = ActiveSet(copies, RESPONSE, copies @ RESPONSE, np.zeros((2 * number, 0)))
    active.take_over(np.arange(2 * number), np.ones(2 * number))
    assert active.few == (number == 4)
    assert active.thin()
    assert active.few
    assert sorted(active.members % number) == list(range(number))
    np.testing.assert_allclose(active.gram, copies[active.members] @ copies[active.members].T, atol=1e-14)
    assert not active.thin()
