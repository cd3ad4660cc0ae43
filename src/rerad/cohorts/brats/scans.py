"""Read the scans of a case as they were acquired, each file checked against the manifest first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from rerad.cohorts.brats.labels import recode
from rerad.cohorts.brats.naming import CHANNELS, DECATHLON, LABELS, MODALITIES, Files
from rerad.cohorts.manifest import Entry, check_file
from rerad.core.errors import CaseError
from rerad.imaging.images import read_channels, read_stored, same_geometry, upright


class Case(NamedTuple):
    """A case of an acquired cohort: the cohort's folder, the case's files there, what the manifest says of them.

    ``labelled`` are the files whose segmentation counts: the case's own but in a null run. Files that were never
    acquired have no ``entries`` to be checked against.
    """

    folder: Path
    files: Files
    labelled: Files
    entries: Mapping[str, Entry]

    def __str__(self) -> str:
        return self.files.case


class Modalities(NamedTuple):
    """A modality as stored, and arrays (z, y, x), turned to LPS, of all of them."""

    stored: sitk.Image
    spacing_mm: tuple[float, ...]
    images: dict[str, NDArray[np.float32]]


class Scan(NamedTuple):
    """The modalities and the labels 0, 1, 2, 4 (z, y, x), turned to LPS, with the name of their coding."""

    modalities: Modalities
    labels: NDArray[np.uint8]
    coding: str


def read_scan(case: Case) -> Scan:
    """Return the four modalities and the labels of a case, all on one grid.

    Raises:
        CaseError: a modality or the labels are missing or there twice, a file changed since it was acquired or cannot
            be used, grids differ, or a label is none of a known coding.
    """
    modalities = read_modalities(case)
    labels, coding = _read_labels(case, modalities.stored)
    return Scan(modalities, labels, coding)


def read_modalities(case: Case) -> Modalities:
    """Return the four modalities of a case, all on one grid.

    Raises:
        CaseError: as of :func:`read_scan`, but for the labels.
    """
    stored = _stored_modalities(case)
    first = stored[MODALITIES[0]]
    for name, image in stored.items():
        same_geometry(first, image, where=str(case), names=(MODALITIES[0], name))
    turned = {name: upright(image, where=f"{case}, {name}") for name, image in stored.items()}
    images = {name: sitk.GetArrayFromImage(image) for name, image in turned.items()}
    return Modalities(first, turned[MODALITIES[0]].GetSpacing()[::-1], images)


def _stored_modalities(case: Case) -> dict[str, sitk.Image]:
    if CHANNELS not in case.files.kinds:
        return {name: read_stored(_only(case, case.files, name)) for name in MODALITIES}
    if both := sorted(set(MODALITIES) & set(case.files.kinds)):
        raise CaseError(
            f"one file of all modalities and one of {both[0]}", where=str(case), remedy="Keep one of the two"
        )
    path = _only(case, case.files, CHANNELS)
    found = read_channels(path)
    if len(found) != len(DECATHLON):
        raise CaseError(
            f"{len(found)} channels", where=str(path), remedy=f"The Decathlon has {', '.join(DECATHLON)} in this order"
        )
    channels = dict(zip(DECATHLON, found, strict=True))
    return {name: channels[name] for name in MODALITIES}


def _read_labels(case: Case, image: sitk.Image) -> tuple[NDArray[np.uint8], str]:
    path = _only(case, case.labelled, LABELS)
    labels = read_stored(path)
    same_geometry(image, labels, where=str(path), names=(MODALITIES[0], LABELS))
    try:
        return recode(sitk.GetArrayFromImage(sitk.DICOMOrient(labels, "LPS")), decathlon=case.labelled.decathlon)
    except CaseError as error:
        raise CaseError(error.what, where=str(path), remedy=error.remedy) from error


def _only(case: Case, files: Files, kind: str) -> Path:
    """Return the one file of a kind."""
    found = files.kinds.get(kind, [])
    if not found:
        there = sorted(files.kinds)
        beside = f"; beside them {', '.join(files.others)}" if files.others else ""
        raise CaseError(
            f"no {kind}: there is {', '.join(there)}{beside}",
            where=files.case,
            remedy=f"Name the file <case>_{kind}.nii.gz if there is one",
        )
    if len(found) > 1:
        raise CaseError(
            f"{len(found)} files of {kind}: {', '.join(found)}", where=files.case, remedy="Keep one of them"
        )
    return check_file(case.folder, found[0], case.entries[found[0]]) if case.entries else case.folder / found[0]
