import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from rerad.models import single_feature

NOTHING = {"chosen": {}, "recipe": {}, "seed": 0}


def test_a_single_feature_is_the_maximum_likelihood_fit():
    values = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    target = np.array([0, 0, 1, 0, 1, 0, 1, 1])
    fitted = single_feature.fit(pd.DataFrame({"PET_index_Volume": values}), target, **NOTHING)

    def loss(b):
        eta = b[0] * values + b[1]
        return np.sum(np.logaddexp(0, eta) - target * eta)

    slope, intercept = minimize(loss, [0.0, 0.0], tol=1e-12).x
    new = pd.DataFrame({"PET_index_Volume": [0.0, 4.5, 100.0]})
    expected = 1 / (1 + np.exp(-(slope * np.array([0.0, 4.5, 100.0]) + intercept)))
    assert fitted.score(new) == pytest.approx(expected, abs=1e-3)


def test_separable_classes_keep_their_order():
    table = pd.DataFrame({"crop_ml": [1.0, 2, 3, 10, 11, 12]})
    scores = single_feature.fit(table, np.repeat([0, 1], 3), **NOTHING).score(table)
    assert np.isfinite(scores).all()
    assert (scores[:3] < 0.5).all()
    assert (scores[3:] > 0.5).all()


def test_a_feature_that_does_not_vary_tells_nothing():
    table = pd.DataFrame({"crop_ml": [5.0] * 4})
    assert single_feature.fit(table, np.array([0, 1, 1, 1]), **NOTHING).score(table).tolist() == [0.75] * 4
