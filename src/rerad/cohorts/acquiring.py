"""How every cohort is acquired: its folder filled as a whole from one of its sources, and credit given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rerad.cohorts.folders import link
from rerad.cohorts.manifest import Row, measured, write_manifest
from rerad.core.errors import ConfigError
from rerad.core.files import atomic_folder, write_text
from rerad.core.lock import one_at_a_time

CREDIT = "ATTRIBUTION.md"
Acquired = tuple[list[Row], str]  # the rows of the manifest, and ATTRIBUTION.md
Source = Callable[[Path], Acquired]  # fills an empty folder


def fill(folder: Path, source: str, sources: Mapping[str, Source], *, cohort: str) -> None:
    """Fill a cohort's folder from one of its sources, with manifest and attribution.

    What was in the folder before is replaced, as a whole and only once everything is there.

    Raises:
        ConfigError: an unknown source.
    """
    if source not in sources:
        raise ConfigError(
            f"{source!r} is no source of this cohort",
            where=f"cohorts.{cohort}.source",
            remedy=f"Write one of {', '.join(sources)}",
        )
    with one_at_a_time(folder), atomic_folder(folder) as part:
        rows, credit = sources[source](part)
        write_manifest(part, rows)
        write_text(part / CREDIT, credit)


def downloads(folder: Path) -> Path:
    """Return where a cohort's downloads are kept unless another place is named: beside its folder."""
    return folder.parent / "downloads" / folder.name


def link_measured(part: Path, origins: Mapping[str, Path], *, licence: str = "", doi: str = "") -> list[Row]:
    """Link files into a folder, by the paths they are to have there, and return their rows."""
    link(part, origins)
    return measured(part, {file: origin.as_uri() for file, origin in origins.items()}, licence=licence, doi=doi)


def link_local(
    part: Path, origins: Mapping[str, Path], settings: Mapping[str, Any], *, path: Path, cite: str, what: str = "scans"
) -> Acquired:
    """Link what was found below the local folder ``path``.

    Args:
        part: folder to fill.
        origins: path there → file.
        settings: perhaps ``licence`` and ``doi`` of the files.
        path: the local folder.
        cite: what to cite, and when.
        what: the files are called.
    """
    rows = link_measured(part, origins, licence=settings.get("licence") or "", doi=settings.get("doi") or "")
    lead = f"# Where these {what} come from\n\nLinked from `{path}`; they belong to whoever provides that folder.\n"
    return rows, f"{lead}{cite}\n"


def listed(citations: Sequence[str]) -> str:
    """Return citations as a list in Markdown."""
    return "\n".join(f"- {citation}" for citation in citations)


def credit_phantom(part: Path, *, seed: int, about: str, what: str = "scans and patients") -> Acquired:
    """Return the rows of a phantom that was written into a folder, and the text that says that it is one.

    ``what`` does not exist, and no result says anything ``about`` this.
    """
    files = {str(file.relative_to(part)): "" for file in sorted(part.rglob("*")) if file.is_file()}
    credit = (
        f"# PHANTOM\n\nThese {what} do not exist: ReRad drew them "
        f"(seed {seed}). No result on them says anything about {about}.\n"
    )
    return measured(part, files), credit
