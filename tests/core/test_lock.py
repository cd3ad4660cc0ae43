"""One run at a time; what a killed one left behind is cleared, what a living one holds is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rerad.core.errors import ReradError
from rerad.core.lock import claim_run, one_at_a_time

HOLD = """
import sys, time
from rerad.core.lock import claim_run
claim_run(sys.argv[1], snakemake_folder=sys.argv[2])
print("held", flush=True)
time.sleep(60)
"""


def hold(folder: Path, snakemake: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(snakemake)], stdout=subprocess.PIPE, text=True
    )
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
