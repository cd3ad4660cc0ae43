"""Bring the cohort from its source into one folder of one layout."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rerad.cohorts.manifest import write_manifest
from rerad.cohorts.sts.layout import CLINICAL, image_file, scan_files
from rerad.cohorts.sts.local import local_scans
from rerad.cohorts.sts.phantom import write_phantom
from rerad.core.errors import ConfigError, ReradError
from rerad.core.files import atomic_folder, write_text
from rerad.core.lock import one_at_a_time

log = logging.getLogger(__name__)

CITATION = (
    "Vallières M, Freeman CR, Skamene SR, El Naqa I. A radiomics model from joint FDG-PET and MRI texture features "
    "for the prediction of lung metastases in soft-tissue sarcomas of the extremities (Soft-tissue-Sarcoma). The "
    "Cancer Imaging Archive, 2015. https://doi.org/10.7937/K9/TCIA.2015.7GO2GSKS. Licence: CC BY 3.0."
)


class Acquired(NamedTuple):
    """What a source brought: the files (path in the folder → where it comes from), and what to say about them."""

    files: dict[str, str]
    attribution: str
    licence: str = ""
    doi: str = ""


def acquire(folder: Path, *, source: str, settings: dict[str, Any], seed: int, workers: int = 1) -> None:
    """Fill ``folder`` with the clinical table, one folder a case, manifest and attribution.

    A case's folder holds ``{PET,CT}_{image,mask}.nii.gz``, or DICOM: any tree of folders with one series each, and
    RTSTRUCTs. What was in the folder before is replaced, as a whole and only once everything is there.

    Args:
        folder: the acquired cohort.
        source: ``local`` links the files of ``settings["path"]`` and the table ``settings["clinical"]`` (None: in the
            same folder) and notes their ``licence`` and ``doi``; ``phantom`` makes them, see
            :func:`rerad.cohorts.sts.phantom.write_phantom`.
        settings: of the source.
        seed: of the phantom.
        workers: number of processes.

    Raises:
        ConfigError: an unknown source.
        ReradError: the local folder or the clinical table is missing, or no case has a scan.
    """
    sources: dict[str, Callable[[Path], Acquired]] = {
        "local": lambda part: _link_local(part, settings, folder),
        "phantom": lambda part: _make_phantom(part, settings, seed, workers),
    }
    if source not in sources:
        raise ConfigError(
            f"{source!r} is no source of this cohort",
            where="cohorts.sts.source",
            remedy=f"Write one of {', '.join(sources)}",
        )
    with one_at_a_time(folder), atomic_folder(folder) as part:
        acquired = sources[source](part)
        write_manifest(part, acquired.files, licence=acquired.licence, doi=acquired.doi)
        write_text(part / "ATTRIBUTION.md", acquired.attribution)


def _link_local(part: Path, settings: dict[str, Any], folder: Path) -> Acquired:
    path = Path(settings["path"]).absolute()
    clinical = Path(settings["clinical"] or path / CLINICAL).absolute()
    if not path.is_dir():
        raise ReradError(
            "no such folder", where=str(path), remedy="Set cohorts.sts.local.path to the folder of the scans"
        )
    for origin in (path, clinical):
        if origin.resolve().is_relative_to(folder.resolve()):
            raise ReradError(
                f"it lies in {folder}, whose content acquiring replaces",
                where=str(origin),
                remedy="Set paths.data to another folder than the one of the scans",
            )
    if not clinical.is_file():
        raise ReradError(
            "the clinical table is missing",
            where=str(clinical),
            remedy="Set cohorts.sts.local.clinical to the .xlsx file",
        )
    scans = local_scans(path)
    cases = {file.split("/")[0] for file in scans}
    useless = {name for case in cases for name in scan_files(case) if name != image_file(case, "PET")}
    if not set(scans) - useless:
        raise ReradError(
            f"no case has a PET image: no {image_file('<case>', 'PET')}, and no DICOM file in any folder of a case",
            where=str(path),
            remedy="Name the folder that has one folder a case",
        )
    origins = {CLINICAL: clinical} | {file: path / file for file in scans}
    for file, origin in origins.items():
        (part / file).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(origin, part / file)
    log.info("%d files of %d cases linked from %s", len(origins), len(cases), path)
    attribution = (
        f"# Where these scans come from\n\nLinked from `{path}`; they belong to whoever provides that folder.\n"
        f"If they are those of the collection Soft-tissue-Sarcoma, cite:\n\n{CITATION}\n"
    )
    files = {file: origin.as_uri() for file, origin in origins.items()}
    return Acquired(files, attribution, licence=settings.get("licence") or "", doi=settings.get("doi") or "")


def _make_phantom(part: Path, settings: dict[str, Any], seed: int, workers: int) -> Acquired:
    write_phantom(part, settings, seed, workers=workers)
    files = {str(file.relative_to(part)): "" for file in sorted(part.rglob("*")) if file.is_file()}
    attribution = (
        "# PHANTOM\n\nThese scans and patients do not exist: ReRad drew them "
        f"(seed {seed}). No result on them says anything about sarcoma.\n"
    )
    return Acquired(files, attribution)
