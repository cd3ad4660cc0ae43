"""What is to be fetched, and what it was when it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from rerad.cohorts.manifest import Row as Row
from rerad.cohorts.sources.checksums import parse
from rerad.core.errors import ConfigError, ReradError


class Token(NamedTuple):
    """Where a token stands (the name of an environment variable) and the header that carries it.

    The token itself is looked up for each request and is held by nothing that is printed or logged.
    """

    variable: str
    header: str = "Authorization"
    prefix: str = "Bearer "


class Remote(NamedTuple):
    """One file of a source: its place below the folder, its address, and what the source says about it.

    ``size`` in bytes and ``checksum`` (``md5:…`` or ``sha256:…``, hexadecimal) are empty where the source does not
    publish them. ``self_proving``: its content, once unpacked, shows whether it is whole and right, so that it may come
    from a server that does not say how long it is.
    """

    file: str
    url: str
    size: int | None = None
    checksum: str = ""
    licence: str = ""
    doi: str = ""
    token: Token | None = None
    self_proving: bool = False


class Estimate(NamedTuple):
    """What a dry run says of a source; None where nobody knows before the files are there."""

    files: int | None
    size: int | None  # bytes


def total(remotes: Sequence[Remote]) -> Estimate:
    """Return how many files there are and how many bytes, None if the size of any is unknown."""
    sizes = [remote.size for remote in remotes if remote.size is not None]
    return Estimate(len(remotes), sum(sizes) if len(sizes) == len(remotes) else None)


def check(remotes: Sequence[Remote]) -> None:
    """Refuse files that leave the folder, names that stand twice, and addresses that cannot be used.

    Raises:
        ConfigError: an address is not http(s) or carries a password, or a checksum is none.
        ReradError: a name leaves the folder or stands twice.
    """
    for remote in remotes:
        inside(remote.file, where=shown(remote.url))
        parts = urlsplit(remote.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("the address is not http:// or https://", where=shown(remote.url))
        if "@" in parts.netloc:
            raise ConfigError(
                "the address carries a password",
                where=shown(remote.url),
                remedy="Take it out: tokens come from the environment only",
            )
        if remote.checksum:
            parse(remote.checksum, where=remote.file)
    twice = [file for file, count in Counter(PurePosixPath(remote.file) for remote in remotes).items() if count > 1]
    if twice:
        raise ReradError(f"{twice[0]} would be written by two addresses", where="download")


def inside(name: str, *, where: str) -> PurePosixPath:
    """Return a relative path that stays inside its folder, whatever system its name was made for.

    Raises:
        ReradError: the name is empty, absolute, has a drive, or climbs with ``..``.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = len(name) > 1 and name[1] == ":"
    unprintable = any(ord(letter) < 32 for letter in name)
    if not path.parts or path.is_absolute() or drive or ".." in path.parts or unprintable:
        raise ReradError(
            f"the name {name!r} would leave the folder",
            where=where,
            remedy="Do not use this file: whoever made it made a mistake or means harm",
        )
    return path


def shown(url: str) -> str:
    """Return an address as it may be logged: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def row(remote: Remote, size: int, sha256: str) -> Row:
    """Return the manifest's row of a file that has come."""
    return Row(remote.file, size, sha256, shown(remote.url), remote.licence, remote.doi)


def place(folder: Path, remote: Remote) -> Path:
    """Return where a file belongs."""
    return folder / inside(remote.file, where=shown(remote.url))
