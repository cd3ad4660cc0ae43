"""The one way to write: beside the target, then renamed into place."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from rerad.core.errors import UnwritableError

PART = ".part-"
_SHORT = re.compile(r"\d+ requested and \d+ written")  # numpy tells of a full disk no other way


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and rename it into place if the block ends without an error.

    The temporary name keeps the suffixes, because writers of images choose their format by them.

    Raises:
        UnwritableError: the folder cannot be written.
    """
    path = Path(path)
    part = path.with_name(f"{PART}{uuid.uuid4().hex[:8]}.{path.name}")
    make_folder(path.parent)
    try:
        yield part
        if part.exists():
            _flush(part)
        os.replace(part, path)
    except OSError as error:
        if not _of_writing(error, part):
            raise
        raise unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` that takes its place, whole, if the block ends without an error.

    Raises:
        UnwritableError: the folder cannot be written.
    """
    path = Path(path)
    part = path.with_name(f"{PART}{uuid.uuid4().hex[:8]}.{path.name}")
    make_folder(path.parent)
    try:
        part.mkdir()
        yield part
        old = path.with_name(f"{PART}{uuid.uuid4().hex[:8]}.{path.name}")
        if path.exists():
            os.replace(path, old)
        os.replace(part, path)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if not _of_writing(error, part):
            raise
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def unfinished(path: str | Path) -> Path:
    """Return where :func:`appending` collects the bytes of ``path`` until :func:`finish` gives them its name.

    It is no leftover to be removed: a download goes on from it.
    """
    path = Path(path)
    return path.with_name(f".{path.name}.unfinished")


@contextlib.contextmanager
def appending(path: str | Path) -> Iterator[BinaryIO]:
    """Yield the unfinished file of ``path``, opened at its end; it stays, with what it has, however the block ends.

    Raises:
        UnwritableError: it cannot be written.
    """
    path = Path(path)
    make_folder(path.parent)
    try:
        with open(unfinished(path), "ab", buffering=2**20) as file:
            yield file
    except OSError as error:
        raise unwritable(path, error) from error


def hand_over(file: BinaryIO) -> None:
    """Let the disk begin with what was written so far, and the memory go that held it.

    Otherwise a file larger than the memory pushes everything else out of it, and waits for the disk at its end. This
    does not wait (Linux: the advice starts the writing of what is dirty, and drops what is written already).
    """
    file.flush()
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):  # some file systems take no advice
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def finish(path: str | Path) -> None:
    """Flush the unfinished file of ``path`` to the disk and rename it into place.

    Raises:
        UnwritableError: the place cannot be written.
    """
    path = Path(path)
    try:
        _flush(unfinished(path))
        os.replace(unfinished(path), path)
    except OSError as error:
        raise unwritable(path, error) from error


def make_folder(path: str | Path) -> Path:
    """Make a folder and its parents.

    Raises:
        UnwritableError: it cannot be made.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def remove_leftovers(folder: str | Path, *, spare: Callable[[str], bool] = lambda place: False) -> int:
    """Remove what killed processes left half-written below ``folder``; return how many there were.

    Folders that ``spare`` says yes to, such as those where others are at work, are left as they are.
    """
    count = 0
    for root, folders, files in os.walk(folder):
        if spare(root):
            folders.clear()
            continue
        for name in [n for n in folders if n.startswith(PART)]:
            shutil.rmtree(Path(root, name), ignore_errors=True)
            folders.remove(name)
            count += 1
        for name in files:
            if name.startswith(PART):
                Path(root, name).unlink(missing_ok=True)
                count += 1
    return count


def write_text(path: str | Path, text: str) -> None:
    """Write text as UTF-8 with Unix line ends."""
    with atomic(path) as part:
        part.write_bytes(text.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON with sorted keys."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def write_csv(path: str | Path, table: pd.DataFrame, *, exact: bool = False) -> None:
    """Write a table without its index, numbers with ten significant digits.

    ``exact``: with as many as it takes to read the same number again, whatever its precision was.
    """
    if exact:  # of single precision pandas would write too few for a reader of doubles
        table = table.astype(dict.fromkeys(table.select_dtypes("floating"), "float64"))
    with atomic(path) as part:
        table.to_csv(part, index=False, lineterminator="\n", float_format=None if exact else "%.10g")


def write_array(path: str | Path, values: np.ndarray) -> None:
    """Write an array (.npy) in C order."""
    with atomic(path) as part:
        np.save(part, np.ascontiguousarray(values))


def new_array(path: str | Path, kind: Any, shape: tuple[int, ...]) -> np.memmap:
    """Return an array (.npy) to be filled in place, with its room on the disk.

    A mapped page for which a full disk has no room would end the process without a word.
    """
    array = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, os.path.getsize(path))
    return array


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_full(error: BaseException) -> bool:
    """Tell whether an error is that of a full disk, or of a used-up quota."""
    if not isinstance(error, OSError):
        return False
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or (error.errno is None and bool(_SHORT.match(str(error))))


def _of_writing(error: OSError, part: Path) -> bool:
    """Tell whether an error inside a block that writes ``part`` is one of writing: an input may fail in it too."""
    if error.filename is None:
        return is_full(error) or error.errno is not None
    return is_full(error) or Path(os.fsdecode(error.filename)).is_relative_to(part)


def _flush(part: Path) -> None:
    # Without it a power cut can leave a file of the right name and no bytes.
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> UnwritableError:
    """Return the error for a place that cannot be written."""
    told = os.strerror(errno.ENOSPC) if is_full(error) and error.errno is None else error.strerror or str(error)
    return UnwritableError(
        f"cannot be written ({told})",
        where=str(path),
        remedy="Free space or give write permission there, or set paths.results and paths.data to other folders",
    )
