"""Networks on gene expression: what they write, that they are never negative, and that a kill changes nothing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from killing import KilledError, stop_at
from tiny_genes import FEATURES, entry, make_cohort, run
from tiny_training import results

from rerad.core import versions
from rerad.models.dense import Dense
from rerad.training import loop
from rerad.training.regression import networks


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_cohort(tmp_path_factory.mktemp("genes"))


@pytest.fixture(scope="module")
def trained(cohort, tmp_path_factory):
    return run(cohort, tmp_path_factory.mktemp("trained"), entry())


def failure(out):
    return json.loads((out / "cost.json").read_text())["failed"]


def test_every_case_feature_and_variant_is_predicted_on_its_side(cohort, trained):
    assert failure(trained) is None
    table = pd.read_csv(trained / "predictions_regression.csv")
    assert list(table) == ["case", "fold", "seed", "role", "selection", "variant", "feature", "truth", "prediction"]
    last = table[table["selection"] == "last"]
    splits = pd.read_csv(cohort / "splits.csv")
    assert len(last.merge(splits, on=["case", "fold", "role"])) == len(last) == len(splits) * 3 * 2
    assert last["feature"].value_counts().to_dict() == dict.fromkeys(FEATURES, len(splits) * 2)
    best = table[table["selection"] == "best_test"]
    assert set(best["role"]) == {"test"}
    assert len(best) == 12 * 3 * 2
    known = pd.read_csv(cohort / "features.csv").set_index("case")
    measured = [known.loc[case, feature] for case, feature in zip(table["case"], table["feature"], strict=True)]
    assert table["truth"].tolist() == pytest.approx(measured, rel=1e-8)


def test_the_history_tells_both_errors_of_every_epoch(trained):
    history = pd.read_csv(trained / "history.csv")
    one = history[history["fold"] == 2]
    for suffix in ("", "_fold_safe"):
        for split in ("train", "test"):
            assert one[(one["quantity"] == f"mae{suffix}") & (one["split"] == split)]["epoch"].tolist() == [1, 2, 3]
        assert one[one["quantity"] == f"autoencoder_mse{suffix}"]["epoch"].tolist() == [1, 2]
    # 8 training cases in batches of 4: two steps an epoch.
    rates = one[one["quantity"] == "lr"]["value"]
    assert rates.tolist() == pytest.approx([0.05 / (1 + 1e-3 * steps) for steps in (2, 4, 6)], rel=1e-9)


def test_the_last_validation_error_is_that_of_the_predictions(cohort, trained):
    table = pd.read_csv(trained / "predictions_regression.csv").query(
        "selection == 'last' and role == 'test' and fold == 1"
    )
    known = pd.read_csv(cohort / "features.csv").set_index("case")
    history = pd.read_csv(trained / "history.csv").query("fold == 1 and split == 'test' and epoch == 3")
    train = set(pd.read_csv(cohort / "splits.csv").query("fold == 1 and role == 'train'")["case"])
    for variant, largest in (("published", known.max()), ("fold_safe", known.loc[sorted(train)].max())):
        own = table[table["variant"] == variant]
        errors = (own["prediction"] - own["truth"]).abs() / own["feature"].map(largest)
        quantity = "mae" if variant == "published" else "mae_fold_safe"
        assert history.set_index("quantity").loc[quantity, "value"] == pytest.approx(errors.mean(), rel=1e-5)


@pytest.mark.parametrize("nonnegative", ["output", "all"])
def test_no_weight_of_the_output_is_negative_after_any_step_and_no_prediction_ever(
    cohort, tmp_path, monkeypatch, nonnegative
):
    seen = []
    step, judge = loop.train_step, loop.judge

    def stepped(forward, *given, **more):
        measured = step(forward, *given, **more)
        if isinstance(forward, Dense):
            layer = forward if nonnegative == "all" else forward.output
            seen.append(min(float(value.detach().min()) for value in layer.parameters()))
        return measured

    def judged(*given, **more):
        found = judge(*given, **more)
        seen.extend(float(one.values.min()) for one in found)
        return found

    monkeypatch.setattr(loop, "train_step", stepped)
    monkeypatch.setattr(loop, "judge", judged)
    network = {**entry()["network"], "nonnegative": nonnegative}
    out = run(cohort, tmp_path / "out", entry(network=network, epochs=5))
    assert failure(out) is None
    assert len(seen) == 3 * 2 * 5 * (2 + 4)
    assert min(seen) >= 0
    assert pd.read_csv(out / "predictions_regression.csv")["prediction"].min() >= 0


def test_two_runs_give_the_same_bytes_and_folds_alone_those_of_all(cohort, tmp_path, trained):
    again = run(cohort, tmp_path / "again", entry())
    assert results(again) == results(trained)
    alone = run(cohort, tmp_path / "alone", entry(), folds=[2])
    for name in ("predictions_regression.csv", "history.csv"):
        whole = pd.read_csv(trained / name, dtype=str)
        assert whole[whole["fold"] == "2"].reset_index(drop=True).equals(pd.read_csv(alone / name, dtype=str))


def test_killed_after_any_step_it_goes_on_to_the_same_bytes(cohort, tmp_path, monkeypatch):
    settings = entry(epochs=2, checkpoint_s=0)
    whole = results(run(cohort, tmp_path / "whole", settings, folds=[1]))
    # Of each variant: 21 or 9 patients in batches of 5 for two epochs, then 8 cases in batches of 4 for two.
    # The first and last step of each, and some between.
    for step in (1, 5, 10, 11, 12, 14, 15, 18, 19, 22):
        out = tmp_path / f"step{step}"
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, loop, "train_step", step)
            run(cohort, out, settings, folds=[1])
        assert (out / "checkpoints").exists() or step == 1
        assert results(run(cohort, out, settings, folds=[1])) == whole, f"stopped after step {step}"


@pytest.mark.parametrize("package", ["torch", "numpy"])
def test_what_another_version_of_a_package_began_is_trained_anew(cohort, tmp_path, monkeypatch, caplog, package):
    settings, out, here = entry(epochs=2, checkpoint_s=0), tmp_path / "out", versions.version_of
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 12)
        run(cohort, out, settings, folds=[1])
    monkeypatch.setattr(versions, "version_of", lambda name: "0.0.1" if name == package else here(name))
    run(cohort, out, settings, folds=[1])
    assert f"was made with another {package}: training starts anew" in caplog.text


def test_what_was_finished_is_not_trained_again(cohort, tmp_path, monkeypatch, trained):
    out = tmp_path / "out"
    monkeypatch.setattr(networks, "clean_up", lambda job: None)
    run(cohort, out, entry(), folds=[1])

    def refuse(*given, **more):
        raise AssertionError("trained again")

    monkeypatch.setattr(loop, "train_step", refuse)
    (out / "predictions_regression.csv").unlink()
    run(cohort, out, entry(), folds=[1])
    assert failure(out) is None


def test_a_network_without_pretraining_has_no_autoencoder(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", entry(autoencoder=None, variants=["published"]), folds=[1])
    assert failure(out) is None
    assert set(pd.read_csv(out / "history.csv")["quantity"]) == {"mae", "lr"}


def change(cohort, into, cases):
    """Write a cohort in which the expression and the features of some cases are others."""
    into.mkdir()
    for name in ("cases.csv", "features.csv", "splits.csv"):
        (into / name).write_bytes((cohort / name).read_bytes())
    (into / "arrays").mkdir()
    (into / "arrays" / "genes.csv").write_bytes((cohort / "arrays" / "genes.csv").read_bytes())
    values = np.load(cohort / "arrays" / "expression.npy")
    rows = pd.read_csv(cohort / "cases.csv").set_index("case")["row"]
    values[rows[cases]] = 1e3 * values[rows[cases]] + np.arange(values.shape[1], dtype=np.float32)
    np.save(into / "arrays" / "expression.npy", values)
    features = pd.read_csv(cohort / "features.csv").set_index("case")
    features.loc[cases] *= 100
    features.reset_index().to_csv(into / "features.csv", index=False)
    return into


def test_test_cases_teach_a_fold_safe_network_nothing_and_a_published_one_something(cohort, tmp_path, trained):
    tested = pd.read_csv(cohort / "splits.csv").query("fold == 1 and role == 'test'")["case"].tolist()
    poisoned = run(change(cohort, tmp_path / "other", tested), tmp_path / "out", entry(), folds=[1])
    tables = [pd.read_csv(out / "predictions_regression.csv").query("fold == 1") for out in (trained, poisoned)]
    before, after = (
        {name: part["prediction"].tolist() for name, part in table.query("role == 'train'").groupby("variant")}
        for table in tables
    )
    assert before["fold_safe"] == after["fold_safe"]
    assert before["published"] != after["published"]


def test_more_steps_teach_more(cohort, tmp_path):
    quiet = {**entry()["network"], "dropout": 0.0}
    optimiser = {"name": "keras_sgd", "lr": 0.1, "momentum": 0.5, "decay": 0.0}
    settings = entry(network=quiet, epochs=150, optimiser=optimiser, variants=["published"], autoencoder=None)
    out = run(cohort, tmp_path / "out", settings, folds=[1])
    errors = pd.read_csv(out / "history.csv").query("quantity == 'mae' and split == 'train'")["value"].tolist()
    assert errors[-1] < 0.7 * errors[0]


def test_the_random_numbers_of_others_stay_as_they_are(cohort, tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    run(cohort, tmp_path / "out", entry(epochs=1), folds=[1])
    assert torch.equal(torch.rand(2), expected)
