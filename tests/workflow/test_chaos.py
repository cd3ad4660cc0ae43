"""Random kills of jobs and of Snakemake itself: in the end the bytes are those of a run that nobody disturbed."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from tiny_run import ROOT, TINY, command, outcome

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
OVERLAYS = (TINY, *(ROOT / "tests" / "workflow" / name for name in ("one_study.yaml", "long_trainings.yaml")))
KILLS = 25
OF_SNAKEMAKE = 0.3  # share of the kills that hit Snakemake; the others hit one of its processes
SECONDS = (0.2, 5.0)  # from the first job, or the last kill, to a kill
PATIENCE_S = 30  # in which jobs notice that their run is over


def start(folder: Path) -> subprocess.Popen[bytes]:
    line = command(folder, overlays=OVERLAYS)
    return subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def jobs_of(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes below Snakemake as soon as there are some; none where it has ended."""
    while run.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            if jobs := psutil.Process(run.pid).children(recursive=True):
                return jobs
        time.sleep(0.05)
    return []


def test_a_run_that_is_killed_at_random_ends_with_the_same_bytes(tmp_path: Path) -> None:
    calm, chaos = tmp_path / "calm", tmp_path / "chaos"
    for folder in (calm, chaos):
        folder.mkdir()
    assert start(calm).wait() == 0
    dice, killed = random.Random(0), []
    while len(killed) < KILLS:
        run, jobs = start(chaos), []
        while len(killed) < KILLS and jobs_of(run):
            time.sleep(dice.uniform(*SECONDS))
            jobs = jobs_of(run)
            victim = run if dice.random() < OF_SNAKEMAKE else dice.choice(jobs or [run])
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.send_signal(signal.SIGKILL)
                killed.append("snakemake" if victim is run else "job")
                if victim is run:
                    break
        if len(killed) == KILLS:
            run.kill()
        assert run.wait() != 0, f"only {len(killed)} kills, and nothing is left to do: {killed}"
        _, alive = psutil.wait_procs(jobs, timeout=PATIENCE_S)
        assert not alive, "jobs went on without their run"
    assert min(killed.count("snakemake"), killed.count("job")) > KILLS // 5, killed
    assert start(chaos).wait() == 0
    assert outcome(chaos) == outcome(calm)
    assert not list(chaos.rglob(".part-*"))
