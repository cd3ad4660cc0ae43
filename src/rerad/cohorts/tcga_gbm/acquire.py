"""Bring the cohort from its source into one folder: a table of expression, and segmentations."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from rerad.cohorts.acquiring import (
    Acquired,
    Source,
    credit_phantom,
    downloads,
    fill,
    link_local,
    link_measured,
    listed,
)
from rerad.cohorts.archives import attribution, bring
from rerad.cohorts.folders import check_source, walk
from rerad.cohorts.tcga_gbm.naming import is_expression, is_segmentation
from rerad.cohorts.tcga_gbm.parts import ARCHIVES, parts
from rerad.cohorts.tcga_gbm.phantom import write_phantom
from rerad.core.errors import ConfigError, ReradError

log = logging.getLogger(__name__)

FOLDER = "segmentations"
SEGMENTATIONS_DOI = "10.7937/K9/TCIA.2017.KLXWJJ1Q"
CITATIONS = [
    "The Cancer Genome Atlas Research Network. Comprehensive genomic characterization defines human glioblastoma genes "
    "and core pathways. Nature 2008; 455: 1061-1068. https://doi.org/10.1038/nature07385.",
    "Bakas S, Akbari H, Sotiras A, et al. Segmentation labels and radiomic features for the pre-operative scans of the "
    "TCGA-GBM collection (BraTS-TCGA-GBM). The Cancer Imaging Archive, 2017. "
    f"https://doi.org/{SEGMENTATIONS_DOI}. Licence: CC BY 3.0.",
    "Bakas S, Akbari H, Sotiras A, et al. Advancing The Cancer Genome Atlas glioma MRI collections with expert "
    "segmentation labels and radiomic features. Scientific Data 2017; 4: 170117. https://doi.org/10.1038/sdata.2017.117.",
]
CITATION = {
    "cbioportal": "Cerami E, Gao J, Dogrusoz U, et al. The cBio Cancer Genomics Portal. Cancer Discovery 2012; 2(5): "
    "401-404. https://doi.org/10.1158/2159-8290.CD-12-0095.",
    "gdc": "Grossman RL, Heath AP, Ferretti V, et al. Toward a shared vision for cancer genomic data. New England "
    "Journal of Medicine 2016; 375: 1109-1112. https://doi.org/10.1056/NEJMp1607591.",
}
SUBSTITUTE = (
    "\nThe paper used Affymetrix microarrays, which the GDC no longer holds. This is RNA sequencing (STAR - Counts): "
    "other patients, other genes and another scale. It is a substitute, not the paper's cohort.\n"
)


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
    """Fill ``folder`` with expression and segmentations as their sources name them, manifest and attribution.

    What was in the folder before is replaced, as a whole and only once everything is there. For the names see
    :mod:`rerad.cohorts.tcga_gbm.naming`.

    Args:
        folder: the acquired cohort.
        source: ``cbioportal`` and ``gdc`` fetch the expression, see :mod:`rerad.cohorts.sources`, and link the
            segmentations below ``settings["segmentations"]``; ``local`` links both from ``settings["path"]`` and notes
            their ``licence`` and ``doi``; ``phantom`` makes them, see
            :func:`rerad.cohorts.tcga_gbm.phantom.write_phantom`.
        settings: of the source.
        seed: of the phantom.
        store: folder of what was downloaded, kept so that a run that is cut goes on from there; None: beside
            ``folder``.
        connections: files that are downloaded at a time.
        workers: number of processes that make a phantom.

    Raises:
        ConfigError: an unknown source, or no folder of segmentations.
        ReradError: a local folder is missing, or there is no expression or no segmentation.
    """
    store = store or downloads(folder)
    sources: dict[str, Source] = {
        **dict.fromkeys(ARCHIVES, lambda part: _from_archive(part, source, settings, folder, store, connections)),
        "local": lambda part: _link_local(part, settings, folder),
        "phantom": lambda part: _make_phantom(part, settings, seed, workers),
    }
    fill(folder, source, sources, cohort="tcga_gbm")


def _from_archive(
    part: Path, source: str, settings: dict[str, Any], folder: Path, store: Path, connections: int
) -> Acquired:
    key = f"cohorts.tcga_gbm.{source}.segmentations"
    if not settings.get("segmentations"):
        raise ConfigError(
            "null: the archive has expression only",
            where=key,
            remedy=f"Download BraTS-TCGA-GBM (https://doi.org/{SEGMENTATIONS_DOI}) and write its folder",
        )
    path = Path(settings["segmentations"]).absolute()
    check_source(path, (path,), folder, key=key)
    masks = {f"{FOLDER}/{file}": origin for file, origin in _found(path).items() if is_segmentation(origin.name)}
    _need(masks, where=str(path), expression=False)  # before hundreds of megabytes are fetched
    rows = bring(parts(source, settings), part, store, workers=connections)
    rows += link_measured(part, masks, doi=SEGMENTATIONS_DOI)
    credit = attribution(rows, [*CITATIONS, CITATION[source]])
    return rows, credit + (SUBSTITUTE if source == "gdc" else "")


def _link_local(part: Path, settings: dict[str, Any], folder: Path) -> Acquired:
    path = Path(settings["path"]).absolute()
    check_source(path, (path,), folder, key="cohorts.tcga_gbm.local.path")
    origins = _found(path)
    _need(origins, where=str(path))
    cite = f"If they are those of TCGA-GBM, cite:\n\n{listed(CITATIONS)}"
    acquired = link_local(part, origins, settings, path=path, cite=cite, what="files")
    log.info("%d files linked from %s", len(origins), path)
    return acquired


def _found(path: Path) -> dict[str, Path]:
    """Return what lies below a folder and belongs to the cohort, by its path there."""
    files = (file for files in walk(path) for file in files)
    return {
        file.relative_to(path).as_posix(): file
        for file in files
        if is_segmentation(file.name) or is_expression(file.name)
    }


def _need(files: Iterable[str], *, where: str, expression: bool = True) -> None:
    names = [PurePosixPath(file).name for file in files]
    if not any(map(is_segmentation, names)):
        raise ReradError(
            "no file is named as in BraTS-TCGA-GBM",
            where=where,
            remedy="Name segmentations such as TCGA-02-0006_1996.08.23_GlistrBoost_ManuallyCorrected.nii.gz",
        )
    if expression and not any(map(is_expression, names)):
        raise ReradError(
            "no file of gene expression",
            where=where,
            remedy="Bring data_mrna_affymetrix_microarray.txt of cBioPortal's gbm_tcga, or the GDC's STAR counts",
        )


def _make_phantom(part: Path, settings: dict[str, Any], seed: int, workers: int) -> Acquired:
    write_phantom(part, settings, seed, workers=workers)
    return credit_phantom(part, seed=seed, about="glioblastoma", what="patients, their genes and their tumours")
