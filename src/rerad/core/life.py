"""A job must not outlive the run that started it, nor a worker its job."""

from __future__ import annotations

import os
import threading
import time

RUN_PROCESS = "RERAD_RUN_PROCESS"


def mark_run() -> None:
    """Name this process, host included, as the one that jobs end with."""
    os.environ[RUN_PROCESS] = f"{os.uname().nodename}:{os.getpid()}"


def end_with_run() -> None:
    """End this job soon after its run has ended, if the run is on this host.

    A killed Snakemake leaves its jobs behind; a new run would then compute beside them.
    """
    host, _, process = os.environ.get(RUN_PROCESS, "").partition(":")
    if process.isdigit() and host == os.uname().nodename:
        end_with(int(process))


def end_with(process: int, every_s: float = 0.5) -> None:
    """Watch another process from a thread and end this one, at once, when it is gone."""

    def watch() -> None:
        while _alive(process):
            time.sleep(every_s)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch").start()


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
