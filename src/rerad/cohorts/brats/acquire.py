"""Bring the cohort from its source into one folder."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rerad.cohorts.acquiring import Acquired, Source, credit_phantom, downloads, fill, link_local, listed
from rerad.cohorts.archives import attribution, bring
from rerad.cohorts.brats.grades import TABLE, read_grades
from rerad.cohorts.brats.naming import find_cases, is_image
from rerad.cohorts.brats.parts import ARCHIVES, parts
from rerad.cohorts.brats.phantom import write_phantom
from rerad.cohorts.folders import check_source, walk
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)

CITATIONS = [
    "Menze BH, Jakab A, Bauer S, et al. The Multimodal Brain Tumor Image Segmentation Benchmark (BRATS). IEEE "
    "Transactions on Medical Imaging 2015; 34(10): 1993-2024. https://doi.org/10.1109/TMI.2014.2377694.",
    "Bakas S, Akbari H, Sotiras A, et al. Advancing The Cancer Genome Atlas glioma MRI collections with expert "
    "segmentation labels and radiomic features. Scientific Data 2017; 4: 170117. https://doi.org/10.1038/sdata.2017.117.",
]
CITATION = {
    "msd": "Antonelli M, Reinke A, Bakas S, et al. The Medical Segmentation Decathlon. Nature Communications 2022; 13: "
    "4128. https://doi.org/10.1038/s41467-022-30695-9.",
    "synapse": "Baid U, Ghodasara S, Mohan S, et al. The RSNA-ASNR-MICCAI BraTS 2021 benchmark on brain tumor "
    "segmentation and radiogenomic classification. 2021. https://doi.org/10.48550/arXiv.2107.02314.",
}


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
    """Fill ``folder`` with the scans as their source names them, manifest and attribution.

    What was in the folder before is replaced, as a whole and only once everything is there. For the names see
    :mod:`rerad.cohorts.brats.naming`.

    Args:
        folder: the acquired cohort.
        source: ``msd`` and ``synapse`` fetch an archive, see :mod:`rerad.cohorts.sources`; ``local`` links the images
            below ``settings["path"]`` and the grades (``settings["grades"]``; None: every name_mapping.csv there) and
            notes their ``licence`` and ``doi``; ``phantom`` makes them, see
            :func:`rerad.cohorts.brats.phantom.write_phantom`.
        settings: of the source.
        seed: of the phantom.
        store: folder of what was downloaded, kept so that a run that is cut goes on from there; None: beside
            ``folder``.
        connections: files that are downloaded at a time.
        workers: number of processes that make a phantom.

    Raises:
        ConfigError: an unknown source.
        ReradError: the local folder or the table of grades is missing, or no file belongs to a case.
    """
    store = store or downloads(folder)
    sources: dict[str, Source] = {
        **dict.fromkeys(ARCHIVES, lambda part: _from_archive(part, source, settings, store, connections)),
        "local": lambda part: _link_local(part, settings, folder),
        "phantom": lambda part: _make_phantom(part, settings, seed, workers),
    }
    fill(folder, source, sources, cohort="brats")


def _from_archive(part: Path, source: str, settings: dict[str, Any], store: Path, connections: int) -> Acquired:
    rows = bring(parts(source, settings), part, store, workers=connections)
    _need_cases(
        [row.file for row in rows], where=source, remedy=f"Check what cohorts.brats.{source} fetches and unpacks"
    )
    return rows, attribution(rows, [*CITATIONS, CITATION[source]])


def _need_cases(files: Iterable[str], *, where: str, remedy: str) -> int:
    cases = find_cases(files)
    if not cases:
        raise ReradError(
            "no file is named as in a BraTS release, such as <case>_t1ce.nii.gz", where=where, remedy=remedy
        )
    return len(cases)


def _link_local(part: Path, settings: dict[str, Any], folder: Path) -> Acquired:
    path = Path(settings["path"]).absolute()
    grades = Path(settings["grades"]).absolute() if settings.get("grades") else None
    check_source(path, (path, *filter(None, [grades])), folder, key="cohorts.brats.local.path")
    files = [file for files in walk(path) for file in files]
    origins = {file.relative_to(path).as_posix(): file for file in files if is_image(file.name)}
    cases = _need_cases(origins, where=str(path), remedy="Name the folder that holds the cases")
    if grades:
        read_grades(grades)  # a wrong path is told before anything is linked
        origins[TABLE] = grades
    else:
        origins |= {file.relative_to(path).as_posix(): file for file in files if file.name == TABLE}
    cite = f"If they are those of a BraTS challenge, cite what its release asks for, and:\n\n{listed(CITATIONS)}"
    acquired = link_local(part, origins, settings, path=path, cite=cite)
    log.info("%d files of %d cases linked from %s", len(origins), cases, path)
    return acquired


def _make_phantom(part: Path, settings: dict[str, Any], seed: int, workers: int) -> Acquired:
    write_phantom(part, settings, seed, workers=workers)
    return credit_phantom(part, seed=seed, about="glioma")
