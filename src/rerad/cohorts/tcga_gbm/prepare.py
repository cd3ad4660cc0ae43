"""Bring expression and segmentations together, one sample a patient, and account for every patient."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rerad.cohorts.manifest import Entry, read_manifest
from rerad.cohorts.preparing import BOX_COLUMNS, FLOW_COLUMNS, SLICE_COLUMNS, FlowRow, excluded, without_folder
from rerad.cohorts.tcga_gbm.expression import read_expression, taken
from rerad.cohorts.tcga_gbm.naming import Segmentation, choose, find_segmentations
from rerad.cohorts.tcga_gbm.regions import Segmented, features_of, read_labels
from rerad.cohorts.tcga_gbm.samples import one_a_patient
from rerad.cohorts.tcga_gbm.stored import store_expression, store_labels
from rerad.core.errors import CaseError, ReradError
from rerad.core.files import atomic_folder, write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.imaging.geometry import COUNTS, Geometry, box_of, box_spacing, geometry_of, to_cells

log = logging.getLogger(__name__)

MM3_PER_ML = 1000.0
Flow = list[FlowRow]


class Measured(NamedTuple):
    """What the tables say of a segmentation: its coding, ml of its regions, and where the tumour lies."""

    coding: str
    ml: dict[str, float]
    geometry: Geometry


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

    ``arrays`` gets the expression of all patients and the labels, see :mod:`rerad.cohorts.tcga_gbm.stored`. ``cases``
    has a row for each of them, those with usable images first: case, row, included (1: expression and both regions),
    patient, has_imaging (1: there is a segmentation, be it broken), sample (barcode), tumour_of (whose segmentation it
    is: the patient's own but in a null run), segmentation (its path in ``folder``), corrected (1: by a person),
    label_coding, ml of each region's largest part, and the columns of :mod:`rerad.imaging.geometry`.

    Args:
        folder: acquired cohort with its manifest.
        settings: ``rois`` (name → labels) and ``counts``, see :mod:`rerad.cohorts.tcga_gbm.counts`.
        seed: of the cohort.
        permute_labels: False, or the seed by which segmentations change hands among the included patients (null run).
        workers: number of processes.
        cases, patient_flow, box_check, slices, arrays: what to write. ``box_check``: how large the tumour is; nothing
            is cut. ``slices``: no row, since nothing reads slices of this cohort.

    Raises:
        ReradError: the manifest or the expression are broken, or no patient has expression and both regions.
    """
    manifest = read_manifest(folder)
    expression = read_expression(folder, manifest, settings["counts"])
    sample_of, notes = one_a_patient(expression.samples)
    flow: Flow = [(note.patient, "prepare", "expression", note.status, note.reason) for note in notes]
    flow += _failed_samples(expression.failed, sample_of, folder)
    found = _choose_segmentations(manifest, flow)
    flow += _without_partner(sample_of, found, flow)
    both = [patient for patient in found if patient in sample_of]
    items = [Segmented(patient, folder, found[patient].file, manifest[found[patient].file]) for patient in both]
    with atomic_folder(arrays) as part:
        measured = _measure(items, part, settings["rois"], workers, flow)
        _need(measured, flow, folder)
        order = [*measured, *(patient for patient in sample_of if patient not in measured)]
        chosen = taken(expression, [sample_of[patient] for patient in order])
        store_expression(part, chosen.values, chosen.genes)
    given = _given(list(measured), seed, permute_labels)
    told = [_case_row(row, patient, chosen.samples[row], given, found, measured) for row, patient in enumerate(order)]
    log.info(
        "%d patients with expression (%d genes), %d of them with a segmentation, %d with both regions",
        len(order), len(chosen.genes), len(both), len(measured),
    )  # fmt: skip
    boxes = [(patient, *_extent(measured[given[patient]].geometry), 0.0) for patient in measured]
    write_csv(box_check, pd.DataFrame(boxes, columns=BOX_COLUMNS))
    write_csv(slices, pd.DataFrame([], columns=SLICE_COLUMNS))
    write_csv(patient_flow, pd.DataFrame(sorted(flow), columns=FLOW_COLUMNS))
    write_csv(cases, pd.DataFrame(told))


def _need(measured: Mapping[str, Measured], flow: Flow, folder: Path) -> None:
    if not measured:
        reasons = f"; for example {flow[-1][4]}" if flow else ""
        raise ReradError(
            f"no patient has expression and both regions{reasons}",
            where=str(folder),
            remedy="Check the cohort's source",
        )


def _failed_samples(failed: Mapping[str, ReradError], sample_of: Mapping[str, int], folder: Path) -> Flow:
    rows = []
    for barcode, error in sorted(failed.items()):
        patient = next((name for name in sample_of if barcode.startswith(f"{name}-")), "")
        status = "noted" if patient else "excluded"
        name = patient or "-".join(barcode.split("-")[:3])
        rows.append((name, "prepare", "expression", status, f"{barcode}: {without_folder(error, folder)}"))
    return rows


def _choose_segmentations(manifest: Mapping[str, Entry], flow: Flow) -> dict[str, Segmentation]:
    """Return each patient's segmentation; note where there were several dates, and leave out who has two of one."""
    chosen = {}
    for patient, found in find_segmentations(manifest).items():
        try:
            chosen[patient] = choose(patient, found)
        except CaseError as error:
            flow.append(excluded(patient, "segmentation", str(error)))
            continue
        later = sorted({other.date for other in found} - {chosen[patient].date})
        if later:
            told = f"the scan of {chosen[patient].date} is taken, left out: {', '.join(later)}"
            flow.append((patient, "prepare", "segmentation", "noted", told))
    return chosen


def _without_partner(sample_of: Mapping[str, int], found: Mapping[str, Segmentation], flow: Flow) -> Flow:
    """Return a row for every patient who has one of the two only and no row that says why."""
    known = {(case, modality) for case, _, modality, status, _ in flow if status == "excluded"}
    rows = [
        (patient, "prepare", "segmentation", "expression only", "no segmentation")
        for patient in sample_of
        if patient not in found and (patient, "segmentation") not in known
    ]
    return rows + [
        excluded(patient, "expression", "no expression of a primary tumour")
        for patient in found
        if patient not in sample_of and (patient, "expression") not in known
    ]


def _measure(
    items: list[Segmented], arrays: Path, rois: Mapping[str, list[int]], workers: int, flow: Flow
) -> dict[str, Measured]:
    results = map_cases(partial(_measure_one, arrays=arrays, rois=rois), items, workers=workers, label="prepare")
    measured = {}
    for item, result in zip(items, results, strict=True):
        if isinstance(result, Measured):
            measured[item.patient] = result
            continue
        reason = without_folder(result, item.folder)
        log.warning("%s: %s", item.patient, reason)
        flow.append((item.patient, "prepare", "segmentation", "expression only", reason))
    return measured


def _measure_one(case: Segmented, *, arrays: Path, rois: Mapping[str, list[int]]) -> Measured:
    labels = read_labels(case)
    features = features_of(labels, rois, axes="extent", where=case.patient)
    geometry = geometry_of(labels.stored, *box_of(labels.values > 0))
    store_labels(arrays, case.patient, labels.values[geometry.inside])
    return Measured(labels.coding, {name: told["volume"] / MM3_PER_ML for name, told in features.items()}, geometry)


def _extent(geometry: Geometry) -> list[float]:
    """Return the extent of a box (z, y, x) in mm."""
    return [float(count * step) for count, step in zip(geometry.box_shape, box_spacing(geometry), strict=True)]


def _given(patients: list[str], seed: int, permute_labels: int | bool) -> dict[str, str]:
    """Return whose segmentation each patient has: the own one, or in a null run one dealt out by lot."""
    if permute_labels is False:
        return dict(zip(patients, patients, strict=True))
    generator = np.random.default_rng(derive(seed, "permute_labels", int(permute_labels)))
    return dict(zip(patients, map(str, generator.permutation(patients)), strict=True))


def _case_row(
    row: int,
    patient: str,
    sample: str,
    given: Mapping[str, str],
    found: Mapping[str, Segmentation],
    measured: Mapping[str, Measured],
) -> dict[str, Any]:
    owner = given.get(patient, patient)
    known, segmentation = measured.get(owner), found.get(owner)
    names = next(iter(measured.values())).ml
    return {
        "case": patient,
        "row": row,
        "included": int(known is not None),
        "patient": patient,
        "has_imaging": int(segmentation is not None),
        "sample": sample,
        "tumour_of": owner if known else "",
        "segmentation": segmentation.file if segmentation else "",
        "corrected": segmentation.corrected if segmentation else "",
        "label_coding": known.coding if known else "",
        **{f"{name}_ml": known.ml[name] if known else "" for name in names},
        **(to_cells(known.geometry) if known else dict.fromkeys(COUNTS, "")),
    }
