"""Bring the acquired cases into the form that studies read, and account for every one of them."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.cohorts.breast.groups import TABLE, Known, read_groups
from rerad.cohorts.breast.prepare_case import Labelled, Prepared, prepare_case
from rerad.cohorts.breast.scans import acquired_cases
from rerad.cohorts.breast.tissues import TISSUES
from rerad.cohorts.manifest import Entry, check_file, read_manifest
from rerad.core.errors import CaseError, ReradError
from rerad.core.files import atomic_folder, write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.imaging.geometry import to_cells
from rerad.imaging.stored import file_names

log = logging.getLogger(__name__)

FLOW_COLUMNS = ["case", "stage", "modality", "status", "reason"]
BOX_COLUMNS = ["case", "extent_z_mm", "extent_y_mm", "extent_x_mm", "clipped_fraction"]
SLICE_COLUMNS = ["case", "row", "slice", *TISSUES]


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

    ``arrays`` gets two files a case, see :mod:`rerad.imaging.stored`: the image as it was taken, one channel, and the
    tissues (1 fatty, 2 glandular, 3 lesion, 4 other breast, 0 outside). ``cases`` has a row for each: case, row,
    included (1), patient, group (normal, benign, malignant or nothing), evaluated (1: the group is known and its
    lesion, if it has one, is drawn; 0: for training and timing only), voxels of the tissues, low and high (the range
    of the image), slice_axis, and the columns of :mod:`rerad.imaging.geometry`.

    Args:
        folder: acquired cohort with its manifest.
        settings: see :func:`rerad.cohorts.breast.tissues.label_tissues`.
        seed: of the cohort.
        permute_labels: False, or the seed by which benign and malignant change hands (null run).
        workers: number of processes.
        cases, patient_flow, box_check, slices, arrays: what to write. ``box_check``: how large the lesion is and how
            much of it lies outside the breast that was found; ``slices``: the slices with any tissue, and its voxels.

    Raises:
        ReradError: the manifest or groups.csv are broken, or no case can be used.
    """
    manifest = read_manifest(folder)
    found = acquired_cases(folder, manifest)
    known = _permuted(_read_groups(folder, manifest), seed, permute_labels)
    flow = [_row(name, "all", "no scan of this case of groups.csv") for name in sorted(set(known) - set(found))]
    groups = {name: known.get(name, Known("", name)) for name in found}
    with atomic_folder(arrays) as part:
        work = partial(prepare_case, settings=settings, arrays=part)
        items = [Labelled(case, groups[name].group) for name, case in found.items()]
        results = map_cases(work, items, workers=workers, label="prepare")
        ready = [result for result in results if isinstance(result, Prepared)]
        for name, result in zip(found, results, strict=True):
            if not isinstance(result, Prepared):
                # Relative, so that the table is the same wherever the data lies.
                flow.append(_row(name, "all", str(result).replace(f"{folder}/", "")))
        _need_cases(ready, flow, folder)
        _remove_others(part, ready)
    for one in ready:
        flow += [_row(one.case, tissue, reason) for tissue, reason in one.missing.items()]
        if not groups[one.case].group:
            flow.append(_row(one.case, "group", "groups.csv does not name it: the case serves training and timing"))
    for case, _, _, _, reason in sorted(flow):
        log.warning("%s: %s", case, reason)
    write_csv(box_check, pd.DataFrame([(one.case, *one.extent_mm, one.outside) for one in ready], columns=BOX_COLUMNS))
    rows = [(one.case, row, *counts) for row, one in enumerate(ready) for counts in one.slices]
    write_csv(slices, pd.DataFrame(rows, columns=SLICE_COLUMNS))
    write_csv(patient_flow, pd.DataFrame(sorted(flow), columns=FLOW_COLUMNS))
    write_csv(cases, _cases_table(ready, groups))


def _read_groups(folder: Path, manifest: dict[str, Entry]) -> dict[str, Known]:
    """Return what groups.csv says; nothing where a local cohort has none."""
    if TABLE not in manifest:
        return {}
    try:
        path = check_file(folder, TABLE, manifest[TABLE])
    except CaseError as error:  # not a matter of one case
        raise ReradError(error.what, where=error.where, remedy=error.remedy) from error
    return read_groups(path)


def _permuted(known: dict[str, Known], seed: int, permute_labels: int | bool) -> dict[str, Known]:
    """Return the groups, in a null run benign and malignant dealt out by lot; whether there is a lesion stays."""
    if permute_labels is False:
        return known
    names = sorted(name for name, one in known.items() if one.group != "normal")
    order = np.random.default_rng(derive(seed, "permute_labels", int(permute_labels))).permutation(names)
    return known | {
        name: known[name]._replace(group=known[other].group) for name, other in zip(names, order, strict=True)
    }


def _row(case: str, modality: str, reason: str) -> tuple[str, str, str, str, str]:
    return case, "prepare", modality, "excluded", reason


def _need_cases(ready: list[Prepared], flow: list[tuple[str, str, str, str, str]], folder: Path) -> None:
    if not ready:
        reasons = f"; for example {min(flow)[4]}" if flow else ""
        raise ReradError(
            f"none of {len(flow)} cases can be used{reasons}", where=str(folder), remedy="Check the cohort's source"
        )


def _remove_others(part: Path, ready: list[Prepared]) -> None:
    """Remove what cases left that failed half-way."""
    wanted = {name for result in ready for name in file_names(result.case)}
    for path in part.iterdir():
        if path.name not in wanted:
            path.unlink()


def _cases_table(ready: list[Prepared], groups: dict[str, Known]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "case": one.case,
                "row": row,
                "included": 1,
                "patient": groups[one.case].patient,
                "group": groups[one.case].group,
                "evaluated": int(groups[one.case].group != "" and "lesion" not in one.missing),
                **{f"{name}_voxels": count for name, count in one.voxels.items()},
                "low": one.low,
                "high": one.high,
                "slice_axis": one.slice_axis,
                **to_cells(one.geometry),
            }
            for row, one in enumerate(ready)
        ]
    )
