"""Rates are chosen by their validation loss: as published on the reported folds, nested without the test cases."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from killing import KilledError, stop_at
from tiny_genes import entry, inputs_of, make_cohort, run

from rerad.core.errors import ConfigError
from rerad.search import rates
from rerad.search.rates import deal, read_grids
from rerad.search.search import choose
from rerad.training.job import Job

AUTOENCODER = {"lr": [1e-4, 0.2], "decay": [1e-3]}
NETWORK = {"lr": [0.0001, 0.1], "decay": [1e-3, 1e-5]}
SEARCH = {"folds": "first", "autoencoder": AUTOENCODER, "network": NETWORK, "autoencoder_folds": 3, "inner_folds": 2}
SETTINGS = entry(epochs=2, variants=["published", "fold_safe", "nested"], search=SEARCH)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_cohort(tmp_path_factory.mktemp("genes"))


def search(cohort, out, settings=SETTINGS, folds=(1,)):
    choose(Job(**inputs_of(cohort), settings=settings, folds=list(folds), folder=out))
    return out


@pytest.fixture(scope="module")
def searched(cohort, tmp_path_factory):
    return search(cohort, tmp_path_factory.mktemp("searched"))


def of(out):
    return json.loads((out / "chosen.json").read_text())


def test_every_fold_gets_the_published_choice_and_one_of_its_own(searched):
    found = of(searched)
    assert found["failed"] is None
    assert list(found["folds"]) == ["1", "2", "3"]
    published = [found["folds"][fold]["published"] for fold in "123"]
    assert published[0] == published[1] == published[2]
    for fold in "123":
        for choice in found["folds"][fold].values():
            assert choice["autoencoder"]["lr"] in AUTOENCODER["lr"]
            assert choice["network"]["lr"] in NETWORK["lr"]
            assert choice["network"]["decay"] in NETWORK["decay"]


def test_the_history_shows_every_candidate_and_that_the_lowest_loss_won(searched):
    history, found = pd.read_csv(searched / "search_history.csv"), of(searched)["folds"]
    counts = history.groupby(["step", "fold"]).size().to_dict()
    nested = {("nested_network", fold): 4 for fold in (1, 2, 3)}
    assert counts == {("autoencoder", 0): 2, ("nested_autoencoder", 0): 2, ("network", 0): 4, **nested}
    for (step, fold), rows in history.groupby(["step", "fold"]):
        assert rows["chosen"].sum() == 1
        won = rows.loc[rows["criterion"].idxmin()]
        assert won["chosen"] == 1
        choice = found[str(max(fold, 1))]["nested" if "nested" in step else "published"]
        rate = choice["network" if "network" in step else "autoencoder"]
        assert won["candidate"] == f"lr {rate['lr']:g}, decay {rate['decay']:g}"


def test_a_rate_that_teaches_nothing_loses(searched):
    # 2 epochs with a rate of 0.0001 leave the weights where they were.
    history = pd.read_csv(searched / "search_history.csv").query("step == 'autoencoder'").set_index("candidate")
    assert history.loc["lr 0.2, decay 0.001", "criterion"] < history.loc["lr 0.0001, decay 0.001", "criterion"]


def test_a_nested_choice_knows_nothing_of_the_test_cases(cohort, searched, tmp_path):
    tested = pd.read_csv(cohort / "splits.csv").query("fold == 2 and role == 'test'")["case"].tolist()
    other = make_cohort(tmp_path / "other")
    values = np.load(other / "arrays" / "expression.npy")
    values[pd.read_csv(other / "cases.csv").set_index("case").loc[tested, "row"]] *= 1e3
    np.save(other / "arrays" / "expression.npy", values)
    features = pd.read_csv(other / "features.csv").set_index("case")
    features.loc[tested] *= 50
    features.reset_index().to_csv(other / "features.csv", index=False)
    found = search(other, tmp_path / "out")
    before, after = (pd.read_csv(out / "search_history.csv") for out in (searched, found))
    for step, fold in (("nested_autoencoder", 0), ("nested_network", 2)):
        parts = [table[(table["step"] == step) & (table["fold"] == fold)].reset_index() for table in (before, after)]
        assert parts[0]["criterion"].tolist() == parts[1]["criterion"].tolist()
    assert not before.query("step == 'network'")["criterion"].equals(after.query("step == 'network'")["criterion"])


def test_a_search_that_was_killed_ends_as_the_one_that_was_not(cohort, searched, tmp_path, monkeypatch):
    out = tmp_path / "out"
    for _ in range(3):
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, rates, "_loss", 9)
            search(cohort, out)
    search(cohort, out)
    for name in ("chosen.json", "search_history.csv"):
        assert (out / name).read_bytes() == (searched / name).read_bytes()
    assert not (out / "search").exists()


def test_training_takes_what_was_chosen(cohort, searched, tmp_path):
    found = of(searched)["folds"]
    chosen = tmp_path / "chosen.json"
    for fold in found.values():
        fold["nested"] = {"autoencoder": {"lr": 0.2, "decay": 0.0}, "network": {"lr": 0.01, "decay": 0.5}}
        fold["published"]["network"] = {"lr": 0.02, "decay": 0.0}
    chosen.write_text(json.dumps({"failed": None, "folds": found}))
    out = run(cohort, tmp_path / "out", SETTINGS, chosen=chosen, folds=[2])
    assert json.loads((out / "cost.json").read_text())["failed"] is None
    history = pd.read_csv(out / "history.csv").query("epoch == 2").groupby("quantity")["value"].first()
    assert history["lr"] == history["lr_fold_safe"] == pytest.approx(0.02)
    assert history["lr_nested"] == pytest.approx(0.01 / (1 + 0.5 * 4))
    assert history["autoencoder_lr_nested"] == pytest.approx(0.2)


def test_a_nested_variant_without_a_nested_choice_is_refused(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", SETTINGS, folds=[1])
    assert "nothing was chosen inside fold 1" in json.loads((out / "cost.json").read_text())["failed"]


def test_a_candidate_that_breaks_loses_and_where_all_break_the_search_fails(cohort, tmp_path):
    def broken(lrs):
        network = {"lr": lrs, "decay": [0.0]}
        plain = {"folds": "first", "network": network, "nested": False}
        quiet = {"widths": [6, 5, 4], "head": 3, "nonnegative": "none"}
        return entry(epochs=5, autoencoder=None, variants=["published"], search=plain, network=quiet)

    good = search(cohort, tmp_path / "good", broken([1e30, 0.01]))
    assert of(good)["folds"]["3"] == {"published": {"autoencoder": {}, "network": {"lr": 0.01, "decay": 0.0}}}
    bad = search(cohort, tmp_path / "bad", broken([1e30, 1e31]))
    assert "no candidate has a loss" in of(bad)["failed"]


def test_dealt_folds_are_shuffled_and_test_everybody_once():
    sides = deal([3, 5, 7, 8, 11, 20, 21], 3, seed=1)
    assert [len(test) for _, test in sides] == [3, 2, 2]
    assert sorted(case for _, test in sides for case in test) == [3, 5, 7, 8, 11, 20, 21]
    for train, test in sides:
        assert sorted([*train, *test]) == [3, 5, 7, 8, 11, 20, 21]
    assert deal([3, 5, 7, 8, 11, 20, 21], 3, seed=1) == sides
    assert deal([3, 5, 7, 8, 11, 20, 21], 3, seed=2) != sides
    assert len(deal([1, 2], 10, seed=0)) == 2


def test_the_grid_is_every_pair_and_a_misspelt_axis_is_refused():
    grids = read_grids(entry(search=SEARCH))
    assert grids.autoencoder == [{"lr": 1e-4, "decay": 1e-3}, {"lr": 0.2, "decay": 1e-3}]
    assert [(rate["lr"], rate["decay"]) for rate in grids.network] == [
        (1e-4, 1e-3), (1e-4, 1e-5), (0.1, 1e-3), (0.1, 1e-5),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"search\.network"):
        read_grids(entry(search={**SEARCH, "network": {"lr": [0.1], "rate": [1]}}))
    with pytest.raises(ConfigError, match="no candidates"):
        read_grids(entry(search={"autoencoder": AUTOENCODER}))


def test_a_training_in_the_same_folder_does_not_train_the_searchs_autoencoder_again(cohort, tmp_path, monkeypatch):
    out = search(cohort, tmp_path / "out")
    from rerad.models.dense import Dense
    from rerad.training import loop

    step = loop.train_step

    def stepped(forward, *given, **more):
        kinds.add((given[1].name.split(", ")[1], isinstance(forward, Dense)))
        return step(forward, *given, **more)

    kinds: set = set()
    monkeypatch.setattr(loop, "train_step", stepped)
    run(cohort, out, SETTINGS, chosen=out / "chosen.json", folds=[1])
    assert {name for name, network in kinds if not network} == {"autoencoder_fold_safe_1"}
    assert json.loads((out / "cost.json").read_text())["failed"] is None
