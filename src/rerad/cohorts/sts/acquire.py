"""Bring the cohort from its source into one folder of one layout."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from rerad.cohorts.acquiring import Acquired, Source, credit_phantom, downloads, fill, link_local, link_measured
from rerad.cohorts.archives import attribution, bring
from rerad.cohorts.folders import check_source
from rerad.cohorts.sts.layout import CLINICAL, image_file, scan_files
from rerad.cohorts.sts.local import local_scans
from rerad.cohorts.sts.parts import ARCHIVES, parts
from rerad.cohorts.sts.phantom import write_phantom
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)

ARCHIVE = {
    "idc": (
        "Fedorov A, Longabaugh WJR, Pot D, et al. National Cancer Institute Imaging Data Commons: toward transparency, "
        "reproducibility, and scalability in imaging artificial intelligence. RadioGraphics 2023; 43(12): e230180. "
        "https://doi.org/10.1148/rg.230180."
    ),
    "tcia": (
        "Clark K, Vendt B, Smith K, et al. The Cancer Imaging Archive (TCIA): maintaining and operating a public "
        "information repository. Journal of Digital Imaging 2013; 26(6): 1045-1057. "
        "https://doi.org/10.1007/s10278-013-9622-7."
    ),
}
CITATION = (
    "Vallières M, Freeman CR, Skamene SR, El Naqa I. A radiomics model from joint FDG-PET and MRI texture features "
    "for the prediction of lung metastases in soft-tissue sarcomas of the extremities (Soft-tissue-Sarcoma). The "
    "Cancer Imaging Archive, 2015. https://doi.org/10.7937/K9/TCIA.2015.7GO2GSKS. Licence: CC BY 3.0."
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
    """Fill ``folder`` with the clinical table, one folder a case, manifest and attribution.

    A case's folder holds ``{PET,CT}_{image,mask}.nii.gz``, or DICOM: any tree of folders with one series each, and
    RTSTRUCTs. What was in the folder before is replaced, as a whole and only once everything is there.

    Args:
        folder: the acquired cohort.
        source: ``idc`` and ``tcia`` fetch the DICOM series of the collection and the clinical table, see
            :mod:`rerad.cohorts.sources`; ``local`` links the files of ``settings["path"]`` and the table
            ``settings["clinical"]`` (None: in the same folder) and notes their ``licence`` and ``doi``; ``phantom``
            makes them, see :func:`rerad.cohorts.sts.phantom.write_phantom`.
        settings: of the source.
        seed: of the phantom.
        store: folder of what was downloaded, kept so that a run that is cut goes on from there; None: beside
            ``folder``.
        connections: files that are downloaded at a time.
        workers: number of processes that make a phantom.

    Raises:
        ConfigError: an unknown source.
        ReradError: the local folder or the clinical table is missing, or no case has a scan.
    """
    store = store or downloads(folder)
    sources: dict[str, Source] = {
        **dict.fromkeys(ARCHIVES, lambda part: _from_archives(part, source, settings, store, connections)),
        "local": lambda part: _link_local(part, settings, folder),
        "phantom": lambda part: _make_phantom(part, settings, seed, workers),
    }
    fill(folder, source, sources, cohort="sts")


def _from_archives(part: Path, source: str, settings: dict[str, Any], store: Path, connections: int) -> Acquired:
    local = _clinical_table(Path(settings["clinical"])) if settings["clinical"] else None
    rows = bring(parts(source, settings), part, store, workers=connections)
    if local is not None:
        rows += link_measured(part, {CLINICAL: local})
    if not (part / CLINICAL).is_file():
        raise ReradError(
            f"{CLINICAL} is not among the files",
            where="zenodo",
            remedy="Correct zenodo.files, or set clinical to a file",
        )
    return rows, attribution(rows, [CITATION, ARCHIVE[source]])


def _clinical_table(path: Path) -> Path:
    if not path.is_file():
        raise ReradError(
            "the clinical table is missing", where=str(path), remedy="Set clinical of the source to the .xlsx file"
        )
    return path


def _link_local(part: Path, settings: dict[str, Any], folder: Path) -> Acquired:
    path = Path(settings["path"]).absolute()
    clinical = Path(settings["clinical"] or path / CLINICAL).absolute()
    check_source(path, (path, clinical), folder, key="cohorts.sts.local.path")
    origins = {CLINICAL: _clinical_table(clinical)}
    scans = local_scans(path)
    cases = {file.split("/")[0] for file in scans}
    useless = {name for case in cases for name in scan_files(case) if name != image_file(case, "PET")}
    if not set(scans) - useless:
        raise ReradError(
            f"no case has a PET image: no {image_file('<case>', 'PET')}, and no DICOM file in any folder of a case",
            where=str(path),
            remedy="Name the folder that has one folder a case",
        )
    origins |= {file: path / file for file in scans}
    cite = f"If they are those of the collection Soft-tissue-Sarcoma, cite:\n\n{CITATION}"
    acquired = link_local(part, origins, settings, path=path, cite=cite)
    log.info("%d files of %d cases linked from %s", len(origins), len(cases), path)
    return acquired


def _make_phantom(part: Path, settings: dict[str, Any], seed: int, workers: int) -> Acquired:
    write_phantom(part, settings, seed, workers=workers)
    return credit_phantom(part, seed=seed, about="sarcoma")
