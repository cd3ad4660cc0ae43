"""Bring the cohort from its source into one folder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.cohorts.archives import attribution, bring
from rerad.cohorts.breast.groups import COLUMNS, TABLE, read_groups
from rerad.cohorts.breast.parts import ARCHIVES, parts
from rerad.cohorts.breast.phantom import write_phantom
from rerad.cohorts.breast.scans import may_be_scan
from rerad.cohorts.folders import check_source, link, walk
from rerad.cohorts.manifest import Row, measured, write_manifest
from rerad.core.errors import ConfigError, ReradError
from rerad.core.files import atomic_folder, write_csv, write_text
from rerad.core.lock import one_at_a_time

log = logging.getLogger(__name__)

CITATIONS = [
    "Daniels D, Last D, Cohen K, Mardor Y, Sklair-Levy M. Standard and Delayed Contrast-Enhanced MRI of Malignant and "
    "Benign Breast Lesions with Histological and Clinical Supporting Data (Advanced-MRI-Breast-Lesions), version 2. "
    "The Cancer Imaging Archive, 2024. https://doi.org/10.7937/C7X1-YN57.",
    "Fedorov A, Longabaugh WJR, Pot D, et al. National Cancer Institute Imaging Data Commons. RadioGraphics 2023; "
    "43(12): e230180. https://doi.org/10.1148/rg.230180.",
]


def acquire(
    folder: Path,
    *,
    source: str,
    settings: dict[str, Any],
    seed: int,
    store: Path | None = None,
    connections: int = 4,
    workers: int = 1,
) -> None:
    """Fill ``folder`` with one folder a case, groups.csv (case, group, perhaps patient), manifest and attribution.

    What was in the folder before is replaced, as a whole and only once everything is there. For what a case may hold
    see :mod:`rerad.cohorts.breast.scans`.

    Args:
        folder: the acquired cohort.
        source: ``idc`` fetches the series that :func:`rerad.cohorts.breast.selection.choose` names; ``local`` links
            the scans below ``settings["path"]`` and the table of groups ``settings["clinical"]`` (None: groups.csv
            there, if there is one) and notes their ``licence`` and ``doi``; ``phantom`` makes them, see
            :func:`rerad.cohorts.breast.phantom.write_phantom`.
        settings: of the source.
        seed: of the phantom.
        store: folder of what was downloaded, kept so that a run that is cut goes on from there; None: beside
            ``folder``.
        connections: files that are downloaded at a time.
        workers: number of processes that make a phantom.

    Raises:
        ConfigError: an unknown source, or no clinical table for idc.
        ReradError: the local folder or a table is missing or broken, or there is no scan.
    """
    store = store or folder.parent / "downloads" / folder.name
    sources: dict[str, Callable[[Path], tuple[list[Row], str]]] = {
        **dict.fromkeys(ARCHIVES, lambda part: _from_archive(part, source, settings, store, connections)),
        "local": lambda part: _link_local(part, settings, folder),
        "phantom": lambda part: _make_phantom(part, settings, seed, workers),
    }
    if source not in sources:
        raise ConfigError(
            f"{source!r} is no source of this cohort",
            where="cohorts.breast.source",
            remedy=f"Write one of {', '.join(sources)}",
        )
    with one_at_a_time(folder), atomic_folder(folder) as part:
        rows, credit = sources[source](part)
        write_manifest(part, rows)
        write_text(part / "ATTRIBUTION.md", credit)


def write_groups(part: Path, groups: Iterable[tuple[str, str]]) -> None:
    """Write groups.csv of (case, group)."""
    write_csv(part / TABLE, pd.DataFrame(sorted(groups), columns=COLUMNS))


def _from_archive(
    part: Path, source: str, settings: dict[str, Any], store: Path, connections: int
) -> tuple[list[Row], str]:
    from rerad.cohorts.breast.selection import choose

    rows = bring(parts(source, settings), part, store, workers=connections)
    write_groups(part, [(one.patient, one.group) for one in choose(settings)])
    return [*rows, *measured(part, {TABLE: Path(settings["clinical"]).as_uri()})], attribution(rows, CITATIONS)


def _link_local(part: Path, settings: dict[str, Any], folder: Path) -> tuple[list[Row], str]:
    path = Path(settings["path"]).absolute()
    table = Path(settings["clinical"]).absolute() if settings.get("clinical") else path / TABLE
    check_source(path, (path, table), folder, key="cohorts.breast.local.path")
    found = [file for files in walk(path) for file in files if file.parent != path and may_be_scan(file)]
    if not found:
        raise ReradError(
            "no folder in it has a NIfTI or DICOM file", where=str(path), remedy="Name the folder of the cases' folders"
        )
    origins = {file.relative_to(path).as_posix(): file for file in found}
    if settings.get("clinical") or table.is_file():
        read_groups(table)  # a wrong path is told before anything is linked
        origins[TABLE] = table
    link(part, origins)
    log.info("%d files of %d cases linked from %s", len(found), len({file.split("/")[0] for file in origins}), path)
    cited = "\n".join(f"- {citation}" for citation in CITATIONS[:1])
    credit = (
        f"# Where these scans come from\n\nLinked from `{path}`; they belong to whoever provides that folder.\n"
        f"If they are those of the collection Advanced-MRI-Breast-Lesions, cite:\n\n{cited}\n"
    )
    links = {file: origin.as_uri() for file, origin in origins.items()}
    return measured(part, links, licence=settings.get("licence") or "", doi=settings.get("doi") or ""), credit


def _make_phantom(part: Path, settings: dict[str, Any], seed: int, workers: int) -> tuple[list[Row], str]:
    write_groups(part, write_phantom(part, settings, seed, workers=workers))
    files = {str(file.relative_to(part)): "" for file in sorted(part.rglob("*")) if file.is_file()}
    credit = (
        "# PHANTOM\n\nThese scans and patients do not exist: ReRad drew them "
        f"(seed {seed}). No result on them says anything about breasts.\n"
    )
    return measured(part, files), credit
