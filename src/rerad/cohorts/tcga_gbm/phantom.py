"""A cohort that does not exist, in the files of the real one: expression, and tumours whose shape follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.special import ndtr

from rerad.cohorts.tcga_gbm.naming import TABLE
from rerad.cohorts.tcga_gbm.phantom_genes import plant_genes
from rerad.cohorts.tcga_gbm.phantom_tumour import Tumour, draw_tumour
from rerad.cohorts.tcga_gbm.table import ENTREZ, SYMBOL
from rerad.core.errors import ConfigError, ReradError
from rerad.core.files import atomic
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.imaging.images import write_image

# Traits of a tumour's shape; trait i follows factor i of the expression, of which the first three are strong.
TRAITS = (
    "enhancing_ml",
    "edema_ml",
    "quiet",
    "core_irregularity",
    "edema_irregularity",
    "core_elongation",
    "edema_elongation",
)
QUIET = (0.1, 0.4)  # the part of the core that does not enhance
DATE = "2000.01.01"


class Patient(NamedTuple):
    """A patient with images: the barcode, and the tumour that is to be drawn."""

    patient: str
    tumour: Tumour


def write_phantom(folder: Path, settings: dict[str, Any], seed: int, *, workers: int = 1) -> None:
    """Write the files of a phantom cohort into an empty folder; the same settings and seed give the same bytes.

    A table as cBioPortal has it, and ``segmentations/<patient>/`` with one file as BraTS-TCGA-GBM names it.

    Args:
        folder: takes the files.
        settings:
            ``patients``, ``genes``: with expression; ``imaged``: how many of them have a segmentation;
            ``recurrent``: how many have a second sample, of a recurrence, that is not to be used;
            ``effect_size``: correlation of each trait of a tumour's shape with a factor of the expression, 0 to 1;
            ``size``: voxels, ``spacing_mm``: mm, both (z, y, x);
            ``enhancing_ml``, ``edema_ml``, ``irregularity``, ``elongation``: smallest and largest, see
            :class:`rerad.cohorts.tcga_gbm.phantom_tumour.Tumour`.
        seed: of the cohort.
        workers: number of processes.

    Raises:
        ConfigError: the settings contradict each other.
    """
    _check(settings)
    planted = plant_genes(settings, seed)
    names = [f"PHANTOM-00-{index + 1:04d}" for index in range(settings["patients"])]
    _write_table(folder / "cbioportal" / TABLE, names, planted.expression, settings["recurrent"], seed)
    patients = plant_tumours(names, planted.factors, settings, seed)
    work = partial(_write_segmentation, folder=folder / "segmentations", settings=settings, seed=seed)
    for result in map_cases(work, patients, workers=workers, label="phantom"):
        if isinstance(result, ReradError):
            raise result


def plant_tumours(names: list[str], factors: NDArray[np.float64], settings: dict[str, Any], seed: int) -> list[Patient]:
    """Return the patients with images, whom the seed picks, each with a tumour that follows the factors (patients, k).

    A trait runs through its range, volumes through that of their logarithm, as its latent normal variable does through
    the quantiles: ``effect_size`` times a factor, the rest chance.
    """
    generator = np.random.default_rng(derive(seed, "phantom", "tumours"))
    imaged = np.sort(generator.permutation(len(names))[: settings["imaged"]])
    effect = settings["effect_size"]
    chance = generator.standard_normal((len(names), len(TRAITS)))
    latent = effect * factors[:, : len(TRAITS)] + np.sqrt(1 - effect**2) * chance
    return [Patient(names[index], _tumour(ndtr(latent[index]), settings)) for index in imaged]


def _tumour(quantiles: NDArray[np.float64], settings: dict[str, Any]) -> Tumour:
    told = dict(zip(TRAITS, map(float, quantiles), strict=True))

    def within(trait: str, ends: Sequence[float]) -> float:
        return float(ends[0] + (ends[1] - ends[0]) * told[trait])

    def volume(key: str) -> float:
        return float(np.exp(within(key, np.log(settings[key]))))

    return Tumour(
        volume("enhancing_ml"),
        volume("edema_ml"),
        within("quiet", QUIET),
        (within("core_irregularity", settings["irregularity"]), within("edema_irregularity", settings["irregularity"])),
        (within("core_elongation", settings["elongation"]), within("edema_elongation", settings["elongation"])),
    )


def _check(settings: dict[str, Any]) -> None:
    for key in ("imaged", "recurrent"):
        if settings[key] > settings["patients"]:
            raise ConfigError(
                f"{settings[key]} of {settings['patients']} patients",
                where=f"cohorts.tcga_gbm.phantom.{key}",
                remedy=f"Write at most {settings['patients']}",
            )


def _write_table(path: Path, names: list[str], values: NDArray[np.float64], recurrent: int, seed: int) -> None:
    generator = np.random.default_rng(derive(seed, "phantom", "recurrences"))
    again = np.sort(generator.permutation(len(names))[:recurrent])
    later = values[again] + 0.3 * generator.standard_normal((recurrent, values.shape[1]))
    genes = [f"PHANTOM{index + 1}" for index in range(values.shape[1])]
    table = pd.DataFrame({SYMBOL: genes, ENTREZ: np.arange(len(genes)) + 900_000_001})
    samples = [f"{name}-01" for name in names] + [f"{names[index]}-02" for index in again]
    columns = pd.DataFrame(np.concatenate([values, later]).T, columns=samples)
    with atomic(path) as part:
        pd.concat([table, columns], axis=1).to_csv(
            part, sep="\t", index=False, lineterminator="\n", float_format="%.5f"
        )


def _write_segmentation(patient: Patient, *, folder: Path, settings: dict[str, Any], seed: int) -> None:
    generator = np.random.default_rng(derive(seed, "phantom", "tumour", patient.patient))
    labels = draw_tumour(patient.tumour, settings, generator)
    image = sitk.GetImageFromArray(labels)
    spacing = [float(step) for step in settings["spacing_mm"]]
    image.SetSpacing(spacing[::-1])
    image.SetOrigin((0.0, -(labels.shape[1] - 1) * spacing[1], 0.0))  # as the releases have it
    name = f"{patient.patient}_{DATE}_GlistrBoost_ManuallyCorrected.nii.gz"
    write_image(folder / patient.patient / name, image)
