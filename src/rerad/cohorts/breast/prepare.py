"""Bring the acquired cases into the form that studies read, and account for every one of them."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.cohorts.breast.groups import TABLE, Known, read_groups
from rerad.cohorts.breast.labels import TISSUES
from rerad.cohorts.breast.prepare_case import Labelled, Prepared, prepare_case
from rerad.cohorts.cases import Case, acquired_cases
from rerad.cohorts.manifest import Entry, check_table, read_manifest
from rerad.cohorts.preparing import BOX_COLUMNS, FLOW_COLUMNS, SLICE_COLUMNS, excluded, keep_only, without_folder
from rerad.core.errors import ReradError
from rerad.core.files import atomic_folder, write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.imaging.geometry import to_cells

log = logging.getLogger(__name__)


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
    lesion, if it has one, is drawn; 0: for training and timing only), block_of (the case whose slices it has some of,
    nothing where it has all), voxels of the tissues, low and high (the range
    of the image), slice_axis, and the columns of :mod:`rerad.imaging.geometry`.

    Args:
        folder: acquired cohort with its manifest.
        settings: see :func:`rerad.cohorts.breast.tissues.label_tissues`; ``slice_blocks``: None, or into how many
            blocks of slices, which count as patients of their own, the only case of a cohort is cut.
        seed: of the cohort.
        permute_labels: False, or the seed by which benign and malignant change hands (null run).
        workers: number of processes.
        cases, patient_flow, box_check, slices, arrays: what to write. ``box_check``: how large the lesion is and how
            much of it lies outside the breast that was found; ``slices``: the slices with any tissue, and its voxels.

    Raises:
        ReradError: the manifest or groups.csv are broken, no case can be used, or several are to be cut into blocks.
    """
    manifest = read_manifest(folder)
    found = acquired_cases(folder, manifest)
    known = _permuted(_read_groups(folder, manifest), seed, permute_labels)
    flow = [excluded(name, "all", "no scan of this case of groups.csv") for name in sorted(set(known) - set(found))]
    groups = {name: known.get(name, Known("", name)) for name in found}
    with atomic_folder(arrays) as part:
        work = partial(prepare_case, settings=settings, arrays=part)
        blocks = _blocks(settings, found)
        items = [
            Labelled(case, groups[name].group, block + 1, blocks)
            for name, case in found.items()
            for block in range(blocks)
        ]
        results = map_cases(work, items, workers=workers, label="prepare")
        ready = [result for result in results if isinstance(result, Prepared)]
        for item, result in zip(items, results, strict=True):
            if not isinstance(result, Prepared):
                # Relative, so that the table is the same wherever the data lies.
                flow.append(excluded(str(item), "all", without_folder(result, folder)))
        if blocks > 1:
            groups = {str(item): Known(item.group, str(item)) for item in items}
        keep_only(part, [result.case for result in ready], flow, folder)
    for one in ready:
        flow += [excluded(one.case, tissue, reason) for tissue, reason in one.missing.items()]
        if not groups[one.case].group:
            flow.append(excluded(one.case, "group", "groups.csv does not name it: the case serves training and timing"))
    for case, _, _, _, reason in sorted(flow):
        log.warning("%s: %s", case, reason)
    write_csv(box_check, pd.DataFrame([(one.case, *one.extent_mm, one.outside) for one in ready], columns=BOX_COLUMNS))
    rows = [(one.case, row, *counts) for row, one in enumerate(ready) for counts in one.slices]
    write_csv(slices, pd.DataFrame(rows, columns=[*SLICE_COLUMNS, *TISSUES]))
    write_csv(patient_flow, pd.DataFrame(sorted(flow), columns=FLOW_COLUMNS))
    write_csv(cases, _cases_table(ready, groups, {str(item): item.case.name for item in items if item.blocks > 1}))


def _blocks(settings: dict[str, Any], found: dict[str, Case]) -> int:
    """Return into how many blocks of slices every case is cut: several only of the one case that a cohort has."""
    blocks = int(settings.get("slice_blocks") or 1)
    if blocks > 1 and len(found) > 1:
        told = f"{len(found)} cases to cut into {blocks} blocks of slices each"
        remedy = "Write null: a cohort of several patients is split by patient"
        raise ReradError(told, where="cohorts.breast.prepare.slice_blocks", remedy=remedy)
    return blocks


def _read_groups(folder: Path, manifest: dict[str, Entry]) -> dict[str, Known]:
    """Return what groups.csv says; nothing where a local cohort has none."""
    if TABLE not in manifest:
        return {}
    path = check_table(folder, TABLE, manifest[TABLE])
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


def _cases_table(ready: list[Prepared], groups: dict[str, Known], whole: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "case": one.case,
                "row": row,
                "included": 1,
                "patient": groups[one.case].patient,
                "group": groups[one.case].group,
                "block_of": whole.get(one.case, ""),
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
