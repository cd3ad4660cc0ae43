"""Handcrafted features of the patients, from their scans as acquired."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.cohorts.cases import Case, acquired_cases
from rerad.cohorts.manifest import read_manifest
from rerad.cohorts.sts.scans import read_scan, scan_bytes
from rerad.radiomics.describe import Scan
from rerad.radiomics.describe import describe as describe_scans


def describe(
    folder: Path, cases: Path, *, settings: dict[str, Any], workers: int, features: Path, patient_flow: Path
) -> None:
    """Write ``features.csv`` (case, then ``<modality>_<class>_<feature>``) for every row of ``cases.csv``.

    The features come from the scans as acquired, not from the prepared grid. A modality that a case lacks, or that
    cannot be described, is a row of empty cells; the latter is a row of the patient flow as well.

    Args:
        folder: acquired cohort with its manifest.
        cases: table with the columns case and has_ct (1 or 0).
        settings: ``roi``, the name of the GTV in RTSTRUCTs, and any of ``rerad.radiomics.settings.DEFAULTS``.
        workers: number of processes.
        features, patient_flow: the tables to write.

    Raises:
        ConfigError: the settings cannot be used; names the key.
        ReradError: no case can be described, or the manifest is missing.
    """
    table = pd.read_csv(cases, dtype={"case": str})
    acquired = {case: Case(case, folder, {}) for case in table["case"]}
    acquired |= acquired_cases(folder, read_manifest(folder))
    own = {key: value for key, value in settings.items() if key != "roi"}
    wanted = [(case, "PET") for case in table["case"]]
    wanted += [(case, "CT") for case in table.loc[table["has_ct"] == 1, "case"]]
    # The longest first: no process is left alone with a large scan at the end.
    wanted.sort(key=lambda pair: (-scan_bytes(acquired[pair[0]], pair[1]), pair))
    scans = [
        Scan(case, modality, partial(read_scan, acquired[case], modality, roi=settings["roi"]))
        for case, modality in wanted
    ]
    describe_scans(
        list(table["case"]),
        scans,
        folder=folder,
        settings=own,
        workers=workers,
        features=features,
        patient_flow=patient_flow,
    )
