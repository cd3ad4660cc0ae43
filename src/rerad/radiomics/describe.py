"""Handcrafted features of a cohort: one row a case, every core busy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import SimpleITK as sitk

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.parallel import map_cases
from rerad.radiomics.extraction import features_of
from rerad.radiomics.settings import complete, for_pyradiomics

log = logging.getLogger(__name__)

MODALITIES = ("PET", "CT")
FLOW_COLUMNS = ["case", "stage", "modality", "status", "reason"]


class Scan(NamedTuple):
    """One modality of one case, the unit of work; ``read()`` returns image and GTV (0 and 1) on the same grid."""

    case: str
    modality: str
    read: Callable[[], tuple[sitk.Image, sitk.Image]]

    def __str__(self) -> str:
        return f"{self.case} {self.modality}"


def describe(
    cases: Sequence[str],
    scans: Sequence[Scan],
    *,
    folder: Path,
    settings: dict[str, Any],
    workers: int,
    features: Path,
    patient_flow: Path,
) -> None:
    """Write ``features.csv`` (case, then ``<modality>_<class>_<feature>``), one row for each of ``cases``.

    A modality that a case lacks, or that cannot be described, is a row of empty cells; the latter is a row of the
    patient flow as well.

    Args:
        cases: the rows of the table.
        scans: what to describe, in the order in which to begin; readers must be picklable.
        folder: where the scans lie, for short reasons.
        settings: any of ``rerad.radiomics.settings.DEFAULTS``.
        workers: number of processes.
        features, patient_flow: the tables to write.

    Raises:
        ConfigError: the settings cannot be used; names the key.
        ReradError: no case can be described.
    """
    for modality in {scan.modality for scan in scans}:
        for_pyradiomics(complete(settings), modality)  # a broken setting must not look like broken cases
    work = partial(_describe_scan, settings=settings, alone=workers <= 1)
    results = map_cases(work, scans, workers=workers, label="describe")
    found = {(scan.case, scan.modality): result for scan, result in zip(scans, results, strict=True)}
    failed = {key: result for key, result in sorted(found.items()) if isinstance(result, ReradError)}
    for (case, modality), error in failed.items():
        log.warning("%s %s: %s", case, modality, error)
    if len(failed) == len(scans):
        reason = str(next(iter(failed.values()))) if failed else "the cohort has no case"
        raise ReradError(f"no case can be described, the first because: {reason}", where=str(folder))
    write_csv(features, _feature_table(cases, found))
    write_csv(patient_flow, _flow_table(failed, folder))


def _describe_scan(scan: Scan, *, settings: dict[str, Any], alone: bool) -> dict[str, float]:
    if not alone:
        # One thread each: the processes share the cores already.
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image, mask = scan.read()
    return features_of(image, mask, scan.modality, settings=settings, where=str(scan))


def _feature_table(cases: Sequence[str], found: dict[tuple[str, str], Any]) -> pd.DataFrame:
    rows: dict[str, dict[str, float]] = {case: {} for case in cases}
    columns: list[str] = []
    for modality in MODALITIES:
        for case in cases:
            result = found.get((case, modality))
            if isinstance(result, dict):
                rows[case] |= result
                columns += [name for name in result if name not in columns]
    table = pd.DataFrame([rows[case] for case in cases], columns=columns, dtype=float)
    table.insert(0, "case", list(cases))
    return table


def _flow_table(failed: dict[tuple[str, str], ReradError], folder: Path) -> pd.DataFrame:
    def reason(error: ReradError) -> str:
        # Relative, so that the table is the same wherever the data lies.
        return str(error).replace(f"{folder}/", "")

    rows = [(case, "describe", modality, "excluded", reason(error)) for (case, modality), error in failed.items()]
    return pd.DataFrame(rows, columns=FLOW_COLUMNS)
