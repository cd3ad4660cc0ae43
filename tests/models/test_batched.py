import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from rerad.models.batched import auc_of_samples, fit_logistic


def designs(sets, cases, columns, generator):
    values = generator.normal(size=(sets, cases, columns))
    return np.concatenate([values, np.ones((sets, cases, 1))], axis=2)


def test_every_fit_equals_scikit_learn():
    generator = np.random.default_rng(0)
    target = (generator.random(30) < 0.4).astype(float)
    batch = designs(3, 30, 4, generator)
    weights = generator.multinomial(30, np.full(30, 1 / 30), size=5).astype(float)
    found = fit_logistic(batch, weights, target, ridge=0.1, iterations=30, tolerance=1e-9)
    for number, design in enumerate(batch):
        for sample, weight in enumerate(weights):
            model = LogisticRegression(C=1 / 0.1, tol=1e-10, solver="newton-cholesky", max_iter=200)
            model.fit(design[:, :-1], target, sample_weight=weight)
            expected = np.append(model.coef_[0], model.intercept_)
            assert found[number, sample] == pytest.approx(expected, abs=1e-5)


def test_separable_classes_stay_finite_and_converge():
    target = np.repeat([0.0, 1.0], 10)
    design = np.column_stack([np.linspace(-50, 50, 20), np.ones(20)])[None]
    coefficients = fit_logistic(design, np.ones((1, 20)), target, ridge=1e-3, iterations=100, tolerance=1e-9)[0, 0]
    fitted = 1 / (1 + np.exp(-design[0] @ coefficients))
    gradient = (target - fitted) @ design[0] - [1e-3 * coefficients[0], 0.0]
    assert np.abs(gradient).max() < 1e-6
    assert ((fitted > 0.5) == (target == 1)).all()


def test_auc_of_held_out_cases_equals_scikit_learn():
    generator = np.random.default_rng(1)
    target = np.repeat([0.0, 1.0], [9, 11])
    scores = generator.integers(0, 5, size=(2, 4, 20)).astype(float)
    held_out = (generator.random((4, 20)) < 0.6).astype(float)
    found = auc_of_samples(scores, held_out, target)
    for number in range(2):
        for sample in range(4):
            used = held_out[sample] == 1
            assert found[number, sample] == pytest.approx(roc_auc_score(target[used], scores[number, sample, used]))
