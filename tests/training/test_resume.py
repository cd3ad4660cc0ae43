"""A training that was killed ends as the one that was not: on the CPU to the last bit."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import multiprocessing
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_network
import tiny_training
import torch
from killing import KilledError, stop_at
from tiny_training import entry, make_cohort, results, run, run_in_process

from rerad.core import versions
from rerad.core.errors import UnwritableError
from rerad.core.files import remove_leftovers
from rerad.training import checkpoint, loop

LONG = entry(epochs=40, checkpoint_s=0.02, segment_every=7)


@pytest.fixture(autouse=True)
def tiny() -> None:
    tiny_training.install()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="module")
def server() -> Iterator[multiprocessing.context.ForkServerContext]:
    """Processes that have torch already: they start at once."""
    context = multiprocessing.get_context("forkserver")
    # torch loads the first of them at the first step of an optimiser: it takes seconds.
    context.set_forkserver_preload(["torch._dynamo", "rerad.training.train", "rerad.training.network"])
    return context


def test_killed_at_twenty_random_moments_it_gives_the_same_bytes(
    cohort: Path, tmp_path: Path, server: multiprocessing.context.ForkServerContext
) -> None:
    run(cohort, tmp_path / "undisturbed", LONG, keep_model=True)
    moment, kills, goes, ended = random.Random(0), 0, 0, False
    while kills < 20 or not ended:
        goes += ended  # it ended before: kill another one
        arguments = (cohort, tmp_path / f"killed_{goes}", LONG, {"keep_model": True}, moment.uniform(0, 0.2))
        process = server.Process(target=run_in_process, args=arguments if kills < 20 else (*arguments[:-1], None))
        process.start()
        process.join()
        ended = process.exitcode == 0
        assert ended or process.exitcode == -signal.SIGKILL
        kills += not ended
    print(f"{kills} kills of {goes + 1} trainings")
    expected = results(tmp_path / "undisturbed")
    for go in range(goes + 1):
        remove_leftovers(tmp_path / f"killed_{go}")  # as every run does at its start
        found = results(tmp_path / f"killed_{go}")
        assert found.keys() == expected.keys()
        assert [name for name in found if found[name] != expected[name]] == []


SHORT = entry(epochs=3, segment_every=2, checkpoint_s=0)


@pytest.fixture(scope="module")
def undisturbed(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    tiny_training.install()
    return results(run(cohort, tmp_path_factory.mktemp("undisturbed"), SHORT, keep_model=True))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": {"name": "plateau", "patience": 0, "factor": 0.5}},
        {"schedule": {"name": "cosine"}},
        {"optimiser": {"name": "sgd", "lr": 0.1, "momentum": 0.9}},
        {"input": "slices", "augmentation": {"flips": [0, 1], "copies": 2}, "epochs": 1},
    ],
)
def test_stopped_after_any_step_it_goes_on_to_the_same_bytes(cohort, tmp_path, monkeypatch, changes):
    settings = entry(**{**SHORT["recipe"], **changes})
    expected = results(run(cohort, tmp_path / "whole", settings, folds=[1]))
    steps = len(pd.read_csv(cohort / "splits.csv").query("fold == 1 and role == 'train'")) // 2 * 3
    steps *= 2 if "input" in changes else 1
    for step in range(1, steps + 1):
        out = tmp_path / f"step{step}"
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, loop, "train_step", step)
            run(cohort, out, settings, folds=[1])
        assert not (out / "cost.json").exists()
        assert results(run(cohort, out, settings, folds=[1])) == expected, f"stopped after step {step}"


def test_a_checkpoint_in_the_middle_of_an_epoch_knows_its_place(cohort, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)  # two steps an epoch: the last of the second one
        run(cohort, out, SHORT)
    data = (out / "checkpoints" / "fold1.pt").read_bytes()
    state = torch.load(io.BytesIO(data[: -checkpoint.TAIL_LENGTH]), weights_only=True)["content"]
    assert (state["epoch"], state["step"]) == (2, 1)
    assert torch.isfinite(state["measured"][0, 0])
    assert torch.isnan(state["measured"][1, 0])
    assert {row[0] for row in state["history"]} == {1}


def test_a_finished_fold_is_not_trained_again(cohort, tmp_path, monkeypatch, undisturbed):
    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 8)  # six steps a fold
        run(cohort, out, SHORT, keep_model=True)
    with monkeypatch.context() as patched:
        stop_at(patched, loop, "train_step", 6)  # all of fold 2 but what its checkpoint holds: less than six steps
        run(cohort, out, SHORT, keep_model=True)
    assert results(out) == undisturbed
    cost = json.loads((out / "cost.json").read_text())
    assert cost["resumed_s"] > 0


def test_a_finished_fold_whose_model_is_wanted_now_is_trained_again(cohort, tmp_path, monkeypatch, undisturbed, caplog):
    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 8)
        run(cohort, out, SHORT)
    run(cohort, out, SHORT, keep_model=True)
    assert "fold 1 was finished, but its model was not kept" in caplog.text
    assert results(out) == undisturbed


OTHER = entry(**{**SHORT["recipe"], "optimiser": {"name": "adam", "lr": 0.02}})


@pytest.mark.parametrize("finished", [True, False])
def test_a_kept_model_is_of_the_recipe_of_the_results(cohort, tmp_path, monkeypatch, undisturbed, finished):
    out = tmp_path / "out"
    if finished:
        run(cohort, out, OTHER, keep_model=True)
    else:
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, loop, "train_step", 8)  # six steps a fold
            run(cohort, out, OTHER, keep_model=True)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 8)
        run(cohort, out, SHORT)
    assert not (out / "models" / "fold1.pt").exists()
    run(cohort, out, SHORT, keep_model=True)
    assert results(out) == undisturbed


def test_a_model_that_another_wrote_in_its_place_is_not_trusted(cohort, tmp_path, monkeypatch, undisturbed):
    out, other = tmp_path / "out", run(cohort, tmp_path / "other", OTHER, keep_model=True)
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 8)
        run(cohort, out, SHORT, keep_model=True)
    (out / "models" / "fold1.pt").write_bytes((other / "models" / "fold1.pt").read_bytes())
    run(cohort, out, SHORT, keep_model=True)
    assert results(out) == undisturbed


def test_no_model_lies_beside_results_without_models(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", OTHER, keep_model=True)
    run(cohort, out, SHORT)
    assert not (out / "models").exists()


def test_models_of_folds_that_are_no_more_go(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", OTHER, keep_model=True)
    run(cohort, out, OTHER, folds=[2], keep_model=True)
    assert [path.name for path in (out / "models").iterdir()] == ["fold2.pt"]


def test_a_training_that_fails_leaves_no_model_of_the_one_before(cohort, tmp_path):
    out = run(cohort, tmp_path / "out", SHORT, keep_model=True)
    failed = run(cohort, out, entry(optimiser={"name": "sgd", "lr": 1.0e30}), keep_model=True)
    assert json.loads((failed / "cost.json").read_text())["failed"]
    assert list((failed / "models").iterdir()) == []


def test_a_model_is_not_lost_to_a_run_that_wants_none_and_is_killed(cohort, tmp_path, monkeypatch, undisturbed, caplog):
    caplog.set_level(logging.INFO)
    out = tmp_path / "out"
    for keep in (True, False):
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            stop_at(patched, loop, "train_step", 8 if keep else 2)
            run(cohort, out, SHORT, keep_model=keep)
    caplog.clear()
    run(cohort, out, SHORT, keep_model=True)
    assert "fold 1 was finished before" in caplog.text
    assert results(out) == undisturbed


def test_checkpoints_are_gone_after_success_and_stay_after_a_failure(cohort, tmp_path):
    out = run(cohort, tmp_path / "good", SHORT)
    assert not (out / "checkpoints").exists()
    failed = run(cohort, tmp_path / "failed", SHORT, folds=[1, 9])
    assert "fold 9 is not in the split" in json.loads((failed / "cost.json").read_text())["failed"]
    assert [path.name for path in (failed / "checkpoints").iterdir()] == ["fold1.pt"]
    assert pd.read_csv(failed / "predictions_classification.csv").empty


def signed(data: bytes) -> bytes:
    return data + checkpoint.TAIL + hashlib.sha256(data).hexdigest().encode()


@pytest.mark.parametrize(("harm", "told"), [
    (lambda data: data[: len(data) // 2], "its checksum is wrong"),
    (lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :], "its checksum is wrong"),
    (lambda data: b"", "its checksum is wrong"),
    (lambda data: signed(b"no zip"), "is broken"),
])  # fmt: skip
def test_a_torn_checkpoint_is_left_aside(cohort, tmp_path, monkeypatch, caplog, undisturbed, harm, told):
    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT, keep_model=True)
    path = out / "checkpoints" / "fold1.pt"
    path.write_bytes(harm(path.read_bytes()))
    run(cohort, out, SHORT, keep_model=True)
    assert told in caplog.text
    assert "training starts anew" in caplog.text
    assert results(out) == undisturbed


class Evil:
    def __reduce__(self):
        return (Path("/tmp/rerad_was_here").touch, ())


def test_a_checkpoint_that_would_run_code_does_not(cohort, tmp_path, caplog):
    buffer = io.BytesIO()
    torch.save({"identity": {}, "content": Evil()}, buffer)
    path = tmp_path / "fold1.pt"
    path.write_bytes(signed(buffer.getvalue()))
    assert checkpoint.read(path, {}) is None
    assert "is broken" in caplog.text


def other_recipe(cohort: Path):
    return {"settings": entry(**{**SHORT["recipe"], "optimiser": {"name": "adam", "lr": 0.02}})}


def other_network(cohort: Path):
    return {"settings": {**SHORT, "network": {"width": 3}}}


def other_seed(cohort: Path):
    return {"seed": 1}


def other_split(cohort: Path):
    splits = pd.read_csv(cohort / "splits.csv")
    splits["fold"] = 3 - splits["fold"]
    splits.to_csv(cohort / "splits.csv", index=False)


def other_voxel(cohort: Path):
    array = np.load(cohort / "arrays" / "CT.npy")
    array[0, 0, 0, 0] += 1e-3
    np.save(cohort / "arrays" / "CT.npy", array)


def other_label(cohort: Path):
    cases = pd.read_csv(cohort / "cases.csv")
    cases.loc[:1, "target"] = [1, 0]
    cases.to_csv(cohort / "cases.csv", index=False)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_recipe, "recipe"),
        (other_network, "network"),
        (other_seed, "seed"),
        (other_split, "split"),
        (other_voxel, "data"),
        (other_label, "data"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused_with_the_reason(tmp_path, monkeypatch, caplog, change, told):
    caplog.set_level(logging.INFO)
    cohort, out = make_cohort(tmp_path / "cohort"), tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT)
    given = {"settings": SHORT, **(change(cohort) or {})}
    run(cohort, out, **given)
    assert f"was made with another {told}: training starts anew" in caplog.text
    assert results(out) == results(run(cohort, tmp_path / "fresh", **given))


def test_a_checkpoint_of_other_code_is_refused(cohort, tmp_path, monkeypatch, caplog):
    from rerad.training import network

    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT)
    monkeypatch.setattr(network, "training_code", lambda settings: "edited")
    run(cohort, out, SHORT)
    assert "was made with another code" in caplog.text


@pytest.mark.parametrize("package", ["torch", "monai", "numpy", "scipy", "scikit-learn"])
def test_a_checkpoint_of_another_version_of_a_package_is_refused(cohort, tmp_path, monkeypatch, caplog, package):
    out, here = tmp_path / "out", versions.version_of
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT)
    monkeypatch.setattr(versions, "version_of", lambda name: "0.0.1" if name == package else here(name))
    run(cohort, out, SHORT)
    assert f"was made with another {package}: training starts anew" in caplog.text


def test_a_checkpoint_that_does_not_fit_the_network_is_left_aside(cohort, tmp_path, monkeypatch, caplog):
    out, plain = tmp_path / "out", tiny_network.Tiny.__init__
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT, keep_model=True)

    def with_one_layer_more(self, *given):
        plain(self, *given)
        self.more = torch.nn.Linear(2, 2)

    monkeypatch.setattr(tiny_network.Tiny, "__init__", with_one_layer_more)
    run(cohort, out, SHORT, keep_model=True)
    assert f"the checkpoint {out / 'checkpoints' / 'fold1.pt'} does not fit the network" in caplog.text
    assert "training starts anew" in caplog.text
    assert results(out) == results(run(cohort, tmp_path / "fresh", SHORT, keep_model=True))


@pytest.mark.parametrize("lost", ["network", "optimiser", "scheduler", "random", "epoch", "spent_s"])
def test_a_half_restored_state_leaves_no_trace(cohort, tmp_path, monkeypatch, caplog, undisturbed, lost):
    out, read = tmp_path / "out", checkpoint.read
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT, keep_model=True)

    def short(*given):
        return {name: value for name, value in (read(*given) or {}).items() if name != lost}

    monkeypatch.setattr(checkpoint, "read", short)
    run(cohort, out, SHORT, keep_model=True)
    assert f"(KeyError: '{lost}'): training starts anew" in caplog.text
    assert results(out) == undisturbed


def test_memory_that_runs_out_spoils_no_checkpoint(cohort, tmp_path, monkeypatch, undisturbed):
    def full(*given):
        raise torch.OutOfMemoryError("CUDA out of memory")

    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT, keep_model=True)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "restore_random_states", full)
        run(cohort, out, SHORT, keep_model=True)
    assert "memory ran out" in json.loads((out / "cost.json").read_text())["failed"]
    with monkeypatch.context() as patched:
        stop_at(patched, loop, "train_step", 10)  # of 12, three of which the checkpoint holds
        run(cohort, out, SHORT, keep_model=True)
    assert results(out) == undisturbed


def test_how_often_the_state_is_written_changes_nothing(cohort, tmp_path, monkeypatch, undisturbed, caplog):
    caplog.set_level(logging.INFO)
    out = tmp_path / "out"
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        stop_at(patched, loop, "train_step", 4)
        run(cohort, out, SHORT, keep_model=True)
    seldom = {**SHORT, "recipe": {**SHORT["recipe"], "checkpoint_s": 3600}}
    run(cohort, out, seldom, keep_model=True)
    assert "goes on at epoch 2, step 2" in caplog.text
    assert results(out) == undisturbed


def test_a_full_disk_while_a_large_checkpoint_is_written_is_told_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, room = checkpoint._Hashed.write, [300_000]

    class Full:
        """A file on a disk that has room for so many bytes."""

        def write(self, data: bytes) -> int:
            room[0] -= len(data)
            if room[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return len(data)

    def write(self: checkpoint._Hashed, data: bytes) -> int:
        self.file = Full()  # type: ignore[assignment]
        return whole(self, data)

    monkeypatch.setattr(checkpoint._Hashed, "write", write)
    with pytest.raises(UnwritableError, match=r"fold1\.pt: cannot be written \(No space left on device\)"):
        checkpoint.write(tmp_path / "fold1.pt", {}, {"weights": torch.zeros(200_000)})
    assert list(tmp_path.iterdir()) == []
