"""Devices: which is taken, by how many, and what a person reads where there is none."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest
import torch

from rerad.core.errors import ConfigError
from rerad.core.lock import one_of
from rerad.training.device import claimed, places


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


def hold(path: Path) -> None:
    with one_of([path], what="GPU"):
        time.sleep(60)


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
