"""A job ends with its run, on the run's own machine and on another one of a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rerad.core import life
from rerad.core.lock import claim_run

RUN = """
import subprocess, sys, time
from rerad.core import life
from rerad.core.lock import claim_run
life.mark_run(claim_run(sys.argv[1]))
job = subprocess.Popen([sys.executable, "-c", sys.argv[2]])
time.sleep(60)
"""
JOB = """
import time
from rerad.core import life
life.end_with_run(every_s=0.05)
print("works", flush=True)
time.sleep(60)
"""


def test_a_job_ends_with_the_run_that_started_it(tmp_path: Path) -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN, tmp_path, JOB], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert run.stdout is not None
    assert run.stdout.readline() == "works\n"
    run.kill()
    run.wait()
    started = time.monotonic()
    assert run.stdout.read() == ""  # the pipe closes when the job, its last holder, is gone
    assert time.monotonic() - started < 30


def test_a_job_on_another_host_ends_when_another_run_has_taken_over(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    lock.write_text("process 1 on login\n")
    environment = os.environ | {life.RUN_PROCESS: "login:1", life.RUN_LOCK: str(lock)}
    with subprocess.Popen([sys.executable, "-c", JOB], stdout=subprocess.PIPE, text=True, env=environment) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "works\n"
        time.sleep(0.5)
        assert job.poll() is None
        claim_run(tmp_path)  # by this process, which is not the run of the job
        assert job.wait(timeout=60) == 1
    late = subprocess.run([sys.executable, "-c", JOB], capture_output=True, text=True, env=environment, check=False)
    assert (late.returncode, late.stdout) == (1, "")


def test_a_run_elsewhere_lives_as_long_as_it_touches_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    lock = tmp_path / ".lock"
    lock.write_text("process 1 on login\n")
    alive = life.Heartbeat(lock, "process 1 on login", 900.0)
    os.utime(lock, (5, 5))  # whatever the clock of the other host says
    assert alive()
    now += 899
    assert alive()
    os.utime(lock, (4, 4))
    assert alive()
    now += 899
    assert alive()
    now += 2
    assert not alive()


def test_a_file_server_that_is_away_for_a_while_is_no_end_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    lock = tmp_path / ".lock"
    alive = life.Heartbeat(lock, "process 1 on login", 900.0)
    now += 899
    assert alive()
    lock.write_text("")  # as while it is being claimed
    assert alive()
    lock.unlink()
    now += 899
    assert alive()
    now += 2
    assert not alive()


def test_a_run_touches_its_lock_and_is_named_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (life.RUN_PROCESS, life.RUN_LOCK):
        monkeypatch.setenv(name, "")  # so that they are put back
    lock = claim_run(tmp_path)
    assert lock.read_text() == f"{life.run_name()}\n"
    os.utime(lock, (0, 0))
    life.mark_run(lock, every_s=0.05)
    before = time.time()
    while lock.stat().st_mtime < before and time.time() < before + 30:
        time.sleep(0.05)
    assert lock.stat().st_mtime >= before
    assert os.environ[life.RUN_LOCK] == str(lock)
