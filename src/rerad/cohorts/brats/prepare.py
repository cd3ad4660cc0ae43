"""Bring the acquired cases into the form that networks read, and account for every one of them."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from rerad.cohorts.brats.grades import TABLE, grade_of, read_grades
from rerad.cohorts.brats.labels import REGIONS
from rerad.cohorts.brats.naming import LABELS, MODALITIES, Files, find_cases
from rerad.cohorts.brats.prepare_case import Prepared, prepare_case
from rerad.cohorts.brats.scans import Case
from rerad.cohorts.manifest import Entry, check_table, read_manifest
from rerad.cohorts.preparing import BOX_COLUMNS, FLOW_COLUMNS, SLICE_COLUMNS, excluded, keep_only, without_folder
from rerad.core.errors import CaseError
from rerad.core.files import atomic_folder, write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.imaging.geometry import to_cells
from rerad.imaging.stored import Contents, store_contents

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

    ``arrays`` gets two files a case, see :mod:`rerad.imaging.stored`: t1, t1ce, t2, flair (normalised, 0 outside the
    brain) and labels (1 necrotic or non-enhancing, 2 edema, 4 enhancing), both of the brain cube, and one
    that names channels and regions. ``cases`` has a row for each: case, row, included (1), patient (of several time
    points), grade (HGG, LGG or nothing), label_coding (et4, et3, no_et, decathlon), ml of the regions, and the columns
    of :mod:`rerad.imaging.geometry`.

    Args:
        folder: acquired cohort with its manifest.
        settings: ``intensity``: ``scale`` and ``offset``, see :func:`rerad.imaging.intensity.brain_wise`.
        seed: of the cohort.
        permute_labels: False, or the seed by which segmentations change hands among the cases (null run).
        workers: number of processes.
        cases, patient_flow, box_check, slices, arrays: what to write. ``box_check``: how large the tumour is and how
            much of it lies outside the brain cube; ``slices``: the axial slices of the cube that have tumour.

    Raises:
        ReradError: the manifest or name_mapping.csv are broken, or no case can be used.
    """
    manifest = read_manifest(folder)
    found = find_cases(manifest)
    table = _read_grades(folder, manifest)
    labelled = _labelled(found, seed, permute_labels)
    flow, grades = [], {}
    for name, files in found.items():
        try:
            grades[name] = grade_of(files, table)
        except CaseError as error:
            flow.append(excluded(name, "all", str(error)))
    with atomic_folder(arrays) as part:
        work = partial(prepare_case, settings=settings, arrays=part)
        items = [Case(folder, found[name], labelled[name], manifest) for name in grades]
        results = map_cases(work, items, workers=workers, label="prepare")
        ready = [result for result in results if isinstance(result, Prepared)]
        for name, result in zip(grades, results, strict=True):
            if not isinstance(result, Prepared):
                flow.append(excluded(name, "all", without_folder(result, folder)))
        keep_only(part, [result.case for result in ready], flow, folder)
        store_contents(part, Contents(MODALITIES, REGIONS, dict(settings["intensity"])))
    for case, _, _, _, reason in sorted(flow):
        log.warning("%s: %s", case, reason)
    told = Counter(result.coding for result in ready)
    log.info("label codings: %s", ", ".join(f"{name} of {count} cases" for name, count in sorted(told.items())))
    write_csv(box_check, _box_table(ready))
    write_csv(slices, _slices_table(ready))
    write_csv(patient_flow, pd.DataFrame(sorted(flow), columns=FLOW_COLUMNS))
    write_csv(cases, _cases_table(ready, found, grades))


def _read_grades(folder: Path, manifest: dict[str, Entry]) -> dict[str, str]:
    """Return the grades of all tables of the cohort, later ones in order of their paths over earlier ones."""
    grades: dict[str, str] = {}
    for file in sorted(file for file in manifest if PurePosixPath(file).name == TABLE):
        path = check_table(folder, file, manifest[file])
        grades |= read_grades(path)
    return grades


def _labelled(found: dict[str, Files], seed: int, permute_labels: int | bool) -> dict[str, Files]:
    """Return whose segmentation each case gets: its own, or in a null run that of a case dealt out by lot.

    The releases lie on one atlas, so that another case's tumour fits the grid.
    """
    if permute_labels is False:
        return found
    names = [name for name, files in found.items() if LABELS in files.kinds]
    order = np.random.default_rng(derive(seed, "permute_labels", int(permute_labels))).permutation(names)
    return found | {name: found[other] for name, other in zip(names, order, strict=True)}


def _cases_table(ready: list[Prepared], found: dict[str, Files], grades: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "case": result.case,
                "row": row,
                "included": 1,
                "patient": found[result.case].patient,
                "grade": grades[result.case],
                "label_coding": result.coding,
                **{f"{name.lower()}_ml": volume for name, volume in result.ml.items()},
                **to_cells(result.geometry),
            }
            for row, result in enumerate(ready)
        ]
    )


def _box_table(ready: list[Prepared]) -> pd.DataFrame:
    return pd.DataFrame([(case.case, *case.extent_mm, case.clipped_fraction) for case in ready], columns=BOX_COLUMNS)


def _slices_table(ready: list[Prepared]) -> pd.DataFrame:
    rows = [(case.case, row, index) for row, case in enumerate(ready) for index in case.slices]
    return pd.DataFrame(rows, columns=SLICE_COLUMNS)
