"""Files at plain addresses, each with its checksum."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rerad.cohorts.manifest import Entry
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row, Token, inside, total
from rerad.cohorts.sources.unpack import unpack
from rerad.core.errors import ConfigError


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the files of the settings.

    ``settings``: ``files``, a list of ``file`` (its name in the folder), ``url``, ``checksum`` (``md5:…`` or
    ``sha256:…``) and, optionally, ``size`` in bytes and ``unpack`` (the folder that an archive fills); ``licence``,
    ``doi``; ``token``, the name of the environment variable that holds one.

    Raises:
        ConfigError: a key is missing.
    """
    token = Token(settings["token"]) if settings.get("token") else None
    remotes = []
    for index, file in enumerate(settings["files"]):
        for key in ("file", "url", "checksum"):
            if not file.get(key):
                raise ConfigError(f"{key!r} is missing", where=f"url.files[{index}]")
        licence, doi = settings.get("licence", ""), settings.get("doi", "")
        remotes.append(Remote(file["file"], file["url"], file.get("size"), file["checksum"], licence, doi, token))
    return remotes


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return how many files there are and how many bytes, as far as the settings say it.

    Raises:
        ConfigError: see :func:`plan`.
    """
    return total(plan(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the files, unpack those that are to be, and return the rows of the manifest.

    Raises:
        ConfigError, ReradError: see :func:`plan`, :func:`~rerad.cohorts.sources.download.download` and
            :func:`~rerad.cohorts.sources.unpack.unpack`.
    """
    rows = download(plan(settings), folder, workers=workers, label="url")
    return unpacked(folder, rows, {file["file"]: file["unpack"] for file in settings["files"] if file.get("unpack")})


def unpacked(folder: Path, rows: list[Row], targets: dict[str, str], keep: Sequence[str] = ()) -> list[Row]:
    """Unpack archives (file → folder it fills) and return the rows with what came out in the place of the archive.

    ``keep``: patterns of the entries that are wanted; none: all of them.
    """
    found = []
    for row in rows:
        if row.file not in targets:
            found.append(row)
            continue
        name = inside(targets[row.file], where=row.file)
        entries: dict[str, Entry] = unpack(folder / row.file, folder / name, keep=keep)
        found += [row._replace(file=f"{name}/{file}", size=e.size, sha256=e.sha256) for file, e in entries.items()]
    return found
