import numpy as np
import pandas as pd
import pytest

from rerad.metrics.points import point_metrics
from rerad.models.forest import choose, fit, grow, score_forest, tune_weight

SEARCH = {
    **{"features": 8, "relevance": 0.5, "novelty": 0.5, "bootstraps": 15, "order": 3, "starts": 4},
    **{"ridge": 0.1, "iterations": 30, "tolerance": 1e-6},
    **{"weights": [0.5, 1.0, 2.0], "subsplits": 4, "held_out": 1 / 3, "trees": 15},
}


def planted(cases, seed):
    generator = np.random.default_rng(seed)
    target = np.arange(cases) % 2
    table = pd.DataFrame(generator.normal(size=(cases, 30)), columns=[f"PET_noise_{i}" for i in range(30)])
    return table.assign(PET_signal_a=target + 0.4 * generator.normal(size=cases)), target


def test_trees_grow_on_balanced_classes():
    generator = np.random.default_rng(0)
    target = np.repeat([1, 0], [6, 24])
    forest = grow(generator.normal(size=(30, 3)), target, trees=100, weight=1.0, seed=0)
    assert len(forest) == 4
    assert sum(len(part.estimators_) for part in forest) == 100
    roots = [tree.tree_.value[0, 0, 1] for part in forest for tree in part.estimators_]
    # A bootstrap of 6 + 6 has a positive share of 0.5 ± 0.14 each; without partitions it would be 0.2.
    assert np.mean(roots) == pytest.approx(0.5, abs=0.05)


def test_the_score_is_the_mean_probability_of_the_trees():
    table, target = planted(40, 0)
    values = table.to_numpy()
    forest = grow(values, target, trees=20, weight=1.5, seed=1)
    assert len(forest) == 1
    assert score_forest(forest, values) == pytest.approx(forest[0].predict_proba(values)[:, 1])


def test_a_heavier_positive_class_raises_the_scores():
    generator = np.random.default_rng(0)
    values, target = generator.normal(size=(40, 3)), np.arange(40) % 2
    new = generator.normal(size=(200, 3))
    light, heavy = (score_forest(grow(values, target, trees=50, weight=w, seed=0), new).mean() for w in (0.5, 2.0))
    assert light < 0.5 < heavy


def test_the_weight_balances_sensitivity_and_specificity():
    # Overlapping classes: an extreme weight calls nearly every case positive and cannot win.
    generator = np.random.default_rng(0)
    target = np.arange(60) % 2
    values = (target + 1.5 * generator.normal(size=60))[:, None]
    tried = tune_weight(values, target, settings={**SEARCH, "weights": [0.02, 1.0, 50.0], "trees": 40}, seed=0)
    assert max(tried, key=lambda weight: tried[weight]) == 1.0


def test_a_planted_feature_is_chosen_and_predicts():
    table, target = planted(40, 1)
    chosen, history = choose(table, target, settings=SEARCH, seed=0)
    assert "PET_signal_a" in chosen["features"]
    assert len(chosen["features"]) <= 3
    assert {row["step"] for row in history} == {"reduce", "select", "weight"}
    assert [sum(r["chosen"] for r in history if r["step"] == s) for s in ("reduce", "select", "weight")] == [8, 1, 1]
    fitted = fit(table, target, chosen=chosen, recipe={"trees": 50}, seed=0)
    new, truth = planted(60, 2)
    assert point_metrics(truth, fitted.score(new))["auc"] > 0.9
    assert max(fitted.summary["importance"], key=fitted.summary["importance"].get) == "PET_signal_a"


def test_same_seed_same_forest():
    table, target = planted(30, 3)
    first, again = (choose(table, target, settings=SEARCH, seed=5) for _ in range(2))
    assert first == again
    scores = [fit(table, target, chosen=first[0], recipe={"trees": 9}, seed=s).score(table) for s in (1, 1, 2)]
    assert (scores[0] == scores[1]).all()
    assert (scores[0] != scores[2]).any()
