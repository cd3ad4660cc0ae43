"""Training of networks: against a plain loop written by hand, and what must not influence it."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tiny_network
import tiny_training
import torch
from tiny_training import SHAPE, entry, make_cohort, results, run
from torch.nn import functional

from rerad.core.errors import ReradError
from rerad.core.seeds import derive
from rerad.metrics import segmentation
from rerad.training import loop, outcome, prediction
from rerad.training.judged import Judged
from rerad.training.recipe import read_recipe
from rerad.training.volumes import Volumes

PLAIN = entry(epochs=3, augmentation={})


@pytest.fixture(autouse=True)
def tiny() -> None:
    tiny_training.install()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A cohort that the test may change."""
    return make_cohort(tmp_path / "cohort")


def model_of(out: Path, fold: int = 1) -> dict[str, torch.Tensor]:
    return torch.load(out / "models" / f"fold{fold}.pt", weights_only=True)["state"]


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def scores(out: Path, selection: str = "last", role: str = "test", fold: int = 1) -> pd.Series:
    table = pd.read_csv(out / "predictions_classification.csv").query(
        "selection == @selection and role == @role and fold == @fold"
    )
    return table.set_index("case")["score"]


def failure(out: Path) -> str:
    return json.loads((out / "cost.json").read_text())["failed"]


def read(cohort: Path, case: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the images (1, 2, z, y, x), the target (1,) and the GTV (1, z, y, x) of a case."""
    about = pd.read_csv(cohort / "cases.csv").set_index("case").loc[case]
    pet, ct, gtv = (np.load(cohort / "arrays" / f"{name}.npy")[int(about["row"])] for name in ("PET", "CT", "GTV"))
    return (
        torch.from_numpy(np.stack([pet, ct]))[None],
        torch.tensor([int(about["target"])]),
        torch.from_numpy(gtv)[None],
    )


def test_it_is_the_plain_loop(cohort, tmp_path):
    """The seeds aside, anyone would write this: PyTorch's own pieces in a row."""
    out = run(cohort, tmp_path / "out", PLAIN, folds=[1], keep_model=True)
    torch.set_num_threads(1)
    names = sorted(pd.read_csv(cohort / "splits.csv").query("fold == 1 and role == 'train'")["case"])
    seed = derive(0, "sts", "tiny", 1, "train")
    torch.manual_seed(derive(seed, "start"))
    network = tiny_network.build({"width": 2}, channels=("PET", "CT"), shape=SHAPE)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01, fused=True)
    torch.manual_seed(derive(seed, "dropout"))
    losses = []
    for epoch in (1, 2, 3):
        order = np.random.default_rng(derive(seed, "order", epoch)).permutation(len(names))
        for start in range(0, len(names), 2):
            images, target, gtv = map(
                torch.cat, zip(*(read(cohort, names[i]) for i in order[start : start + 2]), strict=True)
            )
            optimiser.zero_grad()
            found = network(images)
            loss = 0.5 * functional.cross_entropy(found.logits, target) + 0.5 * functional.cross_entropy(
                found.voxels, gtv.long()
            )
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert same(model_of(out), network.state_dict())
    history = pd.read_csv(out / "history.csv").query("split == 'train' and quantity == 'loss'")
    assert history["value"].to_numpy() == pytest.approx(np.reshape(losses, (3, -1)).mean(axis=1), rel=1e-6)
    network.eval()
    with torch.no_grad():
        for case, score in scores(out).items():
            found = network(read(cohort, case)[0])
            assert torch.softmax(found.logits, dim=1)[0, 1].item() == pytest.approx(score, abs=1e-6)


def test_masks_and_their_metrics_are_those_of_the_trained_network(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", PLAIN, folds=[1], keep_model=True)
    network = tiny_network.build({"width": 2}, channels=("PET", "CT"), shape=SHAPE)
    network.load_state_dict(model_of(out))
    network.eval()
    network.keep_maps = True
    table = pd.read_csv(out / "predictions_segmentation.csv").query("selection == 'last' and role == 'test'")
    kept = np.load(out / "artefacts" / "fold1.npz")
    assert list(kept["cases"]) == sorted(table["case"])
    assert kept["slice"].tolist() == [2] * len(table)  # where the tumour was made largest
    for index, case in enumerate(kept["cases"]):
        images, _, gtv = read(cohort, case)
        with torch.no_grad():
            found = network(images)
        mask = found.voxels[0].argmax(dim=0).numpy()
        expected = segmentation(gtv[0].numpy(), mask, 2.0)
        row = table.set_index("case").loc[case]
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)
        assert row["region"] == "GTV"
        assert (kept["mask"][index] == mask[2]).all()
        assert kept["maps"][index] == pytest.approx(found.maps[0, 2].numpy(), abs=1e-6)
        assert kept["features"][index] == pytest.approx(found.features[0].numpy(), abs=1e-6)


def test_folds_in_one_job_or_in_two_give_the_same_numbers(cohort, tmp_path):
    together = run(cohort, tmp_path / "both", PLAIN)
    apart = [run(cohort, tmp_path / f"fold{fold}", PLAIN, folds=[fold]) for fold in (1, 2)]
    for name in ("predictions_classification.csv", "predictions_segmentation.csv", "history.csv"):
        pieces = pd.concat([pd.read_csv(folder / name) for folder in apart], ignore_index=True)
        pd.testing.assert_frame_equal(pd.read_csv(together / name), pieces, check_exact=True)
    for fold, folder in zip((1, 2), apart, strict=True):
        name = f"artefacts/fold{fold}.npz"
        assert results(folder)[name] == results(together)[name]


def test_how_often_the_test_side_is_looked_at_does_not_change_the_training(cohort, tmp_path):
    often = run(cohort, tmp_path / "often", entry(evaluate_every=1, segment_every=1), keep_model=True)
    seldom = run(cohort, tmp_path / "seldom", entry(evaluate_every=3, segment_every=100), keep_model=True)
    for fold in (1, 2):
        assert same(model_of(often, fold), model_of(seldom, fold))
        assert scores(often, fold=fold).equals(scores(seldom, fold=fold))
    tried = pd.read_csv(seldom / "history.csv").query("split == 'test' and quantity == 'accuracy'")
    assert sorted(set(tried["epoch"])) == [3, 4]  # and the last epoch always


def test_test_cases_never_reach_the_training(own, tmp_path, caplog):
    clean = run(own, tmp_path / "clean", entry(), folds=[1], keep_model=True)
    tested = set(pd.read_csv(own / "splits.csv").query("fold == 1 and role == 'test'")["case"])
    cases = pd.read_csv(own / "cases.csv")
    for name in ("PET", "CT"):
        array = np.load(own / "arrays" / f"{name}.npy")
        array[cases.loc[cases["case"].isin(tested), "row"]] = np.nan
        np.save(own / "arrays" / f"{name}.npy", array)
    poisoned = run(own, tmp_path / "poisoned", entry(), folds=[1], keep_model=True)
    assert same(model_of(clean), model_of(poisoned))
    assert f"no number for case {min(tested)}. Voxels of its PET and CT are no numbers" in failure(poisoned)
    assert pd.read_csv(poisoned / "predictions_classification.csv").empty


def test_best_test_is_the_epoch_that_the_rule_names(cohort, tmp_path, monkeypatch):
    """Every epoch's judgement is recorded from outside, the rule applied to it here, by sorting."""
    seen, whole = [], prediction.judge

    def watched(network, volumes, cases, table, **more):
        found = whole(network, volumes, cases, table, **more)
        seen.append([(volumes.names[one.case], one.score, one.dice, one.losses["loss"]) for one in found])
        return found

    monkeypatch.setattr(loop, "judge", watched)
    out = run(
        cohort, tmp_path / "out", entry(epochs=24, segment_every=5, optimiser={"name": "adam", "lr": 0.1}), folds=[2]
    )
    truth = pd.read_csv(cohort / "cases.csv").set_index("case")["target"]
    assert len(seen) == 24

    def rank(epoch):
        right = np.mean([(score >= 0.5) == truth[case] for case, score, _, _ in seen[epoch - 1]])
        return -right, np.mean([loss for *_, loss in seen[epoch - 1]]), epoch

    best = min(range(1, 25), key=rank)
    assert best != 24
    assert scores(out, "best_test", fold=2).to_dict() == pytest.approx(
        {case: score for case, score, _, _ in seen[best - 1]}, rel=1e-9
    )
    tried = [5, 10, 15, 20, 24]
    best = max(tried, key=lambda epoch: (np.mean([dice for _, _, dice, _ in seen[epoch - 1]]), -epoch))
    table = pd.read_csv(out / "predictions_segmentation.csv").query("selection == 'best_test'").set_index("case")
    assert table["dice"].to_dict() == pytest.approx({case: dice for case, _, dice, _ in seen[best - 1]}, rel=1e-9)
    assert set(table["role"]) == {"test"}


def test_a_patients_score_is_the_mean_over_its_slices(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", entry(input="slices", augmentation={}, epochs=1), folds=[1], keep_model=True)
    network = tiny_network.build({"width": 2}, channels=("PET", "CT"), shape=SHAPE[1:])
    network.load_state_dict(model_of(out))
    network.eval()
    for case, score in scores(out).items():
        images, _, gtv = read(cohort, case)
        with torch.no_grad():
            found = network(images[0, :, 1:4].transpose(0, 1))  # the slices with tumour
        assert torch.softmax(found.logits, dim=1)[:, 1].mean().item() == pytest.approx(score, abs=1e-6)
        mask = np.zeros(SHAPE)
        mask[1:4] = found.voxels.argmax(dim=1)
        table = pd.read_csv(out / "predictions_segmentation.csv").query("selection == 'last'").set_index("case")
        assert table.loc[case, "dice"] == pytest.approx(segmentation(gtv[0].numpy(), mask, 2.0)["dice"])


def test_the_largest_slice_alone(cohort, tmp_path):
    out = run(
        cohort, tmp_path / "out", entry(input="largest_slice", augmentation={}, epochs=1), folds=[1], keep_model=True
    )
    network = tiny_network.build({"width": 2}, channels=("PET", "CT"), shape=SHAPE[1:])
    network.load_state_dict(model_of(out))
    network.eval()
    for case, score in scores(out).items():
        with torch.no_grad():
            found = network(read(cohort, case)[0][:, :, 2])
        assert torch.softmax(found.logits, dim=1)[0, 1].item() == pytest.approx(score, abs=1e-6)


def test_one_head_is_enough(cohort, tmp_path):
    scored = run(cohort, tmp_path / "scored", entry(network={"voxels": False}), folds=[1])
    assert len(pd.read_csv(scored / "predictions_segmentation.csv")) == 0
    assert set(pd.read_csv(scored / "predictions_classification.csv")["selection"]) == {"last", "best_test"}
    assert "mask" not in np.load(scored / "artefacts" / "fold1.npz")
    masked = run(
        cohort, tmp_path / "masked", entry(network={"logits": False}, loss={"voxels": 1.0, "kind": "dice"}), folds=[1]
    )
    assert len(pd.read_csv(masked / "predictions_classification.csv")) == 0
    assert set(pd.read_csv(masked / "predictions_segmentation.csv")["selection"]) == {"last", "best_test"}
    history = pd.read_csv(masked / "history.csv")
    assert "accuracy" not in set(history["quantity"])


def test_a_network_without_dropout_learns_what_it_is_shown(tmp_path):
    cohort = make_cohort(tmp_path / "cohort", cases=12)
    settings = entry(epochs=60, network={"width": 4, "dropout": 0.0}, augmentation={}, segment_every=60)
    out = run(cohort, tmp_path / "out", settings, folds=[1])
    table = pd.read_csv(out / "predictions_classification.csv").query("selection == 'last' and role == 'train'")
    assert ((table["score"] >= 0.5) == table["target"]).all()
    assert pd.read_csv(out / "predictions_segmentation.csv").query("selection == 'last'")["dice"].min() > 0.4


def test_a_loss_that_is_no_number_names_case_epoch_and_cause(own, tmp_path):
    case = pd.read_csv(own / "splits.csv").query("fold == 1 and role == 'train'")["case"].iloc[0]
    row = pd.read_csv(own / "cases.csv").set_index("case").loc[case, "row"]
    array = np.load(own / "arrays" / "CT.npy")
    array[row, 0, 0, 0] = np.inf
    np.save(own / "arrays" / "CT.npy", array)
    told = failure(run(own, tmp_path / "out", entry(augmentation={}), folds=[1]))
    assert told.startswith("tiny, fold 1: the loss is nan in epoch 1, step ")
    assert f"case {case}" in told
    assert f"Voxels of {case}: CT are no numbers: look at how the case was prepared" in told


def broken(cohort: Path, slice_: int) -> None:
    """Write a value that is no number into a voxel outside the mask, in a slice of all cases."""
    array = np.load(cohort / "arrays" / "CT.npy")
    array[:, slice_, 0, 0] = np.nan
    np.save(cohort / "arrays" / "CT.npy", array)


@pytest.mark.parametrize(
    ("slice_", "changes"), [(2, {"masked": True}), (5, {"input": "slices"}), (5, {"input": "largest_slice"})]
)
def test_voxels_that_are_not_shown_are_not_blamed(own, tmp_path, slice_, changes):
    broken(own, slice_)
    settings = entry(augmentation={}, optimiser={"name": "sgd", "lr": 1.0e30}, **changes)
    told = failure(run(own, tmp_path / "out", settings, folds=[1]))
    assert "Lower recipe.optimiser.lr (1e+30), or look for extreme values" in told
    assert "are no numbers" not in told


@pytest.mark.parametrize("changes", [{"masked": True}, {"masked": True, "input": "slices"}])
def test_voxels_that_augmentation_brings_into_the_mask_are_named(own, tmp_path, changes):
    array = np.load(own / "arrays" / "CT.npy")
    array[np.load(own / "arrays" / "GTV.npy") == 0] = np.nan
    np.save(own / "arrays" / "CT.npy", array)
    settings = entry(augmentation={"rotate_degrees": 20, "shift": 0.1}, **changes)
    told = failure(run(own, tmp_path / "out", settings, folds=[1]))
    assert ": CT are no numbers: look at how the case was prepared" in told
    assert "PET" not in told.split("Voxels of")[1]


@pytest.mark.parametrize(("masked", "told"), [(False, "Voxels of its CT are no numbers"), (True, "Lower recipe.")])
def test_voxels_that_are_not_shown_are_not_blamed_at_the_end(own, masked, told):
    broken(own, 2)
    recipe = read_recipe(entry(augmentation={}, masked=masked))
    names = [f"STS_{number:03d}" for number in range(8)]
    arrays = {name: torch.from_numpy(np.load(own / "arrays" / f"{name}.npy")) for name in ("PET", "CT", "GTV")}
    inputs = Volumes(
        names, None, np.empty((8, 0)), ["PET", "CT"], arrays, list(range(8)), [[]] * 8, recipe, torch.device("cpu")
    )
    with pytest.raises(ReradError, match=told):
        outcome._check([Judged(3, losses={"loss": np.nan})], inputs, "here")


def test_a_rate_that_is_too_high_is_named(cohort, tmp_path):
    settings = entry(optimiser={"name": "sgd", "lr": 1.0e30}, precision="bf16")
    told = failure(run(cohort, tmp_path / "out", settings, folds=[1]))
    assert "Lower recipe.optimiser.lr (1e+30), write precision: fp32, or look for extreme values" in told
    assert not (tmp_path / "out" / "models").exists()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_running_out_of_memory_is_named_with_its_remedy(cohort, tmp_path, monkeypatch, error):
    def full(*given, **more):
        raise error

    monkeypatch.setattr(tiny_network.Tiny, "forward", full)
    told = failure(run(cohort, tmp_path / "out", entry(), folds=[1]))
    assert told == (
        "tiny: memory ran out for an input of 2 x 6 x 8 x 7 (channels first), batch 2, fp32. "
        "Lower network.width or recipe.batch, write precision: bf16, or give it a device with more memory"
    )


def test_an_input_that_no_memory_holds_is_named(cohort, tmp_path, monkeypatch):
    whole = tiny_network.Tiny.forward
    monkeypatch.setattr(
        tiny_network.Tiny,
        "forward",
        lambda self, images, table: whole(self, images.new_zeros(1, 2, 10**5, 10**5, 10**4), table),
    )
    assert failure(run(cohort, tmp_path / "out", entry(), folds=[1])).startswith("tiny: memory ran out")


def test_other_errors_keep_their_own_words(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(tiny_network.Tiny, "forward", lambda self, images, table: images @ images[0, 0])
    assert failure(run(cohort, tmp_path / "out", entry(), folds=[1])).startswith("RuntimeError: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"channels_last": True},
        {"channels_last": True, "input": "slices", "augmentation": {}},
        {"deterministic": True},
    ],
)
def test_other_ways_to_compute_end_near_the_same_numbers(cohort, tmp_path, changes):
    # Adam would make whole steps of rounding errors, where a gradient is zero.
    changes = {"epochs": 2, "optimiser": {"name": "sgd", "lr": 0.1}, **changes}
    plain = {
        name: value for name, value in changes.items() if name not in ("precision", "channels_last", "deterministic")
    }
    expected = run(cohort, tmp_path / "plain", entry(**plain), folds=[1])
    found = run(cohort, tmp_path / "other", entry(**changes), folds=[1])
    assert failure(found) is None
    assert scores(found).to_numpy() == pytest.approx(
        scores(expected).to_numpy(), abs=0.02 if "precision" in changes else 1e-5
    )
    if "precision" in changes:
        assert not scores(found).equals(scores(expected))


@pytest.mark.slow
def test_a_compiled_network_ends_near_the_same_numbers(cohort, tmp_path):
    expected = run(cohort, tmp_path / "plain", PLAIN, folds=[1])
    found = run(cohort, tmp_path / "compiled", entry(**{**PLAIN["recipe"], "compile": True}), folds=[1])
    assert failure(found) is None
    # Inductor draws dropout's random numbers in another way: only the path is tested, not its end.
    assert scores(found).to_numpy() == pytest.approx(scores(expected).to_numpy(), abs=0.2)


def test_without_a_compiler_compile_is_named(cohort, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    told = failure(run(cohort, tmp_path / "out", entry(compile=True), folds=[1]))
    assert told.startswith("recipe.compile: torch.compile needs a C++ compiler, and there is no g++ or clang++")


def test_handcrafted_features_reach_the_network_standardised_on_the_training_side(own, tmp_path, monkeypatch):
    features = pd.read_csv(own / "features.csv")
    split = pd.read_csv(own / "splits.csv").query("fold == 1").set_index("case")["role"]
    features.loc[0, "PET_a"] = np.nan
    features["PET_b"] = 3.0
    features.to_csv(own / "features.csv", index=False)
    shown, whole = {}, loop.train_step
    monkeypatch.setattr(
        loop,
        "train_step",
        lambda forward, optimiser, task, picked, epoch: (
            shown.update(table=task.table, names=task.inputs.names) or whole(forward, optimiser, task, picked, epoch)
        ),
    )
    out = run(own, tmp_path / "out", entry(table=["PET"]), folds=[1], keep_model=True)
    assert model_of(out)["hidden.weight"].shape == (4, 6)
    train = features["case"].map(split) == "train"
    mean, sd = features.loc[train, "PET_a"].mean(), features.loc[train, "PET_a"].std(ddof=0)
    expected = ((features["PET_a"] - mean) / sd).fillna(0.0)
    assert shown["names"] == list(features["case"])
    assert shown["table"][:, 0].numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)
    assert (shown["table"][:, 1] == 0).all()
    assert shown["table"].shape[1] == 2


def test_a_companions_scores_are_fused_case_by_case(cohort, tmp_path, monkeypatch):
    """The companion here scores by rank among the training cases; fusing is the mean."""
    plain = run(cohort, tmp_path / "plain", entry(table=["PET"], epochs=2))
    seen = []

    def companion(table, target, *, settings, seed):
        seen.append((list(table.index), target.tolist(), settings, seed))
        return SimpleNamespace(score=lambda cases: (cases["PET_a"].to_numpy() > table["PET_a"].mean()).astype(float))

    monkeypatch.setattr(tiny_network, "companion", companion, raising=False)
    fuse = lambda network, features, *, settings: settings["weight"] * network + (1 - settings["weight"]) * features  # noqa: E731
    monkeypatch.setattr(tiny_network, "fuse", fuse, raising=False)
    given = {**entry(table=["PET"], epochs=2), "companion": {"weight": 0.25}}
    out = run(cohort, tmp_path / "out", given)
    features = pd.read_csv(cohort / "features.csv").set_index("case")["PET_a"]
    for fold in (1, 2):
        train = scores(plain, role="train", fold=fold).index
        assert sorted(seen[fold - 1][0]) == sorted(train)
        for role in ("train", "test"):
            network = scores(plain, role=role, fold=fold)
            expected = 0.25 * network + 0.75 * (features[network.index] > features[train].mean())
            assert scores(out, role=role, fold=fold).to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-9)
    assert seen[0][3] != seen[1][3]
    assert "companion: missing key" in failure(run(cohort, tmp_path / "a", entry(table=["PET"])))
    assert "recipe.table: missing key" in failure(run(cohort, tmp_path / "b", {**given, "recipe": entry()["recipe"]}))


def test_pretrained_weights_are_where_it_starts(cohort, tmp_path):
    settings = entry(optimiser={"name": "sgd", "lr": 0.0}, epochs=1)
    generator = torch.Generator().manual_seed(5)
    weights = {"weight": torch.randn(2, 2, 3, 3, 3, generator=generator), "bias": torch.randn(2, generator=generator)}
    torch.save(weights, tmp_path / "weights.pth")
    out = run(cohort, tmp_path / "out", settings, folds=[1], keep_model=True, weights=tmp_path / "weights.pth")
    assert torch.equal(model_of(out)["first.weight"], weights["weight"])


def test_weights_for_a_network_that_takes_none_are_refused(cohort, tmp_path, monkeypatch):
    monkeypatch.delattr(tiny_network, "load_weights")
    (tmp_path / "weights.pth").touch()
    assert "takes no weights" in failure(run(cohort, tmp_path / "out", entry(), weights=tmp_path / "weights.pth"))


def test_what_a_search_chose_for_a_fold_is_laid_over_the_networks_settings(cohort, tmp_path):
    chosen = tmp_path / "chosen.json"
    chosen.write_text(json.dumps({"failed": None, "folds": {"1": {"width": 3}, "2": {"width": 5}}}))
    out = run(cohort, tmp_path / "out", entry(epochs=1), chosen=chosen, keep_model=True)
    assert [len(model_of(out, fold)["first.bias"]) for fold in (1, 2)] == [3, 5]


def test_threads_are_the_recipes_and_restored(cohort, tmp_path, monkeypatch, caplog):
    before = torch.get_num_threads()
    seen, whole = [], outcome.judge
    monkeypatch.setattr(
        outcome, "judge", lambda *given, **more: seen.append(torch.get_num_threads()) or whole(*given, **more)
    )
    out = run(cohort, tmp_path / "out", entry(epochs=1, threads=before + 1), folds=[1], threads=1)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before
    cost = json.loads((out / "cost.json").read_text())
    assert (cost["threads"], cost["device"], cost["gpu_s"]) == (before + 1, "cpu", 0)
    assert f"the recipe has {before + 1} threads and this job 1 cores" in caplog.text


def test_the_callers_random_numbers_are_left_alone(cohort, tmp_path):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    run(cohort, tmp_path / "out", entry(epochs=1), folds=[1])
    assert torch.equal(torch.rand(3), expected)


def test_history_has_the_learning_curves_and_the_rate(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", entry(schedule={"name": "step", "every": 2, "factor": 0.1}), folds=[1])
    history = pd.read_csv(out / "history.csv").pivot(index="epoch", columns=["split", "quantity"], values="value")
    assert list(history.index) == [1, 2, 3, 4]
    assert {q for _, q in history} == {"loss", "loss_classification", "loss_voxels", "accuracy", "lr", "dice"}
    assert history["train", "lr"].tolist() == pytest.approx([0.01, 0.01, 0.001, 0.001])
    train = history["train"]
    assert (0.5 * train["loss_classification"] + 0.5 * train["loss_voxels"]).tolist() == pytest.approx(
        train["loss"].tolist(), rel=1e-6
    )


def test_the_log_speaks_to_a_person_about_ten_times(cohort, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    run(cohort, tmp_path / "out", entry(epochs=40, segment_every=40), folds=[1])
    lines = [record.getMessage() for record in caplog.records if "epoch" in record.getMessage()]
    assert len(lines) == 11
    assert lines[-1].startswith("tiny, fold 1: epoch 40 of 40: train loss 0.")
    assert "test accuracy 0." in lines[-1] or "test accuracy 1." in lines[-1]


def test_cases_without_a_modality_take_no_part(own, tmp_path):
    cases = pd.read_csv(own / "cases.csv")
    cases.loc[cases["case"] == "STS_003", "has_ct"] = 0
    cases.to_csv(own / "cases.csv", index=False)
    out = run(own, tmp_path / "out", entry(epochs=1), folds=[1, 2])
    assert set(pd.read_csv(out / "predictions_classification.csv")["case"]) == set(cases["case"]) - {"STS_003"}
    alone = run(own, tmp_path / "pet", {**entry(epochs=1), "modalities": ["PET"]}, folds=[1, 2])
    assert set(pd.read_csv(alone / "predictions_classification.csv")["case"]) == set(cases["case"])


def test_a_missing_array_is_named(own, tmp_path):
    (own / "arrays" / "CT.npy").unlink()
    told = failure(run(own, tmp_path / "out", entry()))
    assert "CT.npy: cannot be read" in told
    assert "Remove the cohort's folder below cohorts/ and run again" in told


def test_a_model_of_tables_is_no_network(cohort, tmp_path, monkeypatch):
    from rerad import models

    monkeypatch.setitem(models.NETWORKS, "majority", "rerad.models.majority")
    out = run(cohort, tmp_path / "out", {**entry(), "model": "majority"})
    assert failure(out).startswith("model of tiny: majority is no network")


def test_another_copy_of_the_cohort_gives_the_same_bytes(cohort, tmp_path):
    first = run(cohort, tmp_path / "first", entry(), keep_model=True)
    copy = shutil.copytree(cohort, tmp_path / "copy")
    assert results(run(copy, tmp_path / "second", entry(), keep_model=True)) == results(first)
