"""Bring the cohort from its source into one folder."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.cohorts.acquiring import Acquired, Source, credit_phantom, downloads, fill, link_local, listed
from rerad.cohorts.archives import attribution, bring
from rerad.cohorts.breast.groups import COLUMNS, TABLE, read_groups
from rerad.cohorts.breast.parts import ARCHIVES, parts
from rerad.cohorts.breast.phantom import write_phantom
from rerad.cohorts.breast.scans import may_be_scan
from rerad.cohorts.folders import check_source, walk
from rerad.cohorts.manifest import measured
from rerad.core.errors import ReradError
from rerad.core.files import write_csv

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
    store = store or downloads(folder)
    sources: dict[str, Source] = {
        **dict.fromkeys(ARCHIVES, lambda part: _from_archive(part, source, settings, store, connections)),
        "local": lambda part: _link_local(part, settings, folder),
        "phantom": lambda part: _make_phantom(part, settings, seed, workers),
    }
    fill(folder, source, sources, cohort="breast")


def write_groups(part: Path, groups: Iterable[tuple[str, str]]) -> None:
    """Write groups.csv of (case, group)."""
    write_csv(part / TABLE, pd.DataFrame(sorted(groups), columns=COLUMNS))


def _from_archive(part: Path, source: str, settings: dict[str, Any], store: Path, connections: int) -> Acquired:
    from rerad.cohorts.breast.selection import choose

    rows = bring(parts(source, settings), part, store, workers=connections)
    write_groups(part, [(one.patient, one.group) for one in choose(settings)])
    return [*rows, *measured(part, {TABLE: Path(settings["clinical"]).as_uri()})], attribution(rows, CITATIONS)


def _link_local(part: Path, settings: dict[str, Any], folder: Path) -> Acquired:
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
    cite = f"If they are those of the collection Advanced-MRI-Breast-Lesions, cite:\n\n{listed(CITATIONS[:1])}"
    acquired = link_local(part, origins, settings, path=path, cite=cite)
    log.info("%d files of %d cases linked from %s", len(found), len({file.split("/")[0] for file in origins}), path)
    return acquired


def _make_phantom(part: Path, settings: dict[str, Any], seed: int, workers: int) -> Acquired:
    write_groups(part, write_phantom(part, settings, seed, workers=workers))
    return credit_phantom(part, seed=seed, about="breasts")
