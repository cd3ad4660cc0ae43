"""One run at a time in a results folder, one job at a time on a device, and no lock left behind by a killed one."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from rerad.core.errors import ReradError
from rerad.core.files import PART, make_folder, remove_leftovers, unwritable
from rerad.core.life import run_name

log = logging.getLogger(__name__)
_held: dict[Path, TextIO] = {}


@contextlib.contextmanager
def one_at_a_time(folder: str | Path) -> Iterator[None]:
    """Wait until nobody else works on ``folder``, hold it during the block, and clear what a killed process left.

    The lock lies beside the folder, which may be replaced as a whole meanwhile.

    Raises:
        ReradError: the place cannot be written.
    """
    folder = Path(folder)
    path = make_folder(folder.parent) / f".{folder.name}.lock"
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for part in folder.parent.glob(f"{PART}*.{folder.name}"):
            shutil.rmtree(part, ignore_errors=True)
        yield


def claim_run(folder: str | Path, *, snakemake_folder: str | Path = ".snakemake") -> Path:
    """Hold the lock of a run's folder until this process ends, however it ends, and return its file.

    While it is held nobody else is at work there, so half-written files and Snakemake's own locks on the files of this
    folder can only stem from a killed run: they are removed. Locks of other runs in the same place are left alone.

    Raises:
        ReradError: another process holds the lock, or the folder cannot be written.
    """
    folder = make_folder(folder)
    path = (folder / ".lock").resolve()
    if path in _held:
        return path
    file = _opened(path)  # and kept open: closing it would release the lock
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown process"
        file.close()
        raise ReradError(
            f"another run is at work here ({holder})",
            where=str(folder),
            remedy="Wait for it to end, or give this one another name with --config run=NAME",
        ) from error
    file.truncate(0)
    file.write(f"{run_name()}\n")  # jobs on other machines end when it is another's
    file.flush()
    _held[path] = file
    remove_leftovers(folder)
    _clear_stale_locks(folder, Path(snakemake_folder) / "locks")
    return path


def at_work(folder: str | Path) -> str:
    """Return who is at work on a run's folder, as its lock names them, or an empty text; nothing is changed."""
    try:
        with open(Path(folder) / ".lock", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "unknown process"
    except OSError:  # a copy of a run may come without its lock, or from a file system that has none
        return ""
    return ""


@contextlib.contextmanager
def one_of(paths: Sequence[Path], *, what: str, wait_s: float = 1.0) -> Iterator[int]:
    """Hold the first of several locks that is free, wait for one if none is, and yield its index.

    A lock ends with the process that holds it, however it ends.

    Raises:
        ReradError: the place cannot be written.
    """
    told = False
    while True:
        for index, path in enumerate(paths):
            make_folder(path.parent)
            with _opened(path) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield index
                return
        if not told:
            log.info("no free %s (%d taken): waiting for one", what, len(paths))
            told = True
        time.sleep(wait_s)


def _opened(path: Path) -> TextIO:
    try:
        return open(path, "a+", encoding="utf-8")
    except OSError as error:
        raise unwritable(path, error) from error


def _clear_stale_locks(folder: Path, locks: Path) -> None:
    prefixes = (f"{folder}/", f"{folder.resolve()}/")
    for lock in locks.glob("*.lock"):
        if any(line.startswith(prefixes) for line in lock.read_text(encoding="utf-8").splitlines()):
            lock.unlink(missing_ok=True)
