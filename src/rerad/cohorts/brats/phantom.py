"""A cohort that does not exist, in the files of the real one: skull-stripped brains with planted gliomas."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk

from rerad.cohorts.brats.naming import LABELS, MODALITIES
from rerad.cohorts.brats.phantom_brain import Glioma, draw_brain
from rerad.core.errors import ConfigError, ReradError
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.imaging.images import write_image

# Shares of the whole tumour that its core takes, and of the core that its part without enhancement takes. Gliomas of
# high grade have a ring of enhancement around necrosis; those of low grade are mostly core, with little of it.
CORE = {"HGG": (0.35, 0.6), "LGG": (0.5, 0.8)}
QUIET = {"HGG": (0.2, 0.5), "LGG": (0.8, 0.9)}


class Planted(NamedTuple):
    """One patient: grade, and whether any of the tumour enhances."""

    case: str
    grade: str
    enhances: bool


def write_phantom(folder: Path, settings: dict[str, Any], seed: int, *, workers: int = 1) -> None:
    """Write the files of a phantom cohort into an empty folder; the same settings and seed give the same bytes.

    They are named as in BraTS 2018 and 2019: ``<grade>/<case>/<case>_<t1|t1ce|t2|flair|seg>.nii.gz``.

    Args:
        folder: takes the files.
        settings:
            ``cases``, ``low_grade``: patients and how many of them are LGG;
            ``without_enhancing``: how many of the LGG do not enhance anywhere;
            ``size``: voxels, ``spacing_mm``: mm, both (z, y, x);
            ``tumour_ml``: smallest and largest whole tumour;
            ``contrast``: of tumour and brain, 0 (nothing to see) to 1 (as typical scans show it);
            ``noise``: standard deviation as a share of white matter in T1.
        seed: of the cohort.
        workers: number of processes.

    Raises:
        ConfigError: the settings contradict each other.
    """
    patients = plant(settings, seed)
    work = partial(_write_case, folder=folder, settings=settings, seed=seed)
    for result in map_cases(work, patients, workers=workers, label="phantom"):
        if isinstance(result, ReradError):
            raise result


def plant(settings: dict[str, Any], seed: int) -> list[Planted]:
    """Return the patients of a phantom cohort, sorted by case; which of them are LGG the seed decides.

    Raises:
        ConfigError: there are more of a kind than there can be.
    """
    for key, of in (("low_grade", "cases"), ("without_enhancing", "low_grade")):
        if settings[key] > settings[of]:
            raise ConfigError(
                f"{settings[key]} of {settings[of]} ({of})",
                where=f"cohorts.brats.phantom.{key}",
                remedy=f"Write at most {settings[of]}",
            )
    order = np.random.default_rng(derive(seed, "phantom", "grades")).permutation(settings["cases"])
    turn = {int(index): place for place, index in enumerate(order)}
    return [
        Planted(
            f"PHANTOM_{index + 1:03d}",
            "LGG" if turn[index] < settings["low_grade"] else "HGG",
            turn[index] >= settings["without_enhancing"],
        )
        for index in range(settings["cases"])
    ]


def draw_scans(patient: Planted, settings: dict[str, Any], seed: int) -> dict[str, sitk.Image]:
    """Return the four modalities (int16) and the labels 0, 1, 2, 4 (uint8) of a planted patient.

    Raises:
        ConfigError: the tumour does not fit the settings.
    """
    generator = np.random.default_rng(derive(seed, "phantom", "brain", patient.case))
    low, high = np.log(settings["tumour_ml"])
    glioma = Glioma(
        volume_ml=float(np.exp(generator.uniform(low, high))),
        core=float(generator.uniform(*CORE[patient.grade])),
        quiet=float(generator.uniform(*QUIET[patient.grade])) if patient.enhances else 1.0,
    )
    images, labels = draw_brain(glioma, settings, generator)
    drawn = dict(zip(MODALITIES, images, strict=True)) | {LABELS: labels}
    return {name: _as_released(values, settings["spacing_mm"]) for name, values in drawn.items()}


def _write_case(patient: Planted, *, folder: Path, settings: dict[str, Any], seed: int) -> None:
    place = folder / patient.grade / patient.case
    for kind, image in draw_scans(patient, settings, seed).items():
        write_image(place / f"{patient.case}_{kind}.nii.gz", image)


def _as_released(values: np.ndarray, spacing: list[float]) -> sitk.Image:
    """Return an array (z, y, x) on the axes and with the origin of the releases, those of the atlas SRI24."""
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([float(step) for step in spacing[::-1]])
    image.SetOrigin((0.0, -(values.shape[1] - 1) * float(spacing[1]), 0.0))
    return image
