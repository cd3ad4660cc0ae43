"""The manifest of an acquired cohort: what every file was when it was acquired."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rerad.core.errors import CaseError, ReradError
from rerad.core.files import sha256, write_csv

NAME = "manifest.csv"


class Row(NamedTuple):
    """A row of ``manifest.csv``, its fields in the order of ``COLUMNS``."""

    file: str
    size: int
    sha256: str
    url: str
    licence: str
    doi: str


class Entry(NamedTuple):
    """Size in bytes and SHA-256 of one file."""

    size: int
    sha256: str


COLUMNS = list(Row._fields)


def measured(folder: Path, files: dict[str, str], *, licence: str = "", doi: str = "") -> list[Row]:
    """Return the rows of files that are there (path relative to the folder → where it comes from)."""
    return [
        Row(file, (folder / file).stat().st_size, sha256(folder / file), url, licence, doi)
        for file, url in files.items()
    ]


def write_manifest(folder: Path, rows: Iterable[Row]) -> None:
    """Write ``manifest.csv``, sorted by file."""
    write_csv(folder / NAME, pd.DataFrame(sorted(rows), columns=COLUMNS))


def read_manifest(folder: Path) -> dict[str, Entry]:
    """Return size and SHA-256 of every file of an acquired cohort.

    Raises:
        ReradError: there is no manifest, or a column is missing.
    """
    path = folder / NAME
    if not path.is_file():
        raise ReradError("the file is missing", where=str(path), remedy="Acquire the cohort first")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise ReradError(f"column {missing[0]!r} is missing", where=str(path), remedy="Acquire the cohort again")
    return {row.file: Entry(int(row.size), row.sha256) for row in table.itertuples(index=False)}


def check_file(folder: Path, file: str, entry: Entry) -> Path:
    """Return the path of an acquired file after checking that it is what it was.

    Raises:
        CaseError: it is gone, or its size or SHA-256 differs.
    """
    path = folder / file
    remedy = "Acquire the cohort again, or bring the old file back"
    if not path.is_file():
        raise CaseError("the file is gone since it was acquired", where=str(path), remedy=remedy)
    size = path.stat().st_size
    if size != entry.size:
        raise CaseError(f"changed since it was acquired: {size} bytes for {entry.size}", where=str(path), remedy=remedy)
    digest = sha256(path)
    if digest != entry.sha256:
        raise CaseError(
            f"changed since it was acquired: SHA-256 {digest[:12]}… for {entry.sha256[:12]}…",
            where=str(path),
            remedy=remedy,
        )
    return path


def check_table(folder: Path, file: str, entry: Entry) -> Path:
    """Return the path of an acquired file that is not a matter of one case, after the same check.

    Raises:
        ReradError: it is gone, or its size or SHA-256 differs.
    """
    try:
        return check_file(folder, file, entry)
    except CaseError as error:
        raise ReradError(error.what, where=error.where, remedy=error.remedy) from error
