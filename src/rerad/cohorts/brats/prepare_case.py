"""Prepare one case: four modalities and labels on the brain cube."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.cohorts.brats.labels import REGIONS, region
from rerad.cohorts.brats.naming import MODALITIES
from rerad.cohorts.brats.scans import Case, Modalities, read_scan
from rerad.core.errors import CaseError
from rerad.imaging.geometry import Geometry, box_of, geometry_of
from rerad.imaging.intensity import brain_wise
from rerad.imaging.stored import store_case

MM3_PER_ML = 1000.0


class Prepared(NamedTuple):
    """What the tables say about one prepared case; its arrays lie in files of their own.

    ``slices`` are the axial slices of the brain cube in which there is tumour, ``clipped_fraction`` the part of the
    tumour outside the cube.
    """

    case: str
    coding: str
    ml: dict[str, float]
    geometry: Geometry
    extent_mm: tuple[float, ...]
    clipped_fraction: float
    slices: list[int]


def prepare_case(case: Case, *, settings: dict[str, Any], arrays: Path) -> Prepared:
    """Write images and labels of a case, see :mod:`rerad.imaging.stored`, and return the rest.

    Raises:
        CaseError: the case cannot be used.
    """
    scan = read_scan(case)
    images, geometry = brain_cube(scan.modalities, case, settings["intensity"])
    labels = scan.labels[geometry.inside]
    store_case(arrays, case.files.case, images, labels)
    tumour, spacing_mm = scan.labels > 0, scan.modalities.spacing_mm
    return Prepared(
        case=case.files.case,
        coding=scan.coding,
        ml={name: float(region(scan.labels, name).sum() * np.prod(spacing_mm) / MM3_PER_ML) for name in REGIONS},
        geometry=geometry,
        extent_mm=tuple(float(count * step) for count, step in zip(box_of(tumour)[1], spacing_mm, strict=True)),
        clipped_fraction=float(1 - (labels > 0).sum() / tumour.sum()),
        slices=np.flatnonzero((labels > 0).any(axis=(1, 2))).tolist(),
    )


def brain_cube(scan: Modalities, case: Case, intensity: Mapping[str, Any]) -> tuple[NDArray[np.float32], Geometry]:
    """Return the normalised images (t1, t1ce, t2, flair; z, y, x) of the brain cube of a case, and where it lies.

    It is the smallest box around all voxels that are not 0 in some modality (section 2.3).

    Raises:
        CaseError: a modality is empty, or all of its brain has one value.
    """
    images = {name: _normalised(scan.images[name], f"{case}, {name}", intensity) for name in MODALITIES}
    start, shape = box_of(np.any([values != 0 for values in images.values()], axis=0))
    geometry = geometry_of(scan.stored, start, shape)
    return np.stack([images[name][geometry.inside] for name in MODALITIES]), geometry


def _normalised(values: NDArray[np.float32], where: str, intensity: Mapping[str, Any]) -> NDArray[np.float32]:
    try:
        return brain_wise(values, **intensity)
    except CaseError as error:
        raise CaseError(error.what, where=where, remedy=error.remedy) from error
