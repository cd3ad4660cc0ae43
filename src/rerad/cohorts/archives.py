"""What a cohort takes from archives: how much that is, and how it comes into the cohort's folder."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rerad.cohorts.folders import link
from rerad.cohorts.manifest import Row
from rerad.cohorts.sources import Part, source
from rerad.cohorts.sources.client import hurried
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)


def expected(parts: Sequence[Part]) -> str:
    """Return in words how many files and bytes the parts are; an archive that is silent is not waited for."""
    files, size, silent = _told(parts)
    told = f"about {files:,} files, {size / 1e9:,.2f} GB"
    return told + (f", and what {' and '.join(silent)} does not tell" if silent else "")


def size(parts: Sequence[Part]) -> int | None:
    """Return how many bytes the parts are, None if an archive does not tell; a silent one is not waited for."""
    _, size, silent = _told(parts)
    return None if silent else size


def _told(parts: Sequence[Part]) -> tuple[int, int, list[str]]:
    files = size = 0
    silent = []
    for part in parts:
        try:
            with hurried():
                estimate = source(part.source).estimate(part.settings)
        except ReradError as error:
            log.info("%s says nothing: %s", part.source, error)
            silent.append(part.source)
            continue
        if estimate.files is None or estimate.size is None:
            silent.append(part.source)
        files += estimate.files or 0
        size += estimate.size or 0
    return files, size, silent


def bring(parts: Sequence[Part], folder: Path, store: Path, *, workers: int) -> list[Row]:
    """Fetch the parts into ``store``, which outlives every run, and link what came into ``folder``.

    Returns the rows of the manifest. The links are relative: the data folder can be moved as a whole.

    Raises:
        ConfigError, ReradError: see the sources; two parts have a file of the same name.
    """
    rows: list[Row] = []
    for part in parts:
        place = store / part.source
        found = source(part.source).fetch(place, part.settings, workers=workers)
        twice = {row.file for row in rows} & {row.file for row in found}
        if twice:
            raise ReradError(f"{min(twice)} comes from two sources", where=part.source, remedy="Leave it out of one")
        link(folder, {row.file: place / row.file for row in found}, relative=True)
        rows += found
    return rows


def attribution(rows: Sequence[Row], citations: Sequence[str]) -> str:
    """Return ATTRIBUTION.md: collection by collection its DOI, licence and extent, then what to cite."""
    extent: Counter[tuple[str, str]] = Counter()
    size: Counter[tuple[str, str]] = Counter()
    for row in rows:
        collection = row.doi.removeprefix("https://doi.org/"), row.licence
        extent[collection] += 1
        size[collection] += row.size
    lines = [
        "# Where these files come from",
        "",
        "Each file's own address, licence and checksum stand in manifest.csv.",
        "",
        "| collection | licence | files | MB |",
        "|---|---|---|---|",
    ]
    for doi, licence in sorted(extent):
        address = f"https://doi.org/{doi}" if doi else "no DOI"
        told = licence or "not stated by the source"
        lines.append(f"| {address} | {told} | {extent[doi, licence]:,} | {size[doi, licence] / 1e6:,.1f} |")
    return "\n".join([*lines, "", "## Cite", "", *(f"- {citation}" for citation in citations), ""])
