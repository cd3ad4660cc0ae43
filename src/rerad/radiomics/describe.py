"""Handcrafted features of a cohort: one row a case, every core busy."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import SimpleITK as sitk

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.parallel import map_cases
from rerad.radiomics.extraction import extract
from rerad.radiomics.settings import complete, for_pyradiomics

log = logging.getLogger(__name__)

MODALITIES = ("PET", "CT")
FLOW_COLUMNS = ["case", "stage", "modality", "status", "reason"]


class Scan(NamedTuple):
    """One modality of one case: the unit of work."""

    case: str
    modality: str

    def __str__(self) -> str:
        return f"{self.case} {self.modality}"


def describe(
    folder: Path, cases: Path, *, settings: dict[str, Any], workers: int, features: Path, patient_flow: Path
) -> None:
    """Write ``features.csv`` (case, then ``<modality>_<class>_<feature>``) for every row of ``cases.csv``.

    The features come from the scans as acquired, not from the prepared grid. A modality that a case lacks, or that
    cannot be described, is a row of empty cells; the latter is a row of the patient flow as well.

    Args:
        folder: acquired cohort with ``<case>/PET_image.nii.gz``, ``PET_mask``, ``CT_image`` and ``CT_mask``.
        cases: table with the columns case and has_ct (1 or 0).
        settings: any of ``rerad.radiomics.settings.DEFAULTS``.
        workers: number of processes.
        features, patient_flow: the tables to write.

    Raises:
        ConfigError: the settings cannot be used; names the key.
        ReradError: no case can be described.
    """
    table = pd.read_csv(cases, dtype={"case": str})
    scans = [Scan(case, "PET") for case in table["case"]]
    scans += [Scan(case, "CT") for case in table.loc[table["has_ct"] == 1, "case"]]
    for modality in {scan.modality for scan in scans}:
        for_pyradiomics(complete(settings), modality)  # a broken setting must not look like broken cases
    # The longest first: no process is left alone with a large tumour at the end.
    scans.sort(key=lambda scan: (-_bytes(folder, scan), scan))
    work = partial(_describe_scan, folder=folder, settings=settings, alone=workers <= 1)
    found = dict(zip(scans, map_cases(work, scans, workers=workers, label="describe"), strict=True))
    failed = {scan: result for scan, result in found.items() if isinstance(result, ReradError)}
    for scan in sorted(failed):
        log.warning("%s: %s", scan, failed[scan])
    if len(failed) == len(scans):
        reason = str(failed[min(failed)]) if failed else "the cohort has no case"
        raise ReradError(f"no case can be described, the first because: {reason}", where=str(cases))
    write_csv(features, _feature_table(list(table["case"]), found))
    write_csv(patient_flow, _flow_table(failed, folder))


def _describe_scan(scan: Scan, *, folder: Path, settings: dict[str, Any], alone: bool) -> dict[str, float]:
    if not alone:
        # One thread each: the processes share the cores already.
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image, mask = _files(folder, scan)
    return extract(image, mask, scan.modality, settings=settings)


def _files(folder: Path, scan: Scan) -> tuple[Path, Path]:
    place = Path(folder, scan.case)
    return place / f"{scan.modality}_image.nii.gz", place / f"{scan.modality}_mask.nii.gz"


def _bytes(folder: Path, scan: Scan) -> int:
    image = _files(folder, scan)[0]
    return image.stat().st_size if image.is_file() else 0


def _feature_table(cases: list[str], found: dict[Scan, Any]) -> pd.DataFrame:
    rows: dict[str, dict[str, float]] = {case: {} for case in cases}
    columns: list[str] = []
    for modality in MODALITIES:
        for case in cases:
            result = found.get(Scan(case, modality))
            if isinstance(result, dict):
                rows[case] |= result
                columns += [name for name in result if name not in columns]
    table = pd.DataFrame([rows[case] for case in cases], columns=columns, dtype=float)
    table.insert(0, "case", cases)
    return table


def _flow_table(failed: dict[Scan, ReradError], folder: Path) -> pd.DataFrame:
    def reason(error: ReradError) -> str:
        # Relative, so that the table is the same wherever the data lies.
        return str(error).replace(f"{folder}/", "")

    rows = [(scan.case, "describe", scan.modality, "excluded", reason(failed[scan])) for scan in sorted(failed)]
    return pd.DataFrame(rows, columns=FLOW_COLUMNS)
