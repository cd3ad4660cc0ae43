"""A cohort from a local folder: what lies in it, and links to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rerad.core.errors import ReradError


def walk(folder: Path) -> Iterator[list[Path]]:
    """Yield the visible files of a folder and of every visible folder below it, both in order; links are followed."""
    seen = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in seen:  # a link back to a folder above would never end
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield [Path(place, name) for name in sorted(names) if not name.startswith(".")]


def check_source(path: Path, origins: Iterable[Path], folder: Path, *, key: str) -> None:
    """Refuse a local source that is no folder, or of which something lies where the cohort is to come.

    Raises:
        ReradError: naming the ``key`` of the configuration that sets the source.
    """
    if not path.is_dir():
        raise ReradError("no such folder", where=str(path), remedy=f"Set {key} to the folder of the scans")
    for origin in origins:
        if origin.resolve().is_relative_to(folder.resolve()):
            raise ReradError(
                f"it lies in {folder}, whose content acquiring replaces",
                where=str(origin),
                remedy="Set paths.data to another folder than the one of the scans",
            )


def link(part: Path, origins: Mapping[str, Path], *, relative: bool = False) -> None:
    """Link files into a folder, by the paths they are to have there; ``relative`` links survive a move of both."""
    for file, origin in origins.items():
        place = part / file
        place.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(os.path.relpath(origin, place.parent) if relative else origin, place)
