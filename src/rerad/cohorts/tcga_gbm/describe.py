"""Shapes of the patients' tumours: the 20 features that the study predicts."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.cohorts.manifest import read_manifest
from rerad.cohorts.preparing import FLOW_COLUMNS, without_folder
from rerad.cohorts.tcga_gbm.regions import Segmented, features_of, read_labels
from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.parallel import map_cases

log = logging.getLogger(__name__)


def describe(
    folder: Path, cases: Path, *, settings: dict[str, Any], workers: int, features: Path, patient_flow: Path
) -> None:
    """Write ``features.csv`` (case, then ``<roi>_<feature>`` in mm, mm², mm³) for every included row of ``cases.csv``.

    A patient who cannot be described is a row of empty cells, and one of the patient flow.

    Args:
        folder: acquired cohort with its manifest.
        cases: table with the columns case, included and segmentation, as ``prepare`` writes it.
        settings: ``rois`` (name → labels) and ``axes``, see :func:`rerad.radiomics.morphology`.
        workers: number of processes.
        features, patient_flow: the tables to write.

    Raises:
        ReradError: nobody can be described, or the manifest or a column is missing.
    """
    manifest = read_manifest(folder)
    table = pd.read_csv(cases, dtype={"case": str, "segmentation": str}, keep_default_na=False)
    table = table[table["included"] == 1]
    unknown = [file for file in table["segmentation"] if file not in manifest]
    if unknown:
        raise ReradError(f"{unknown[0]} is not in the manifest", where=str(cases), remedy="Prepare the cohort again")
    items = [
        Segmented(case, folder, file, manifest[file])
        for case, file in zip(table["case"], table["segmentation"], strict=True)
    ]
    work = partial(_describe_one, rois=settings["rois"], axes=settings["axes"])
    results = map_cases(work, items, workers=workers, label="describe")
    failed = {
        item.patient: result for item, result in zip(items, results, strict=True) if isinstance(result, ReradError)
    }
    for error in failed.values():
        log.warning("%s", error)
    if len(failed) == len(items):
        reason = str(next(iter(failed.values()))) if failed else "the cohort has nobody with images"
        raise ReradError(f"nobody can be described, the first because: {reason}", where=str(folder))
    rows = [result if isinstance(result, dict) else {} for result in results]
    columns = list(next(row for row in rows if row))
    described = pd.DataFrame(rows, columns=columns, dtype=float)
    described.insert(0, "case", list(table["case"]))
    flow = [
        (case, "describe", "segmentation", "excluded", without_folder(error, folder)) for case, error in failed.items()
    ]
    write_csv(features, described)
    write_csv(patient_flow, pd.DataFrame(flow, columns=FLOW_COLUMNS))


def _describe_one(case: Segmented, *, rois: dict[str, list[int]], axes: str) -> dict[str, float]:
    found = features_of(read_labels(case), rois, axes=axes, where=case.patient)
    return {f"{roi}_{name}": value for roi, features in found.items() for name, value in features.items()}
