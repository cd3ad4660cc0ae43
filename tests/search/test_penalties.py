"""Penalties of the linear models are chosen by their R² out of fold: as published, and without the test cases."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tiny_genes import FEATURES, inputs_of, make_cohort, run

from rerad.cohorts.tcga_gbm.stored import open_expression, store_expression
from rerad.models import elastic_net_path
from rerad.search.code import searcher
from rerad.search.search import choose
from rerad.training.job import Job

RATIOS = [0.0, 0.5, 1.0]
SETTINGS = {
    "model": "linear",
    "modalities": ["enhancing", "edema"],
    "search": {"folds": "first", "l1_ratios": RATIOS, "n_lambdas": 8, "nested": True},
    "recipe": {"variants": ["published", "fold_safe", "nested"]},
}


def search(cohort, out, folds=(1,)):
    choose(Job(**inputs_of(cohort), settings=SETTINGS, folds=list(folds), folder=out))
    return json.loads((out / "chosen.json").read_text())


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A cohort of whose features the last is the same in everybody: nothing predicts it."""
    folder = make_cohort(tmp_path_factory.mktemp("genes"))
    features = pd.read_csv(folder / "features.csv").assign(edema_volume=5.0)
    features.to_csv(folder / "features.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def searched(cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    return folder, search(cohort, folder)


@pytest.fixture(scope="module")
def trained(cohort, searched, tmp_path_factory):
    out = run(cohort, tmp_path_factory.mktemp("trained"), SETTINGS, chosen=searched[0] / "chosen.json")
    assert json.loads((out / "cost.json").read_text())["failed"] is None
    return out


def values_of(cohort):
    """Return genes and features of the cases, and the fold that tests each."""
    cases = pd.read_csv(cohort / "cases.csv").query("included == 1")
    splits = pd.read_csv(cohort / "splits.csv").query("role == 'test'").set_index("case")["fold"]
    genes = open_expression(cohort / "arrays").values[cases["row"]].astype(float)
    return genes, pd.read_csv(cohort / "features.csv")[FEATURES].to_numpy(), splits[cases["case"]].to_numpy()


def r2(truth, called):
    return 1 - ((truth - called) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()


def test_every_regressor_has_the_search_of_its_own():
    found = {model: searcher({"model": model}) for model in ("linear", "dense", "forest", "mmnas")}
    ends = {"linear": "penalties", "dense": "rates", "forest": "tabular", "mmnas": "architecture"}
    assert found == {model: f"rerad.search.{name}" for model, name in ends.items()}


def test_no_other_pair_of_the_grid_has_a_higher_r2(cohort, searched):
    genes, targets, folds = values_of(cohort)
    published = searched[1]["folds"]["1"]["published"]["penalties"]
    assert [penalty["feature"] for penalty in published] == FEATURES
    assert searched[1]["folds"]["3"]["published"]["penalties"] == published
    target, best = targets[:, 0], -np.inf
    for ratio in RATIOS:
        for lam in elastic_net_path(genes, target, l1_ratio=ratio, n_lambdas=8).lambdas:
            called, counted = np.empty(12), True
            for fold in (1, 2, 3):
                held = folds == fold
                path = elastic_net_path(genes[~held], target[~held], l1_ratio=ratio, lambdas=[lam])
                called[held] = path.predict(genes[held])[:, 0]
                counted &= bool(path.counts[0] > 0)
            if counted:
                best = max(best, r2(target, called))
    assert published[0]["r2"] == pytest.approx(best, abs=1e-8)
    assert published[0]["violation"] < 1e-6


def test_the_trained_models_reach_what_the_search_saw(cohort, searched, trained):
    table = pd.read_csv(trained / "predictions_regression.csv").query("role == 'test'")
    _, targets, _ = values_of(cohort)
    for number, penalty in enumerate(searched[1]["folds"]["1"]["published"]["penalties"][:2]):
        own = table.query("feature == @penalty['feature'] and variant == 'published'").sort_values("case")
        assert r2(targets[:, number], own["prediction"].to_numpy()) == pytest.approx(penalty["r2"], abs=1e-5)
    safe, published = (table.query("variant == @name")["prediction"] for name in ("fold_safe", "published"))
    # The elastic net brings genes to one scale itself: another scaling before changes rounding alone.
    assert np.allclose(safe, published, rtol=1e-4)
    assert not np.allclose(table.query("variant == 'nested'")["prediction"], published, rtol=1e-4)


def test_a_feature_without_a_model_is_predicted_by_its_mean(searched, trained):
    penalty = searched[1]["folds"]["2"]["published"]["penalties"][2]
    assert (penalty["lam"], penalty["l1_ratio"]) == (None, None)
    table = pd.read_csv(trained / "predictions_regression.csv").query("feature == 'edema_volume'")
    assert set(table["prediction"]) == {5.0}
    assert searched[1]["models"][2]["genes"] == []


def test_test_cases_choose_nothing_of_their_nested_models(cohort, searched, tmp_path):
    _, _, folds = values_of(cohort)
    stored = open_expression(cohort / "arrays")
    cases = pd.read_csv(cohort / "cases.csv").query("included == 1")
    other = tmp_path / "other"
    (other / "arrays").mkdir(parents=True)
    for name in ("cases.csv", "splits.csv"):
        (other / name).write_bytes((cohort / name).read_bytes())
    values, features = np.array(stored.values), pd.read_csv(cohort / "features.csv")
    values[cases["row"].to_numpy()[folds == 1]] *= -3
    features.loc[folds == 1, FEATURES[:2]] *= 7
    store_expression(other / "arrays", values, stored.genes)
    features.to_csv(other / "features.csv", index=False)
    before, after = searched[1]["folds"], search(other, tmp_path / "out")["folds"]
    assert after["1"]["nested"] == before["1"]["nested"]
    assert after["2"]["nested"] != before["2"]["nested"]
    assert after["1"]["published"] != before["1"]["published"]


def test_genes_are_those_with_a_weight_in_the_model_of_all_cases(cohort, searched):
    genes, targets, _ = values_of(cohort)
    model = searched[1]["models"][0]
    path = elastic_net_path(genes, targets[:, 0], l1_ratio=model["l1_ratio"], lambdas=[model["lam"]])
    told = {gene["column"]: gene for gene in model["genes"]}
    assert set(told) == set(np.flatnonzero(path.coefs[:, 0]).tolist())
    effects = [abs(gene["effect"]) for gene in model["genes"]]
    assert effects == sorted(effects, reverse=True)
    for column, gene in told.items():
        assert gene["gene"] == f"G{column}"
        assert gene["weight"] == pytest.approx(path.coefs[column, 0], rel=1e-4)
        assert gene["effect"] == pytest.approx(
            path.coefs[column, 0] * genes[:, column].std() / targets[:, 0].std(), rel=1e-4
        )
        assert 0 <= gene["folds"] <= 3


def test_the_history_marks_the_ratio_that_was_chosen(searched):
    history = pd.read_csv(searched[0] / "search_history.csv").query("step == 'enhancing_volume'")
    assert history.groupby("fold").size().to_dict() == dict.fromkeys(range(4), 3)  # 0: all folds together
    for _, part in history.groupby("fold"):
        assert part["chosen"].sum() == 1
        assert part.loc[part["chosen"] == 1, "criterion"].item() == part["criterion"].max()
