"""Bring the acquired patients onto one grid, and account for every one of them."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.cohorts.cases import acquired_cases
from rerad.cohorts.manifest import check_table, read_manifest
from rerad.cohorts.preparing import BOX_COLUMNS, FLOW_COLUMNS, SLICE_COLUMNS, FlowRow, excluded, without_folder
from rerad.cohorts.sts.clinical import read_clinical
from rerad.cohorts.sts.layout import CLINICAL
from rerad.cohorts.sts.prepare_case import Prepared, prepare_case
from rerad.core.errors import ReradError
from rerad.core.files import atomic_folder, new_array, write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive

log = logging.getLogger(__name__)

ARRAYS = {"PET": np.float32, "CT": np.float32, "GTV": np.uint8}


def prepare(
    folder: Path,
    *,
    settings: dict[str, Any],
    seed: int,
    permute_labels: int | bool,
    workers: int,
    cases: Path,
    patient_flow: Path,
    box_check: Path,
    slices: Path,
    arrays: Path,
) -> None:
    """Write the canonical form of an acquired cohort.

    ``arrays`` gets PET.npy, CT.npy (float32; all 0 where there is none) and GTV.npy (uint8), each of shape
    (cases, z, y, x) with one row a case whose PET and GTV can be used, whatever its outcome; the tables say the rest.

    Args:
        folder: acquired cohort with its manifest.
        settings: ``roi`` (name of the GTV in RTSTRUCTs), ``spacing_mm``, ``box`` (voxels z, y, x), ``crop_margin_mm``
            and ``intensity``: for PET and CT, ``clip`` (percentiles or None) and ``standardise`` (zscore or none).
        seed: of the cohort.
        permute_labels: False, or the seed by which outcomes change hands among the included cases (null run).
        workers: number of processes.
        cases, patient_flow, box_check, slices, arrays: what to write.

    Raises:
        ReradError: manifest or clinical table are missing or broken, or no case can be used.
    """
    manifest = read_manifest(folder)
    clinical = _read_clinical(folder, manifest)
    imaged = acquired_cases(folder, manifest)
    flow = _unmatched(clinical, list(imaged))
    known = sorted(set(imaged) & set(clinical["case"]))
    with atomic_folder(arrays) as part:
        work = partial(prepare_case, settings=settings, pieces=part)
        results = map_cases(work, [imaged[case] for case in known], workers=workers, label="prepare")
        ready = [result for result in results if isinstance(result, Prepared)]
        flow += _broken(dict(zip(known, results, strict=True)), folder)
        table = _cases_table(ready, clinical)
        _need_cases(table, flow, folder)
        _assemble(part, table, settings["box"])
    flow += _excluded(table, clinical)
    if permute_labels is not False:
        table = permuted(table, derive(seed, "permute_labels", int(permute_labels)))
    for case, _, modality, _, reason in sorted(flow):
        log.warning("%s (%s): %s", case, modality, reason)
    write_csv(box_check, _box_table(ready))
    write_csv(slices, _slices_table(ready))
    write_csv(patient_flow, pd.DataFrame(sorted(flow), columns=FLOW_COLUMNS))
    write_csv(cases, table)


def _read_clinical(folder: Path, manifest: dict[str, Any]) -> pd.DataFrame:
    if CLINICAL in manifest:
        check_table(folder, CLINICAL, manifest[CLINICAL])
    return read_clinical(folder / CLINICAL)


def _unmatched(clinical: pd.DataFrame, imaged: list[str]) -> list[FlowRow]:
    patients = set(clinical["case"])
    flow = [excluded(case, "all", "a row of the clinical table, but no image") for case in patients - set(imaged)]
    return flow + [excluded(case, "all", "images, but no row of the clinical table") for case in set(imaged) - patients]


def _broken(results: dict[str, Any], folder: Path) -> list[FlowRow]:
    flow = []
    for case, result in results.items():
        if isinstance(result, Prepared):
            if result.ct_problem:
                flow.append(excluded(case, "CT", without_folder(result.ct_problem, folder)))
        else:
            flow.append(excluded(case, "all", without_folder(result, folder)))
    return flow


def _excluded(table: pd.DataFrame, clinical: pd.DataFrame) -> list[FlowRow]:
    reasons = clinical.set_index("case")["reason"]
    return [excluded(case, "all", reasons[case]) for case in table.loc[table["included"] == 0, "case"]]


def _cases_table(ready: list[Prepared], clinical: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (result.case, row, int(result.has_ct), result.crop_ml, int(result.cropped)) for row, result in enumerate(ready)
    ]
    found = pd.DataFrame(rows, columns=["case", "row", "has_ct", "crop_ml", "cropped"])
    joined = found.merge(clinical, on="case", how="left", validate="one_to_one")
    return joined[["case", "row", "included", "target", "outcome", "has_ct", "crop_ml", "cropped"]]


def _need_cases(table: pd.DataFrame, flow: list[FlowRow], folder: Path) -> None:
    if not (table["included"] == 1).any():
        reasons = f"; for example {sorted(flow)[0][0]}: {sorted(flow)[0][4]}" if flow else ""
        raise ReradError(
            f"none of {len(table)} prepared cases has an outcome that can be used{reasons}",
            where=str(folder),
            remedy="Check that the clinical table and the folders name the same patients",
        )


def permuted(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the table with outcomes, as printed and as target, dealt out anew among the included cases."""
    table = table.copy()
    included = np.flatnonzero(table["included"] == 1)
    order = np.random.default_rng(seed).permutation(included)
    for name in ("target", "outcome"):
        column = table.columns.get_loc(name)
        table.iloc[included, column] = table[name].iloc[order].array
    return table


def _assemble(part: Path, table: pd.DataFrame, box: list[int]) -> None:
    """Join the pieces of the cases, one at a time, into one memory-mapped array each."""
    for name, kind in ARRAYS.items():
        whole = new_array(part / f"{name}.npy", kind, (len(table), *box))
        for case, row in zip(table["case"], table["row"], strict=True):
            piece = part / f"{case}.{name}.npy"
            if piece.exists():
                whole[row] = np.load(piece)
                piece.unlink()
        whole.flush()
        del whole
    for leftover in part.glob("*.*.npy"):  # of cases that failed half-way
        leftover.unlink()


def _box_table(ready: list[Prepared]) -> pd.DataFrame:
    return pd.DataFrame([(case.case, *case.extent_mm, case.clipped_fraction) for case in ready], columns=BOX_COLUMNS)


def _slices_table(ready: list[Prepared]) -> pd.DataFrame:
    rows = [(case.case, row, index) for row, case in enumerate(ready) for index in case.slices]
    return pd.DataFrame(rows, columns=SLICE_COLUMNS)
