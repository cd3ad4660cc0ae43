import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.metrics.points import point_metrics
from rerad.models.logistic import choose, fit, lambda_path
from rerad.models.preparing import learn, standardise

SEARCH = {
    **{"l1_ratios": [0.2, 0.9], "lambdas": 6, "lambda_ratio": 0.05, "inner_folds": 4, "repeats": 1},
    **{"iterations": 300, "tolerance": 1e-3},
}
RECIPE = {"iterations": 100000, "tolerance": 1e-9}


def planted(cases, seed):
    generator = np.random.default_rng(seed)
    target = np.arange(cases) % 2
    table = pd.DataFrame(generator.normal(size=(cases, 20)), columns=[f"PET_noise_{i}" for i in range(20)])
    return table.assign(PET_signal_a=100 + 50 * (target + 0.5 * generator.normal(size=cases))), target


@pytest.mark.parametrize("ratio", [0.2, 0.9])
def test_the_fit_meets_the_optimality_conditions_of_glmnets_loss(ratio):
    table, target = planted(40, 0)
    values = standardise(table, learn(table))
    lam = lambda_path(values, target, l1_ratio=ratio, lambdas=3, smallest=0.1)[1]
    fitted = fit(table, target, chosen={"l1_ratio": ratio, "lambda": lam}, recipe=RECIPE, seed=0)
    beta = np.array([fitted.summary["coefficients"].get(name, 0.0) for name in table])
    pull = values.T @ (target - fitted.score(table)) / 40 - lam * (1 - ratio) * beta
    assert 0 < (beta != 0).sum() < 21
    assert pull[beta != 0] == pytest.approx(lam * ratio * np.sign(beta[beta != 0]), abs=1e-5)
    assert np.abs(pull[beta == 0]).max() <= lam * ratio + 1e-6
    assert (target - fitted.score(table)).sum() == pytest.approx(0, abs=1e-4)


def test_the_path_starts_where_the_first_feature_enters():
    table, target = planted(40, 1)
    values = standardise(table, learn(table))
    path = lambda_path(values, target, l1_ratio=0.5, lambdas=5, smallest=0.01)
    assert path[-1] == pytest.approx(0.01 * path[0])
    fits = [
        fit(table, target, chosen={"l1_ratio": 0.5, "lambda": lam}, recipe=RECIPE, seed=0)
        for lam in (path[0] * 1.001, path[0] * 0.97)
    ]
    assert [list(fit.summary["coefficients"]) for fit in fits] == [[], ["PET_signal_a"]]


def test_a_planted_feature_is_kept_and_predicts():
    table, target = planted(40, 2)
    chosen, history = choose(table, target, settings=SEARCH, seed=0)
    assert len(history) == 12
    assert sum(row["chosen"] for row in history) == 1
    assert min(row["criterion"] for row in history) == chosen["deviance"] < 2 * np.log(2)
    fitted = fit(table, target, chosen=chosen, recipe=RECIPE, seed=0)
    coefficients = fitted.summary["coefficients"]
    assert max(coefficients, key=lambda name: abs(coefficients[name])) == "PET_signal_a"
    new, truth = planted(60, 3)
    assert point_metrics(truth, fitted.score(new))["auc"] > 0.85


def test_more_inner_folds_than_cases_of_a_class_are_refused():
    table, _ = planted(12, 0)
    with pytest.raises(ReradError, match="3 training cases of one class are too few for 4 inner folds"):
        choose(table, np.repeat([1, 0], [3, 9]), settings=SEARCH, seed=0)
