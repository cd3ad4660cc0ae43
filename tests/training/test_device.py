"""Devices: which is taken, by how many, and what a person reads where there is none."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from rerad.core.errors import ConfigError, ReradError
from rerad.core.lock import one_of
from rerad.training.device import claimed, named_out_of_memory, places
from rerad.training.recipe import Recipe


def test_the_cpu_needs_no_lock(tmp_path: Path) -> None:
    with claimed("cpu", locks=tmp_path) as first, claimed("cpu", locks=tmp_path) as second:
        assert first == second == torch.device("cpu")
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"device: there is no CUDA device here\. Write auto or cpu"), claimed("cuda"):
        pass
    with claimed("auto") as device:
        assert device.type == "cpu"
    with pytest.raises(ConfigError, match=r"'gpu' does not do\. Write auto, cpu or cuda"), claimed("gpu"):
        pass


def test_two_small_jobs_take_two_cards_before_they_share_one(tmp_path: Path) -> None:
    locks = places(["a", "b"], 2, tmp_path)
    assert [path.name for path in locks] == ["a.0.lock", "b.0.lock", "a.1.lock", "b.1.lock"]
    with one_of(locks, what="GPU") as first, one_of(locks, what="GPU") as second, one_of(locks, what="GPU") as third:
        assert [first % 2, second % 2, third % 2] == [0, 1, 0]
    with one_of(locks, what="GPU") as again:
        assert again == 0


@pytest.fixture
def two_cards(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """Pretend that two cards are there; the list is filled with those that are set."""
    chosen: list[torch.device] = []
    pretended = {
        "is_available": lambda: True,
        "device_count": lambda: 2,
        "get_device_properties": lambda index: SimpleNamespace(uuid=f"GPU-{index}"),
        "get_device_name": lambda device: f"pretended card {device.index}",
        "set_device": chosen.append,
        "reset_peak_memory_stats": lambda device: None,
    }
    for name, does in pretended.items():
        monkeypatch.setattr(torch.cuda, name, does)
    return chosen


@pytest.mark.parametrize(("share", "cards"), [(1, [0, 1]), (2, [0, 1, 0, 1])])
def test_small_jobs_spread_over_the_cards_and_no_card_holds_more_than_its_share(
    tmp_path: Path, two_cards: list[torch.device], monkeypatch: pytest.MonkeyPatch, share: int, cards: list[int]
) -> None:
    def full(seconds: float) -> None:
        raise TimeoutError(seconds)

    with contextlib.ExitStack() as jobs:
        held = [jobs.enter_context(claimed("auto", share=share, locks=tmp_path)) for _ in cards]
        assert held == two_cards == [torch.device("cuda", card) for card in cards]
        monkeypatch.setattr(time, "sleep", full)
        with pytest.raises(TimeoutError), claimed("cuda", share=share, locks=tmp_path):
            pass
    with claimed("cuda", share=share, locks=tmp_path) as again:
        assert again == torch.device("cuda", 0)


def hold(path: Path) -> None:
    with one_of([path], what="GPU"):
        time.sleep(60)


@pytest.mark.parametrize(
    ("batch", "precision", "told"),
    [
        (2, "fp32", "Lower network.width or recipe.batch, write precision: bf16, or give it a device with more memory"),
        (1, "fp32", "Lower network.width, write precision: bf16, or give it a device with more memory"),
        (2, "bf16", "Lower network.width or recipe.batch, or give it a device with more memory"),
        (1, "bf16", "Lower network.width, or give it a device with more memory"),
    ],
)
def test_only_what_is_left_to_change_makes_a_training_smaller(batch: int, precision: str, told: str) -> None:
    recipe = Recipe(epochs=1, batch=batch, optimiser={}, precision=precision)
    with pytest.raises(ReradError) as error, named_out_of_memory("net", (1, 8), recipe):
        raise MemoryError
    assert str(error.value).endswith(f"batch {batch}, {precision}. {told}")


def test_who_can_change_nothing_needs_more_memory() -> None:
    recipe = Recipe(epochs=1, batch=1, optimiser={})
    full = named_out_of_memory("net", (1, 8), recipe, lower=(), write=())
    with pytest.raises(ReradError, match=r"fp32\. Give it a device with more memory"), full:
        raise MemoryError


def test_a_job_waits_for_a_card_and_a_killed_one_leaves_it_free(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "a.0.lock"
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(path,))
    process.start()
    while not path.exists():
        time.sleep(0.01)
    time.sleep(0.2)

    def waited() -> bool:
        if "no free GPU (1 taken): waiting for one" in caplog.text:
            process.kill()
        return True

    import threading

    killer = threading.Timer(0.5, waited)
    killer.start()
    with one_of([path], what="GPU", wait_s=0.05) as place:
        assert place == 0
    process.join()
    assert process.exitcode != 0
    assert "waiting for one" in caplog.text
