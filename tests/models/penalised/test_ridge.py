"""Ridge at every λ at once."""

from __future__ import annotations

import numpy as np
import pytest

from rerad.models.penalised.ridge import ridge, spectrum

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("shape", [(30, 8), (8, 8)])
def test_the_weights_solve_the_equations_of_the_cases(shape: tuple[int, int], precise: bool) -> None:
    features, response = GENERATOR.normal(size=shape), GENERATOR.normal(size=shape[1])
    l2 = np.array([10.0, 0.1, 1e-3])
    weights, missing, residuals = ridge(spectrum(features, precise=precise), response, l2)
    for model, d in enumerate(l2):
        expected = np.linalg.solve(features.T @ features + d * np.eye(shape[1]), response)
        np.testing.assert_allclose(weights[:, model], expected, rtol=1e-9)
        np.testing.assert_allclose(residuals[:, model], response - features.T @ (features @ expected), atol=1e-10)
    assert np.abs(missing).max() < 1e-12


def test_small_eigenvalues_are_right_where_it_is_precise() -> None:
    # Singular values 1 and 1e-9: the square of the second drowns in the rounding of the Gram matrix.
    left, _ = np.linalg.qr(GENERATOR.normal(size=(6, 2)))
    right, _ = np.linalg.qr(GENERATOR.normal(size=(2, 2)))
    values = spectrum(left * [1.0, 1e-9] @ right.T, precise=True).values
    np.testing.assert_allclose(np.sort(values), [1e-18, 1.0], rtol=1e-6)
