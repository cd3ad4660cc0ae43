"""Searches on patches: smaller ones than the training's, both rates on plateaus, kills, and nothing of a test case."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_patches
import torch
from killing import KilledError, stop_at
from tiny_patches import entry, make_cohort
from tiny_search import found, run_search

from rerad.core.errors import ConfigError
from rerad.models.cells.genotype import Genotype
from rerad.search import bilevel
from rerad.search.recipe import read_search, searches_once

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def tiny() -> None:
    tiny_patches.install()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cohort(tmp_path_factory.mktemp("cohort"), folds=3)


def search(cohort: Path, out: Path, settings: dict, /, **changes) -> Path:
    given = {"slices": None, "cohort": "brats", "method": "tiny_regions"}
    return run_search(cohort, out, settings, **{**given, **changes})


def failure(out: Path) -> str:
    return json.loads((out / "chosen.json").read_text())["failed"]


def test_a_search_sees_its_own_patches_and_trains_with_the_methods(cohort, tmp_path, monkeypatch):
    shown, whole = [], bilevel.train_step

    def watched(network, optimiser, task, picked, epoch, **more):
        shown.append((task.inputs.names[picked[0].case], task.inputs.shape, more["clip"]))
        return whole(network, optimiser, task, picked, epoch, **more)

    monkeypatch.setattr(bilevel, "train_step", watched)
    out = search(cohort, tmp_path / "out", entry(search={}), folds=[1])
    assert failure(out) is None
    assert {shape for _, shape, _ in shown} == {(6, 6, 6)}
    # Four training cases; a fifth of them, and at least one of a class of two, teaches α: grades are LGG, "", LGG, "".
    alphas = {name for name, _, clip in shown if clip is None}
    weights = {name for name, _, clip in shown if clip is not None}
    assert (len(alphas), len(weights), alphas & weights) == (2, 2, set())
    assert alphas | weights == {"case_1", "case_2", "case_4", "case_5"}
    history = pd.read_csv(out / "search_history.csv")
    for epoch in (1, 2):  # figure 7: the loss of either side against epochs
        losses = history[(history["epoch"] == epoch) & (history["quantity"] == "loss")]
        assert set(losses["split"]) == {"alpha", "train", "validation"}
    genotype = json.loads((out / "chosen.json").read_text())["folds"]["1"]["genotype"]
    assert list(Genotype.from_dict(genotype, where="test").cells) == ["down"]
    tiny_patches.run(cohort, out, entry(search={}), chosen=out / "chosen.json", folds=[1], keep_model=True)
    kept = torch.load(out / "models" / "fold1.pt", weights_only=True)
    assert kept["network"]["genotype"] == genotype
    assert kept["patch"] == [8, 8, 8]


def test_both_rates_halve_where_their_own_loss_stays(cohort, tmp_path, monkeypatch):
    losses = {"alpha": [1.0, 1.0, 1.0, 0.5], "train": [1.0, 0.5, 0.6, 0.7]}
    calls = []
    whole = bilevel.means_of

    def told(measured, sizes):
        side = ("alpha", "train")[len(calls) % 2]
        calls.append(side)
        return {**whole(measured, sizes), "loss": losses[side][calls.count(side) - 1]}

    monkeypatch.setattr(bilevel, "means_of", told)
    out = search(cohort, tmp_path, entry(search={"epochs": 4}), folds=[1])
    history = pd.read_csv(out / "search_history.csv").query("quantity == 'lr'")
    rates = {split: part["value"].tolist() for split, part in history.groupby("split")}
    assert rates == {"alpha": [0.05, 0.05, 0.025, 0.0125], "train": [0.01, 0.01, 0.01, 0.005]}


def test_no_voxel_of_a_test_case_matters(cohort, tmp_path):
    settings = entry(search={"epochs": 1})
    expected = found(search(cohort, tmp_path / "clean", settings, folds=[1]))
    assert json.loads(expected["chosen.json"])["failed"] is None
    poisoned = shutil.copytree(cohort, tmp_path / "poisoned")
    for case in (0, 3):
        (poisoned / "arrays" / f"case_{case}.images.npy").unlink()
        (poisoned / "arrays" / f"case_{case}.labels.npy").write_bytes(b"no array")
    assert found(search(poisoned, tmp_path / "out", settings, folds=[1])) == expected
    # The comparison can fail: a training case that is no number ends the search, with its patch.
    path = poisoned / "arrays" / "case_1.images.npy"
    np.save(path, np.full_like(np.load(path), np.nan))
    told = failure(search(poisoned, tmp_path / "failed", settings, folds=[1]))
    assert "with case case_1 patch " in told
    assert "Voxels of case_1: t1, t1ce, t2, flair are no numbers" in told


# In the first, second and third epoch. Either rate falls after the second, whenever the search was stopped before.
RATES = {"schedule": {"name": "step", "every": 2, "factor": 0.1}, "alpha_schedule": {"name": "cosine"}}
STOPPED = {"checkpoint_s": 0, "epochs": 3, "augmentation": tiny_patches.RECIPE["augmentation"], **RATES}


@pytest.fixture(scope="module")
def undisturbed(cohort, tmp_path_factory):
    """Return what a search leaves that nobody stops, and how many steps it takes."""
    tiny_patches.install()
    calls, whole = [], bilevel.side_step
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bilevel, "side_step", lambda *given: calls.append(1) or whole(*given))
        out = search(cohort, tmp_path_factory.mktemp("whole"), entry(search=STOPPED), folds=[1])
    return found(out), len(calls)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.6, 0.95])
def test_stopped_after_any_step_it_goes_on_to_the_same_bytes(cohort, tmp_path, monkeypatch, undisturbed, share):
    settings, (expected, steps) = entry(search=STOPPED), undisturbed
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, bilevel, "side_step", round(share * steps))
        search(cohort, tmp_path / "killed", settings, folds=[1])
    assert found(search(cohort, tmp_path / "killed", settings, folds=[1])) == expected


def test_the_whole_cases_of_alpha_are_looked_at_as_often_as_told(cohort, tmp_path):
    out = search(cohort, tmp_path, entry(search={"epochs": 4, "evaluate_every": 2}), folds=[1])
    history = pd.read_csv(out / "search_history.csv").query("split == 'validation' and quantity == 'loss'")
    assert history["epoch"].tolist() == [2, 4]
    with pytest.raises(ConfigError, match=r"search\.evaluate_every: 2 leaves epochs out"):
        read_search(entry(search={"evaluate_every": 2, "select": "lowest_validation"}))


def test_a_search_ends_when_one_architecture_was_seen_often_enough(cohort, tmp_path):
    frozen = {"name": "sgd", "lr": 1e-12}
    settings = entry(search={"epochs": 9, "stop": {"seen": 3}, "alpha_optimiser": frozen})
    out = search(cohort, tmp_path, settings, folds=[1])
    assert pd.read_csv(out / "search_history.csv")["epoch"].max() == 3
    assert json.loads((out / "chosen.json").read_text())["epochs"] == {"1": 3}


def test_running_out_of_memory_names_case_and_patch(cohort, tmp_path, monkeypatch):
    import tiny_regions

    def full(*given, **more):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(tiny_regions.Searched, "forward", full)
    told = failure(search(cohort, tmp_path / "first", entry(search={}), folds=[1]))
    assert "memory ran out for an input of 4 x 6 x 6 x 6 (channels first), batch 1, fp32, with case case_" in told
    assert "Lower network.channels, write activation_checkpointing: true or partial_channels: 4 or precision" in told
    small = {"activation_checkpointing": True, "partial_channels": 4, "precision": "bf16"}
    told = failure(search(cohort, tmp_path / "second", entry(search=small), folds=[1]))
    assert "z y x). Lower network.channels, or give it a device with more memory" in told


def test_patch_and_folds_of_a_search_are_checked():
    assert read_search(entry(search={})).training.patch_shape == (6, 6, 6)
    without = entry(search={})
    del without["search"]["patch"]
    assert read_search(without).training.patch_shape == (8, 8, 8)
    assert read_search(without).training.loss == {"kind": "weighted_dice"}
    assert not searches_once(without)
    assert searches_once(entry(search={"folds": "first"}))
    assert not searches_once(entry())
    with pytest.raises(ConfigError, match=r"search\.folds: 'once' does not do. Wanted: one of each, first"):
        read_search(entry(search={"folds": "once"}))
    with pytest.raises(ConfigError, match=r"search\.alpha_schedule\.patience: missing key"):
        read_search(entry(search={"alpha_schedule": {"name": "plateau", "factor": 0.5}}))
