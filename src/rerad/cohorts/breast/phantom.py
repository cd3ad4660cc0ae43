"""A cohort that does not exist, in the files of the real one: DICOM of two breasts, lesions as SEG."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rerad.cohorts.breast.groups import GROUPS
from rerad.cohorts.breast.phantom_breast import draw_breasts
from rerad.cohorts.breast.phantom_dicom import write_dicom
from rerad.core.errors import ReradError
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive


class Planted(NamedTuple):
    """One patient and her group."""

    case: str
    group: str


def write_phantom(folder: Path, settings: dict[str, Any], seed: int, *, workers: int = 1) -> list[tuple[str, str]]:
    """Write the files of a phantom cohort into an empty folder and return (case, group) of each.

    The same settings and seed give the same bytes. A case is ``<case>/MR/<uid>/*.dcm`` and, where there is a lesion,
    ``<case>/SEG/<uid>/1-1.dcm``, see :mod:`rerad.cohorts.breast.phantom_dicom`.

    Args:
        folder: takes the files.
        settings:
            ``normal``, ``benign``, ``malignant``: patients of each group;
            ``size``: voxels, ``spacing_mm``: mm, both (z, y, x);
            ``lesion_ml``: smallest and largest lesion;
            ``texture``: how uneven tissues are, 0 (flat) to 1 (as typical scans show it);
            ``noise``: standard deviation as a share of the brightness of fat.
        seed: of the cohort.
        workers: number of processes.

    Raises:
        ConfigError: a lesion does not fit the settings.
    """
    patients = plant(settings, seed)
    work = partial(_write_case, folder=folder, settings=settings, seed=seed)
    for result in map_cases(work, patients, workers=workers, label="phantom"):
        if isinstance(result, ReradError):
            raise result
    return [(patient.case, patient.group) for patient in patients]


def plant(settings: dict[str, Any], seed: int) -> list[Planted]:
    """Return the patients of a phantom cohort, sorted by case; the seed decides who is of which group."""
    groups = [group for group in GROUPS for _ in range(settings[group])]
    order = np.random.default_rng(derive(seed, "phantom", "groups")).permutation(len(groups))
    return [Planted(f"PHANTOM_{place + 1:03d}", groups[index]) for place, index in enumerate(order)]


def _write_case(patient: Planted, *, folder: Path, settings: dict[str, Any], seed: int) -> None:
    generator = np.random.default_rng(derive(seed, "phantom", "breast", patient.case))
    image, tissue = draw_breasts(patient.group, settings, generator)
    write_dicom(folder / patient.case, patient.case, image, tissue, settings["spacing_mm"], seed)
