"""A job must not outlive the run that started it, nor a worker its job."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

RUN_PROCESS = "RERAD_RUN_PROCESS"
RUN_LOCK = "RERAD_RUN_LOCK"
BEAT_S = 30.0
# Far longer than a file server hangs or hides what another machine wrote.
SILENT_S = 900.0


def run_name() -> str:
    """Return how the lock of a run names this process."""
    return _name(os.uname().nodename, os.getpid())


def mark_run(lock: Path, *, every_s: float = BEAT_S) -> None:
    """Name this process, host included, as the one that jobs end with, and touch the run's lock as long as it lives.

    Jobs on other machines of a cluster see the process by nothing else.
    """
    lock = lock.absolute()
    os.environ[RUN_PROCESS] = f"{os.uname().nodename}:{os.getpid()}"
    os.environ[RUN_LOCK] = str(lock)

    def beat() -> None:
        while True:
            with contextlib.suppress(OSError):
                os.utime(lock)
            time.sleep(every_s)

    threading.Thread(target=beat, daemon=True, name="beat").start()


def end_with_run(*, every_s: float = 10.0, silent_s: float = SILENT_S) -> None:
    """End this job soon after its run has ended, and at once if it has already.

    A killed Snakemake leaves its jobs behind; a new run would then compute beside them. On the run's own host its
    process is watched. On another host it is the run's lock: the job ends when the lock names another run, and when the
    run has not touched it for ``silent_s`` seconds, whatever the clocks of both hosts say.
    """
    host, _, process = os.environ.get(RUN_PROCESS, "").partition(":")
    lock = os.environ.get(RUN_LOCK)
    if not process.isdigit():
        return
    if host == os.uname().nodename:
        end_with(int(process))
    elif lock:
        _end_unless(Heartbeat(Path(lock), _name(host, int(process)), silent_s), every_s, "watch the run")


def end_with(process: int, every_s: float = 0.5) -> None:
    """Watch another process from a thread and end this one, at once, when it is gone."""
    _end_unless(lambda: _alive(process), every_s, "watch")


class Heartbeat:
    """Tells, when called, whether the run called ``name`` still holds its lock and touches it."""

    def __init__(self, lock: Path, name: str, silent_s: float) -> None:
        self.lock, self.name, self.silent_s = lock, name, silent_s
        self.touched, self.seen = -1, time.monotonic()

    def __call__(self) -> bool:
        now = time.monotonic()
        try:
            text = self.lock.read_text(encoding="utf-8").strip()
            touched = self.lock.stat().st_mtime_ns
        except OSError:  # a server that is away for a while is no end of the run
            return now - self.seen < self.silent_s
        if text and text != self.name:  # it is empty for a moment while a run claims it
            return False
        if touched != self.touched:
            self.touched, self.seen = touched, now
        return now - self.seen < self.silent_s


def _end_unless(alive: Callable[[], bool], every_s: float, name: str) -> None:
    """End this process without any clearing up, now or later, when ``alive`` says no."""
    if not alive():
        os._exit(1)

    def watch() -> None:
        time.sleep(every_s)
        while alive():
            time.sleep(every_s)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name=name).start()


def _name(host: str, process: int) -> str:
    return f"process {process} on {host}"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(process)


def _is_zombie(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return False
