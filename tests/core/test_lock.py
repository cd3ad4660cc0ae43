"""One run at a time; what a killed one left behind is cleared, what a living one holds is not."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rerad.core.errors import ReradError
from rerad.core.lock import claim_run, one_at_a_time

Holding = Callable[..., subprocess.Popen[str]]
HOLD = """
import sys, time
from rerad.core.lock import claim_run
claim_run(sys.argv[1], data=sys.argv[3], snakemake_folder=sys.argv[2])
print("held", flush=True)
time.sleep(60)
"""


def hold(folder: Path, snakemake: Path, data: Path | None = None) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", HOLD, str(folder), str(snakemake), str(data or folder / "data")]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    run, locks = tmp_path / "demo", tmp_path / ".snakemake" / "locks"
    first = hold(run, tmp_path / ".snakemake")
    try:
        locks.mkdir(parents=True)
        (locks / "0.output.lock").write_text(f"{run}/cases.csv\n")
        (run / ".part-1.cases.csv").touch()
        with pytest.raises(ReradError, match=rf"another run is at work here \(process {first.pid} on"):
            claim_run(run, snakemake_folder=tmp_path / ".snakemake")
        assert (locks / "0.output.lock").exists()
        assert (run / ".part-1.cases.csv").exists()
    finally:
        first.kill()
        first.wait()


def test_after_a_kill_the_locks_of_this_run_are_cleared_and_no_others(tmp_path: Path) -> None:
    run, locks = tmp_path / "demo", tmp_path / ".snakemake" / "locks"
    first = hold(run, tmp_path / ".snakemake")
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{run}/cases.csv\n")
    (locks / "1.input.lock").write_text(f"elsewhere/x\n{run}/cases.csv\n")
    (locks / "2.output.lock").write_text(f"{tmp_path}/demo2/cases.csv\n")
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = hold(run, tmp_path / ".snakemake")
    try:
        assert [path.name for path in locks.iterdir()] == ["2.output.lock"]
    finally:
        second.kill()
        second.wait()


@pytest.fixture
def holding() -> Iterator[Holding]:
    """Return :func:`hold`, whose processes end with the test."""
    with contextlib.ExitStack() as ends:

        def start(*folders: Path) -> subprocess.Popen[str]:
            process = ends.enter_context(hold(*folders))
            ends.callback(process.kill)
            return process

        yield start


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def lock_as_snakemake(snakemake: Path, name: str, *files: Path) -> Path:
    lock = snakemake / "locks" / f"{name}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("".join(f"{file}\n" for file in files))
    return lock


def test_what_another_run_acquires_into_the_data_folder_of_this_one_stays(tmp_path: Path, holding: Holding) -> None:
    run, data, snakemake = tmp_path / "demo", tmp_path / "demo" / "data", tmp_path / ".snakemake"
    other = holding(tmp_path / "other", snakemake, data)
    (part := data / ".part-1.sts").mkdir()
    (left := run / ".part-1.cases.csv").touch()
    lock = lock_as_snakemake(snakemake, "0.output", data / "sts" / "manifest.csv")
    own = lock_as_snakemake(snakemake, "1.output", run / "cases.csv", data / "sts" / "manifest.csv")
    end(holding(run, snakemake, data))
    assert part.exists()
    assert not left.exists()
    assert lock.exists()
    assert not own.exists()  # it names results that nobody else may make
    end(other)
    holding(run, snakemake, data)
    assert not part.exists()
    assert not lock.exists()


def test_a_run_with_its_data_elsewhere_spares_who_uses_those_in_its_folder(tmp_path: Path, holding: Holding) -> None:
    run, data, snakemake = tmp_path / "demo", tmp_path / "demo" / "data", tmp_path / ".snakemake"
    holding(tmp_path / "other", snakemake, data)
    (part := data / ".part-1.sts").mkdir()
    lock = lock_as_snakemake(snakemake, "0.output", data / "sts" / "manifest.csv")
    holding(run, snakemake, tmp_path / "data")
    assert part.exists()
    assert lock.exists()


@pytest.mark.parametrize("again", ["one", "two"])
def test_a_run_killed_while_acquiring_shared_data_blocks_no_other(tmp_path: Path, holding: Holding, again: str) -> None:
    data, snakemake = tmp_path / "data", tmp_path / ".snakemake"
    end(holding(tmp_path / "one", snakemake, data))
    files = [data / "sts" / name for name in ("manifest.csv", "ATTRIBUTION.md")]
    locks = [lock_as_snakemake(snakemake, name, *files) for name in ("0.output", "0.input")]
    locks.append(lock_as_snakemake(snakemake, "1.output", *files, tmp_path / "one" / "cases.csv"))
    foreign = lock_as_snakemake(snakemake, "2.output", tmp_path / "three" / "cases.csv")
    holding(tmp_path / again, snakemake, data)
    assert not any(lock.exists() for lock in locks)
    assert foreign.exists()


def test_the_lock_of_a_dead_run_is_told_from_that_of_a_living_one(tmp_path: Path, holding: Holding) -> None:
    data, snakemake = tmp_path / "data", tmp_path / ".snakemake"
    end(holding(tmp_path / "dead", snakemake, data))
    holding(tmp_path / "alive", snakemake, data)
    dead, alive = (
        lock_as_snakemake(snakemake, f"{i}.output", data / "sts" / "manifest.csv", tmp_path / name / "cases.csv")
        for i, name in enumerate(("dead", "alive"))
    )
    holding(tmp_path / "new", snakemake, data)
    assert alive.exists()
    assert not dead.exists()


def test_work_on_one_folder_waits_for_its_turn_and_clears_leftovers(tmp_path: Path) -> None:
    left = tmp_path / ".part-1234abcd.sts"
    left.mkdir()
    (tmp_path / ".part-1234abcd.brats").mkdir()
    holder = (
        "import sys, time\nfrom rerad.core.lock import one_at_a_time\n"
        "with one_at_a_time(sys.argv[1]):\n    print('held', flush=True)\n    time.sleep(1.5)\n"
    )
    first = subprocess.Popen([sys.executable, "-c", holder, str(tmp_path / "sts")], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    assert not left.exists()
    assert (tmp_path / ".part-1234abcd.brats").exists()
    started = time.monotonic()
    with one_at_a_time(tmp_path / "sts"):
        assert first.poll() is not None or first.wait(timeout=5) == 0
    assert time.monotonic() - started > 0.5
    first.wait()


def test_a_results_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(ReradError, match=r"results/demo: cannot be written .* set paths\.results"):
        claim_run(tmp_path / "results" / "demo")
