"""Cases of an acquired cohort that has one folder a case."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rerad.cohorts.manifest import Entry
from rerad.cohorts.names import check_names


class Case(NamedTuple):
    """A case of an acquired cohort: its folder's name, the cohort's folder, and the case's files there."""

    name: str
    folder: Path
    files: dict[str, Entry]

    def __str__(self) -> str:
        return self.name


def acquired_cases(folder: Path, manifest: dict[str, Entry]) -> dict[str, Case]:
    """Return the cases of an acquired cohort by name, in order: every folder that the manifest names.

    Raises:
        ReradError: a folder has a name that no table can hold.
    """
    cases: dict[str, Case] = {}
    for file in sorted(manifest):
        name, _, inside = file.partition("/")
        if inside:
            cases.setdefault(name, Case(name, folder, {})).files[file] = manifest[file]
    check_names(cases, where=str(folder))
    return dict(sorted(cases.items()))
