"""One run at a time in a results folder, one job at a time on a device, and no lock left behind by a killed one."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from rerad.core.errors import ReradError, UnwritableError
from rerad.core.files import PART, make_folder, remove_leftovers, unwritable
from rerad.core.life import run_name

log = logging.getLogger(__name__)
RUN = ".lock"  # of a run's folder, held by one
SHARED = ".runs.lock"  # of a data folder, held by every run that uses it
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


def claim_run(
    folder: str | Path, *, data: str | Path | None = None, snakemake_folder: str | Path = ".snakemake"
) -> Path:
    """Hold the lock of a run's folder until this process ends, however it ends, and return its file.

    While it is held nobody else is at work there, so half-written files and Snakemake's own locks on the files of this
    folder can only stem from a killed run: they are removed. Locks of other runs in the same place are left alone.
    The folder of ``data`` is shared: what lies there is a killed run's where no other living run has claimed it too.

    Raises:
        ReradError: another process holds the lock, or the folder cannot be written.
    """
    folder = make_folder(folder)
    path = (folder / RUN).resolve()
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
    with _joined(data) as alone:
        used = {Path(place).resolve() for place in (folder, data) if place is not None}
        mine = used if alone else {folder.resolve()}
        remove_leftovers(folder, spare=lambda place: _is_held(Path(place), SHARED, mine))
        _clear_stale_locks(Path(snakemake_folder) / "locks", used, mine)
    return path


def at_work(folder: str | Path) -> str:
    """Return who is at work on a run's folder, as its lock names them, or an empty text; nothing is changed."""
    try:
        with open(Path(folder) / RUN, encoding="utf-8") as file:
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


@contextlib.contextmanager
def _joined(data: str | Path | None) -> Iterator[bool]:
    """Share a data folder with other runs until this process ends; yield whether none of them is alive.

    Until the block ends a run that is alone keeps those waiting that start meanwhile.
    """
    path = None if data is None else (Path(data) / SHARED).resolve()
    if path is None or path in _held:
        yield False
        return
    try:
        make_folder(path.parent)
        file = _opened(path)
    except UnwritableError:  # finished data of somebody else: nothing is acquired into it either
        yield False
        return
    _held[path] = file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        alone = False
    try:
        yield alone
    finally:
        fcntl.flock(file, fcntl.LOCK_SH)


def _is_held(folder: Path, name: str, mine: Collection[Path]) -> bool:
    """Tell whether a living run holds the lock of a folder, which is none of ``mine``."""
    try:
        with open(folder / name, "r+", encoding="utf-8") as file:
            if folder.resolve() in mine:
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # held, or somebody else's, of which nobody can tell
        return True
    return False


def _clear_stale_locks(locks: Path, used: Collection[Path], mine: Collection[Path]) -> None:
    """Remove the locks of dead Snakemakes on files in folders that are ``used``; those of ``mine`` nobody else uses.

    A lock that names results is of the run that holds their folder; one that names nothing but data is of somebody who
    shares theirs.
    """
    claimed = functools.cache(_claimed)
    for lock in locks.glob("*.lock"):
        try:
            names = {os.path.dirname(line) for line in lock.read_text(encoding="utf-8").splitlines()}
        except FileNotFoundError:  # its maker has just ended
            continue
        found = {place for name in names if (place := claimed(Path(name).resolve()))}
        makers = {place for place in found if place[1] == RUN} or found
        if any(folder in used for folder, _ in found) and not any(_is_held(*place, mine) for place in makers):
            lock.unlink(missing_ok=True)


def _claimed(folder: Path) -> tuple[Path, str] | None:
    """Return the nearest folder at or above one that runs have claimed, and by which lock."""
    for place in (folder, *folder.parents):
        for name in (SHARED, RUN):
            if (place / name).exists():
                return place, name
    return None
