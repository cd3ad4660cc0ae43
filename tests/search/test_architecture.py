"""Searches of whole cohorts: what they may see, how they end after a kill, and what a training makes of them."""

import json
import logging
import shutil

import numpy as np
import pandas as pd
import pytest
import tiny_training
import torch
from killing import KilledError, stop_at
from tiny_search import found, run_search, searched_entry
from tiny_training import make_cohort, results

from rerad.models.cells.genotype import Genotype
from rerad.search import bilevel
from rerad.search.code import search_modules
from rerad.training import checkpoint

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_cohort(tmp_path_factory.mktemp("cohort"), cases=12, folds=3)


@pytest.fixture(scope="module")
def undisturbed(cohort, tmp_path_factory):
    return found(run_search(cohort, tmp_path_factory.mktemp("undisturbed"), searched_entry(checkpoint_s=0)))


def test_a_search_writes_genotypes_history_and_cost(cohort, tmp_path):
    out = run_search(cohort, tmp_path / "out", searched_entry(), folds=[1, 2, 3])
    chosen = json.loads((out / "chosen.json").read_text())
    assert chosen["failed"] is None
    assert set(chosen["folds"]) == set(chosen["last"]) == {"1", "2", "3"}
    for fold in "123":
        genotype = Genotype.from_dict(chosen["folds"][fold]["genotype"], where="test")
        assert all(0 < edge.weight < 1 for edges in genotype.cells.values() for edge in edges)
        Genotype.from_dict(chosen["last"][fold]["genotype"], where="test")
    history = pd.read_csv(out / "search_history.csv")
    assert list(history.columns) == ["fold", "epoch", "split", "quantity", "value"]
    seen = history.query("fold == 2 and epoch == 2").set_index(["split", "quantity"])["value"]
    assert set(seen.index) == {
        *((split, name) for split in ("train", "alpha", "validation") for name in ("loss", "loss_classification", "accuracy")),
        ("train", "lr"), ("alpha", "entropy"), ("alpha", "skip_share"),
    }  # fmt: skip
    best = (
        history.query("fold == 2 and split == 'validation' and quantity == 'loss'").set_index("epoch")["value"].idxmin()
    )
    assert chosen["epochs"]["2"] == best
    cost = json.loads((out / "search_cost.json").read_text())
    assert cost["failed"] is None
    assert {"wall_s", "gpu_s", "peak_rss_mb", "peak_gpu_mb", "device", "resumed_s"} <= set(cost)
    assert 0 < 6 * cost["epoch_s"] < cost["wall_s"]  # three folds of two epochs
    assert not (out / "search_checkpoints").exists()


@pytest.mark.parametrize("how", ["volumes", "slices"])
def test_no_voxel_and_no_label_of_a_test_case_matters(cohort, tmp_path, how):
    settings = searched_entry(recipe={"input": how}, epochs=1)
    expected = found(run_search(cohort, tmp_path / "clean", settings, folds=[1]))
    poisoned = tmp_path / "poisoned"
    shutil.copytree(cohort, poisoned)
    splits = pd.read_csv(cohort / "splits.csv").query("fold == 1")
    cases = pd.read_csv(cohort / "cases.csv")
    tested = cases["case"].isin(splits.loc[splits["role"] == "test", "case"])
    for name in ("PET", "CT"):
        array = np.load(poisoned / "arrays" / f"{name}.npy")
        array[cases.loc[tested, "row"]] = np.nan
        np.save(poisoned / "arrays" / f"{name}.npy", array)
    cases.loc[tested, "target"] = 1 - cases.loc[tested, "target"]
    cases.to_csv(poisoned / "cases.csv", index=False)
    assert found(run_search(poisoned, tmp_path / "out", settings, folds=[1])) == expected
    # The comparison can fail: a training case that is no number ends the search.
    array[cases.loc[~tested, "row"].iloc[0]] = np.nan
    np.save(poisoned / "arrays" / "CT.npy", array)
    out = run_search(poisoned, tmp_path / "failed", settings, folds=[1])
    assert "CT are no numbers" in json.loads((out / "chosen.json").read_text())["failed"]
    assert pd.read_csv(out / "search_history.csv").empty


def test_a_fold_is_searched_alike_alone_and_among_others(cohort, tmp_path, undisturbed):
    alone = run_search(cohort, tmp_path / "alone", searched_entry(), folds=[2])
    together = json.loads(undisturbed["chosen.json"])
    assert json.loads((alone / "chosen.json").read_text())["folds"]["2"] == together["folds"]["2"]


# Two epochs of eight steps a fold: between α and weights, between steps, at the end of an epoch and of a fold.
@pytest.mark.parametrize("step", [1, 2, 5, 8, 9, 16, 17, 23])
def test_stopped_after_any_step_it_goes_on_to_the_same_bytes(cohort, tmp_path, monkeypatch, undisturbed, step):
    settings = searched_entry(checkpoint_s=0)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, bilevel, "side_step", step)
        run_search(cohort, tmp_path, settings)
    assert not (tmp_path / "chosen.json").exists()
    with monkeypatch.context() as patched:
        stop_at(
            patched, bilevel, "side_step", 33 - 2 * ((step - 1) // 2)
        )  # of 32: whole pairs that a checkpoint holds are not repeated
        run_search(cohort, tmp_path, settings)
    assert found(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"alpha_start": 0.5}, "search"),
        ({"clip": 1.0}, "search"),
        ({"network": {"channels": 4}}, "network"),
        ({"optimiser": {"name": "sgd", "lr": 0.02}}, "recipe"),
    ],
)
def test_a_checkpoint_of_another_search_is_refused_with_the_reason(
    cohort, tmp_path, monkeypatch, caplog, changes, told
):
    caplog.set_level(logging.INFO)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, bilevel, "side_step", 4)
        run_search(cohort, tmp_path, searched_entry(checkpoint_s=0), folds=[1])
    run_search(cohort, tmp_path, searched_entry(checkpoint_s=0, **changes), folds=[1])
    assert f"was made with another {told}: training starts anew" in caplog.text


def test_a_checkpoint_that_does_not_fit_the_supernet_is_left_aside(cohort, tmp_path, monkeypatch, caplog, undisturbed):
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, bilevel, "side_step", 4)
        run_search(cohort, tmp_path, searched_entry(checkpoint_s=0))
    read = checkpoint.read

    def short(*given):
        return {name: value for name, value in (read(*given) or {}).items() if name != "random"}

    monkeypatch.setattr(checkpoint, "read", short)
    run_search(cohort, tmp_path, searched_entry(checkpoint_s=0))
    assert f"the checkpoint {tmp_path / 'search_checkpoints' / 'fold1.pt'} does not fit the network" in caplog.text
    assert found(tmp_path) == undisturbed


def test_a_finished_fold_is_not_searched_again(cohort, tmp_path, monkeypatch, undisturbed):
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, bilevel, "side_step", 20)
        run_search(cohort, tmp_path, searched_entry(checkpoint_s=0))
    with monkeypatch.context() as patched:
        stop_at(patched, bilevel, "side_step", 17 - 2)  # fold 2 but for its first pair
        run_search(cohort, tmp_path, searched_entry(checkpoint_s=0))
    assert found(tmp_path) == undisturbed
    assert json.loads((tmp_path / "search_cost.json").read_text())["resumed_s"] > 0


def test_a_draw_depends_on_fold_and_seed_alone(cohort, tmp_path):
    settings = searched_entry(draw="random")
    texts = {}
    for seed in (0, 1):
        out = run_search(cohort, tmp_path / str(seed), settings, seed=seed, folds=[1, 2, 3], arrays=None, slices=None)
        texts[seed] = json.loads((out / "chosen.json").read_text())["folds"]
        assert pd.read_csv(out / "search_history.csv").empty
    drawn = [json.dumps(texts[seed][fold]) for seed in (0, 1) for fold in "123"]
    assert len(set(drawn)) > 3
    alone = run_search(cohort, tmp_path / "alone", settings, folds=[2], arrays=None)
    assert json.loads((alone / "chosen.json").read_text())["folds"]["2"] == texts[0]["2"]


@pytest.mark.parametrize("how", ["volumes", "slices"])
def test_a_found_network_is_trained_with_its_folds_genotype(cohort, tmp_path, how):
    settings = searched_entry(recipe={"input": how}, epochs=1)
    out = run_search(cohort, tmp_path / "out", settings)
    tiny_training.run(
        cohort, out, settings, chosen=out / "chosen.json", features=None, method="mmnas3d", keep_model=True
    )
    assert json.loads((out / "cost.json").read_text())["failed"] is None
    chosen = json.loads((out / "chosen.json").read_text())["folds"]
    for fold in (1, 2):
        kept = torch.load(out / "models" / f"fold{fold}.pt", weights_only=True)
        assert kept["network"]["genotype"] == chosen[str(fold)]["genotype"]
    table = pd.read_csv(out / "predictions_classification.csv")
    assert set(table["selection"]) == {"last", "best_test"}
    assert results(out)["chosen.json"] == (out / "chosen.json").read_bytes()


def no_memory(*given, **more):
    raise torch.OutOfMemoryError


def test_what_is_wrong_with_a_search_is_told(cohort, tmp_path, monkeypatch):
    def failure(settings, **changes):
        out = run_search(cohort, tmp_path / "out", settings, **changes)
        return json.loads((out / "chosen.json").read_text())["failed"]

    assert "search.partial_channels: 3 does not divide" in failure(searched_entry(partial_channels=3))
    assert "fold 9 is not in the split" in failure(searched_entry(), folds=[9])
    with monkeypatch.context() as patched:
        patched.setattr(bilevel, "side_step", no_memory)
        assert "write activation_checkpointing: true or partial_channels: 4" in failure(searched_entry())
    entry = {**searched_entry(), "model": "chmfl", "network": {"width": 2}}
    assert "chmfl has no architecture to search for" in failure(entry)


def test_what_searches_is_told_by_the_model():
    assert search_modules({"model": "forest"})[1] == "rerad.search.tabular"
    searched = ["rerad.search.architecture", "rerad.training.volumes", "rerad.models.mmnas"]
    assert search_modules(searched_entry())[1:] == searched
