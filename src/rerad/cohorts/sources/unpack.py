"""Unpacking that stays in its folder and knows where to stop."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import json
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from rerad.cohorts.manifest import Entry
from rerad.cohorts.sources.disk import amount, check_space
from rerad.cohorts.sources.remote import inside
from rerad.core.errors import ReradError
from rerad.core.files import atomic, atomic_folder, make_folder, sha256, unwritable, write_json
from rerad.core.lock import one_at_a_time

BLOCK = 2**20
RECEIPT = ".unpacked.json"
# DEFLATE reaches 1032:1 on zeros. Masks come near it one by one, whole collections of scans stay below 20.
LARGEST_RATIO = 200
# Below this an archive may unpack to whatever it likes: one mask of 240×240×155 voxels alone passes the ratio.
HARMLESS = 256 * 2**20
MOST_ENTRIES = 2_000_000
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # an encrypted zip
    NotImplementedError,  # a compression that the library does not know
    struct.error,
    ValueError,
    OverflowError,
)


def _itself(file: IO[bytes]) -> IO[bytes]:
    return file


class DamagedError(ReradError):
    """The archive came damaged, or without what it should hold: another copy of it may be whole."""


class Member(NamedTuple):
    """One file of an archive, to be read before the next is asked for; ``size`` as the archive says."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


Files = dict[str, Entry]


def unpack(
    archive: Path,
    folder: Path,
    *,
    largest: int | None = None,
    keep: Sequence[str] = (),
    accept: Callable[[Path, Files], Files] = lambda _, files: files,
) -> Files:
    """Unpack a zip or tar (plain, gz, bz2, xz) into ``folder`` and return size and SHA-256 of every file.

    The folder appears whole or not at all; what was in it before is replaced. If it stems from the same archive and
    patterns and is still what it was, nothing is done. Only files and folders come out: links and devices have no place
    in an archive of scans, and a link is the classic way out of the folder.

    Args:
        archive: the file, read in one pass and never held in memory.
        folder: filled; processes that unpack into the same one take turns.
        largest: bytes that may come out; None: ``LARGEST_RATIO`` times the archive, at least ``HARMLESS``.
        keep: patterns (``fnmatch``; ``*`` passes over ``/`` too) of the entries that are wanted; none: all of them.
        accept: is given the folder, before it has its name, and what came out; returns what is to stay, or raises.

    Raises:
        DamagedError: a truncated, damaged or encrypted archive.
        ReradError: an entry that leaves the folder, a link, a bomb, two entries of one name, a pattern that no
            entry fits, or a full disk. It names the archive and the entry.
    """
    limit = max(HARMLESS, LARGEST_RATIO * archive.stat().st_size) if largest is None else largest
    digest = " ".join([sha256(archive), *keep])
    with one_at_a_time(folder):
        if (known := unpacked_before(folder, digest)) is not None:
            return known
        with atomic_folder(folder) as part, _named_errors(archive):
            came = _extract(archive, part, limit, keep)
            files = accept(part, came)
            for name in came.keys() - files.keys():
                (part / name).unlink()
            receipt = {"archive": digest, "files": {name: list(entry) for name, entry in files.items()}}
            write_json(part / RECEIPT, receipt)
    return files


def _extract(archive: Path, part: Path, limit: int, keep: Sequence[str]) -> Files:
    files: Files = {}
    left = limit
    with _members(archive, part, limit) as members:
        for member in members:
            where = f"{archive.name}: {member.name}"
            name = str(inside(member.name, where=archive.name))
            if name in files or name == RECEIPT:
                raise ReradError("the entry stands twice", where=where)
            if member.size > left:
                raise _bomb(where, limit)
            if _wanted(name, keep):
                make_folder((part / name).parent)
                files[name] = _copy(member, part / name, left, where=where, limit=limit)
            left -= member.size
    for pattern in keep:
        if not any(fnmatchcase(name, pattern) for name in files):
            raise ReradError(f"no entry fits {pattern!r}", where=archive.name, remedy="The source may have changed")
    return files


def _wanted(name: str, keep: Sequence[str]) -> bool:
    return not keep or any(fnmatchcase(name, pattern) for pattern in keep)


def _copy(member: Member, target: Path, left: int, *, where: str, limit: int) -> Entry:
    digest, size = hashlib.sha256(), 0
    with member.open() as source, atomic(target) as part, open(part, "wb") as file:
        while block := _read(source):
            size += len(block)
            if size > left:  # an archive may say less than it holds
                raise _bomb(where, limit)
            digest.update(block)
            file.write(block)
    if size != member.size:
        raise DamagedError(f"{size} bytes came out for {member.size}", where=where)
    return Entry(size, digest.hexdigest())


def _read(source: IO[bytes]) -> bytes:
    try:
        return source.read(BLOCK)
    except OSError as error:
        if error.errno is not None:
            raise
        # gzip and bz2 speak of damaged data like this; the disk, on which we write meanwhile, is not to blame.
        raise tarfile.ReadError(str(error)) from error


def _bomb(where: str, limit: int) -> ReradError:
    return ReradError(
        f"more than {amount(limit)} would come out of the archive",
        where=where,
        remedy="It looks like a zip bomb: do not use it",
    )


@contextlib.contextmanager
def _members(archive: Path, part: Path, limit: int) -> Iterator[Iterator[Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            declared = sum(info.file_size for info in opened.infolist())
            if declared > limit:
                raise _bomb(archive.name, limit)
            check_space(part, declared)
            yield _zip_members(opened, archive.name)
    else:
        check_space(part, archive.stat().st_size)  # at least; how much comes out only shows on the way
        with contextlib.closing(_decompressed(archive)) as stream:
            yield _tar_members(stream, archive.name, limit)


def _zip_members(opened: zipfile.ZipFile, archive: str) -> Iterator[Member]:
    for info in opened.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise ReradError("a link or device", where=f"{archive}: {info.filename}")
        if not info.is_dir():
            yield Member(info.filename, info.file_size, partial(opened.open, info))


class _StrictTarInfo(tarfile.TarInfo):
    """A header that is damaged or missing is an error; tarfile takes it for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _StrictTarInfo:
        try:
            info = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"truncated or damaged: {error}") from error
        # tarfile reads a long name or an extended header into memory, however long it says it is.
        if not (info.isreg() or info.isdir()) and info.size > BLOCK:
            raise tarfile.ReadError(f"a header of {info.size} bytes")
        return info


def _tar_members(stream: IO[bytes], archive: str, limit: int) -> Iterator[Member]:
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_StrictTarInfo) as opened:
        for count, info in enumerate(opened, 1):
            if count > MOST_ENTRIES:
                raise ReradError(f"more than {MOST_ENTRIES} entries", where=archive)
            # In a stream tarfile keeps a list of all members that nobody asks for again.
            opened.members = []  # type: ignore[attr-defined]
            if info.isdir():
                continue
            if not info.isreg():
                raise ReradError("a link or device", where=f"{archive}: {info.name}")
            file = opened.extractfile(info)
            assert file is not None
            yield Member(info.name, info.size, partial(_itself, file))
    for _ in range(limit // BLOCK + 1):
        if not _read(stream):  # the checksum of the compression stands at its end
            return
    raise _bomb(archive, limit)


def _decompressed(archive: Path) -> IO[bytes]:
    with open(archive, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(archive)  # type: ignore[return-value]
    if start.startswith(b"BZh"):
        return bz2.open(archive)
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(archive)
    return open(archive, "rb")


@contextlib.contextmanager
def _named_errors(archive: Path) -> Iterator[None]:
    remedy = "Delete it and fetch it again; if it comes back the same, the source's file is broken"
    try:
        yield
    except BROKEN as error:
        what = f"the archive is truncated, damaged or encrypted ({type(error).__name__}: {error})"
        raise DamagedError(what, where=str(archive), remedy=remedy) from error
    except OSError as error:
        if error.errno is None:  # bz2 says so: invalid data stream
            raise DamagedError(f"the archive is damaged ({error})", where=str(archive), remedy=remedy) from error
        raise unwritable(archive, error) from error


def unpacked_before(folder: Path, archive: str | None = None) -> Files | None:
    """Return what came out before, of the archive of this SHA-256 or of any, if every file is still the same."""
    try:
        receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        files = {name: Entry(*entry) for name, entry in receipt["files"].items()}
        same = archive in (None, receipt["archive"])
        same = same and all(_holds(folder / inside(name, where=RECEIPT), entry) for name, entry in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ReradError):
        return None
    present = {os.path.relpath(Path(root, file), folder) for root, _, names in os.walk(folder) for file in names}
    return files if same and present == {*files, RECEIPT} else None


def _holds(path: Path, entry: Entry) -> bool:
    return path.is_file() and path.stat().st_size == entry.size and sha256(path) == entry.sha256
