"""Training on patches: the same loop, its tables and pictures, kills, and errors that name a patch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_patches
import tiny_regions
import torch
from killing import KilledError, stop_at
from tiny_patches import MODALITIES, entry, make_cohort, run
from tiny_training import results

from rerad.core.seeds import derive
from rerad.imaging.geometry import from_cells, uncropped
from rerad.imaging.patches import by_patches, places, read_patch
from rerad.imaging.stored import open_case
from rerad.metrics import segmentation
from rerad.training import loop

SIDES = (5, 5, 5)
KNOWN = {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}


@pytest.fixture(autouse=True)
def tiny() -> None:
    tiny_patches.install()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="module")
def trained(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiny_patches.install()
    return run(cohort, tmp_path_factory.mktemp("trained"), entry(epochs=3, segment_every=2), keep_model=True)


def failure(out: Path) -> str:
    return json.loads((out / "cost.json").read_text())["failed"]


def kept(out: Path, fold: int = 1) -> tuple[torch.nn.Module, dict]:
    about = torch.load(out / "models" / f"fold{fold}.pt", weights_only=True)
    network = tiny_regions.build(about["network"], channels=about["channels"], shape=tuple(about["shape"]))
    network.load_state_dict(about["state"])
    return network.eval(), about


def test_it_is_the_plain_loop(cohort, tmp_path):
    """Written by hand: patches with tumour, and no others, in seeded order, Dice over regions, Adam."""
    out = run(cohort, tmp_path, entry(network={"dropout": 0.0}, augmentation={}, patch=5), folds=[1], keep_model=True)
    assert failure(out) is None
    torch.set_num_threads(1)
    seed = derive(0, "brats", "tiny_regions", 1, "train")
    shown, healthy = [], 0
    for case in ("case_1", "case_3", "case_5"):
        stored = open_case(cohort / "arrays", case, channels=4)
        for place in places(stored.labels.shape, SIDES):
            labels = read_patch(stored.labels, place, SIDES)
            healthy += not labels.any()
            if labels.any():
                truth = np.stack([np.isin(labels, known) for known in KNOWN.values()])
                shown.append((torch.from_numpy(read_patch(stored.images, place, SIDES)), torch.from_numpy(truth)))
    assert healthy
    torch.manual_seed(derive(seed, "start"))
    network = tiny_regions.build({"dropout": 0.0}, channels=MODALITIES, shape=SIDES)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01, fused=True)
    losses = []
    for epoch in (1, 2):
        for index in np.random.default_rng(derive(seed, "order", epoch)).permutation(len(shown)):
            images, truth = shown[index]
            optimiser.zero_grad()
            chance = torch.sigmoid(network(images[None]).voxels[0])
            parts = [
                (1e-6 + 2 * (p * t).sum()) / (1e-6 + p.sum() + t.sum()) for p, t in zip(chance, truth, strict=True)
            ]
            loss = 1 - sum(parts) / 3
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    theirs = kept(out)[0].state_dict()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(theirs[name], value, atol=1e-5, rtol=1e-5)
    history = pd.read_csv(out / "history.csv").query("split == 'train' and quantity == 'loss'")["value"]
    assert history.to_numpy() == pytest.approx(np.reshape(losses, (2, -1)).mean(axis=1), abs=1e-5)


def test_every_case_has_its_regions_on_both_sides_in_the_scans_own_geometry(cohort, trained):
    assert failure(trained) is None
    table = pd.read_csv(trained / "predictions_segmentation.csv")
    assert pd.read_csv(trained / "predictions_classification.csv").empty
    count = table.groupby(["fold", "role", "selection", "region"]).size()
    assert set(count) == {3}
    assert len(count) == 2 * 3 * 3  # train and test of the last epoch, test of the best one
    network, about = kept(trained)
    rows = pd.read_csv(cohort / "cases.csv").set_index("case")
    pictures = np.load(trained / "artefacts" / "fold1.npz")
    assert list(pictures["cases"]) == ["case_0", "case_2", "case_4"]
    for place, case in enumerate(pictures["cases"]):
        stored = open_case(cohort / "arrays", case, channels=4)
        images = torch.from_numpy(np.array(stored.images))
        with torch.no_grad():
            chance = by_patches(lambda patch: torch.sigmoid(network(patch).voxels), images, about["patch"]).numpy()
        painted = np.where(chance[0] >= 0.5, 2, 0)
        painted[chance[1] >= 0.5] = 1
        painted[chance[2] >= 0.5] = 4
        painted[(np.array(stored.images) == 0).all(axis=0)] = 0
        shown = int((np.asarray(stored.labels) > 0).sum(axis=(1, 2)).argmax())
        assert pictures["slice"][place] == shown
        assert pictures[f"labels_{place}"].dtype == np.uint8
        np.testing.assert_array_equal(pictures[f"labels_{place}"], painted[shown])
        geometry = from_cells(rows.loc[case].to_dict(), where=case)
        whole = [uncropped(labels, geometry) for labels in (np.asarray(stored.labels), painted)]
        for region, known in KNOWN.items():  # noqa: B007 - the query reads it
            expected = segmentation(*[np.isin(labels, known) for labels in whole], (2.0, 1.5, 1.0))
            row = table.query("case == @case and region == @region and role == 'test' and selection == 'last'").iloc[0]
            assert {name: row[name] for name in expected} == pytest.approx(expected, nan_ok=True, rel=1e-9)
    empty = table.query("case == 'case_0' and region == 'ET' and selection == 'last'").iloc[0]
    assert empty["dice"] in (0, 1)
    assert empty["hd95_mm"] in (0, pytest.approx(np.hypot(np.hypot(16, 15 * 1.5), 14 * 2.0)))


def test_a_kept_model_knows_what_prediction_needs(trained):
    about = kept(trained)[1]
    assert about["channels"] == list(MODALITIES)
    assert about["regions"] == {name: list(labels) for name, labels in KNOWN.items()}
    assert (about["patch"], about["intensity"]) == ([8, 8, 8], {"scale": 100, "offset": 0.1})


def test_best_test_is_an_epoch_that_was_tried(trained):
    history = pd.read_csv(trained / "history.csv").query("fold == 1 and split == 'test' and quantity == 'dice'")
    tried = history[history["epoch"].isin([2, 3])].set_index("epoch")["value"]
    table = pd.read_csv(trained / "predictions_segmentation.csv").query("fold == 1 and selection == 'best_test'")
    assert table["dice"].mean() == pytest.approx(tried.max())


@pytest.mark.parametrize("changes", [{}, {"batch": 2, "augmentation": {**tiny_patches.RECIPE["augmentation"], "copies": 2}, "epochs": 1}])  # fmt: skip
def test_stopped_after_any_step_it_goes_on_to_the_same_bytes(cohort, tmp_path, monkeypatch, changes):
    settings = entry(checkpoint_s=0, **changes)
    expected = results(run(cohort, tmp_path / "whole", settings, folds=[1], keep_model=True))
    for step in (1, 4, 7, 9):
        out = tmp_path / f"step{step}"
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, loop, "train_step", step)
            run(cohort, out, settings, folds=[1], keep_model=True)
        assert results(run(cohort, out, settings, folds=[1], keep_model=True)) == expected, f"stopped after {step}"


def test_it_learns_what_it_is_shown(cohort, tmp_path):
    settings = entry(
        network={"width": 8, "dropout": 0.0}, augmentation={}, epochs=40, segment_every=40, evaluate_every=40
    )
    out = run(cohort, tmp_path, settings, folds=[1])
    table = pd.read_csv(out / "predictions_segmentation.csv").query("selection == 'last' and region == 'WT'")
    assert table["dice"].min() > 0.7


def test_a_loss_that_is_no_number_names_case_and_patch(tmp_path):
    own = make_cohort(tmp_path / "cohort")
    path = own / "arrays" / "case_3.images.npy"
    images = np.load(path)
    images[2, 4, 4, 4] = np.nan
    np.save(path, images)
    told = failure(run(own, tmp_path / "out", entry(augmentation={}), folds=[1]))
    assert told.startswith("tiny_regions, fold 1: the loss is nan in epoch 1, step ")
    assert "with case case_3 patch " in told
    assert "of its brain cube on, z y x). Voxels of case_3: t2 are no numbers" in told


@pytest.mark.parametrize("learning", [True, False])
def test_running_out_of_memory_names_case_and_patch(cohort, tmp_path, monkeypatch, learning):
    whole = tiny_regions.Regions.forward

    def full(self, images, table=None):
        if self.training == learning:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(self, images, table)

    monkeypatch.setattr(tiny_regions.Regions, "forward", full)
    told = failure(run(cohort, tmp_path, entry(epochs=1), folds=[1]))
    assert told.startswith(
        "tiny_regions: memory ran out for an input of 4 x 8 x 8 x 8 (channels first), batch 1, fp32, "
    )
    assert "fp32, with case case_" in told
    assert "of its brain cube on, z y x). Lower network.width, write precision: bf16, or give" in told


def test_a_network_of_other_regions_is_named(cohort, tmp_path):
    told = failure(run(cohort, tmp_path, entry(network={"regions": 2}), folds=[1]))
    assert "the network answers (2, 8, 8, 8) where the cohort has (3, 8, 8, 8) (regions first)" in told


def test_a_fold_without_tumour_in_any_patch_is_named(tmp_path):
    own = make_cohort(tmp_path / "cohort")
    for path in (own / "arrays").glob("*.labels.npy"):
        np.save(path, np.zeros_like(np.load(path)))
    told = failure(run(own, tmp_path / "out", entry(), folds=[1]))
    assert "none of 3 cases has a sample to learn from" in told


def test_folds_of_test_cases_alone_are_never_learned_from(tmp_path):
    """With the test cases' files broken, training goes as before and only judging fails."""
    own = make_cohort(tmp_path / "cohort")
    clean = run(own, tmp_path / "clean", entry(evaluate_every=9), folds=[1], keep_model=True)
    for case in (0, 2, 4):
        path = own / "arrays" / f"case_{case}.images.npy"
        np.save(path, np.full_like(np.load(path), np.nan))
    poisoned = run(own, tmp_path / "poisoned", entry(evaluate_every=9), folds=[1], keep_model=True)
    assert "no number for case case_0. Voxels of its t1 and t1ce and t2 and flair are no numbers" in failure(poisoned)
    first, second = (kept(out)[0].state_dict() for out in (clean, poisoned))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_architecture_of_the_first_fold_serves_all(cohort, tmp_path):
    chosen = tmp_path / "chosen.json"
    chosen.write_text(json.dumps({"failed": None, "folds": {"1": {"width": 5}}}))
    for how, widths in (("first", [5, 5]), ("each", [5, 4])):
        settings = entry(search={"folds": how}, epochs=1)
        out = run(cohort, tmp_path / how, settings, chosen=chosen, keep_model=True)
        assert [len(kept(out, fold)[0].first.bias) for fold in (1, 2)] == widths
