"""A cohort that does not exist, in the files of the real one: DICOM and clinical table, with a planted risk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from scipy.stats import norm

from rerad.cohorts.sts.layout import CLINICAL
from rerad.cohorts.sts.phantom_body import Tumour, scan
from rerad.cohorts.sts.phantom_clinical import write_clinical
from rerad.cohorts.sts.phantom_dicom import write_dicom
from rerad.cohorts.sts.phantom_risk import Planted, plant
from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive

ORACLE = "oracle.csv"


def write_phantom(folder: Path, settings: dict[str, Any], seed: int, *, workers: int = 1) -> None:
    """Write the files of a phantom cohort into an empty folder; the same settings and seed give the same bytes.

    Every scan has one whole field of view, so that its size tells nothing about the tumour. How uneven, how large and
    how irregular a tumour is depends on a planted risk; ``oracle.csv`` (case, risk, target) tells it to tests.

    Args:
        folder: takes the clinical table and ``<case>/<Modality>/<SeriesInstanceUID>/*.dcm``: PT, CT where there is
            one, and their RTSTRUCTs, see :func:`rerad.cohorts.sts.phantom_dicom.write_dicom`.
        settings:
            ``cases``, ``positives``: labelled patients and how many of them metastasise;
            ``recurrences``: patients on top with a recurrence as outcome;
            ``without_ct``: how many of the labelled patients lack a CT;
            ``pet_size``, ``ct_size``: voxels, ``pet_spacing_mm``, ``ct_spacing_mm``: mm, all (z, y, x);
            ``effect_size``: correlation of heterogeneity and risk, 0 (nothing to find) to 1;
            ``oracle_auc``: AUC of the risk itself;
            ``volume_weight``, ``shape_weight``: correlation of size and irregularity with the risk as a share of
            ``effect_size``; ``volume_auc_max``: what volume alone may reach at most where there is an effect;
            ``volume_ml``, ``heterogeneity``, ``irregularity``: smallest and largest; ``uptake_suv``: median;
            ``uptake_spread``: standard deviation of its logarithm; ``texture_mm``: shortest and longest wave.
        seed: of the cohort.
        workers: number of processes.

    Raises:
        ConfigError: the settings contradict each other.
    """
    patients = plant(settings, seed)
    for extreme in (min, max):  # settings that no scan can meet are told at once
        draw_scans(extreme(patients, key=lambda patient: patient.size), settings, seed)
    write_clinical(folder / CLINICAL, [(patient.case, patient.outcome) for patient in patients], seed)
    work = partial(_write_case, folder=folder, settings=settings, seed=seed)
    for result in map_cases(work, patients, workers=workers, label="phantom"):
        if isinstance(result, ReradError):
            raise result
    write_csv(folder / ORACLE, _oracle(patients))


def draw_scans(patient: Planted, settings: dict[str, Any], seed: int) -> dict[str, sitk.Image]:
    """Return PET_image (SUV), CT_image (HU) and the GTV on either grid, PET_mask and CT_mask, of a planted patient.

    Raises:
        ConfigError: the tumour does not fit the settings.
    """
    generator = np.random.default_rng(derive(seed, "phantom", "scan", patient.case))
    tumour = Tumour(
        volume_ml=_between(settings["volume_ml"], patient.size, logarithmic=True),
        heterogeneity=_between(settings["heterogeneity"], patient.heterogeneity),
        irregularity=_between(settings["irregularity"], patient.irregularity),
        uptake_suv=float(settings["uptake_suv"] * np.exp(settings["uptake_spread"] * generator.standard_normal())),
    )
    return scan(tumour, settings, generator)


def _write_case(patient: Planted, *, folder: Path, settings: dict[str, Any], seed: int) -> None:
    images = draw_scans(patient, settings, seed)
    kept = {name: image for name, image in images.items() if patient.has_ct or name.startswith("PET")}
    write_dicom(folder / patient.case, patient.case, kept, seed)


def _between(limits: list[float], score: float, *, logarithmic: bool = False) -> float:
    """Return the value between two limits at the quantile of a standard normal score."""
    low, high = np.log(limits) if logarithmic else limits
    value = low + (high - low) * norm.cdf(score)
    return float(np.exp(value) if logarithmic else value)


def _oracle(patients: list[Planted]) -> pd.DataFrame:
    rows = [(patient.case, patient.risk, patient.target) for patient in patients]
    return pd.DataFrame(rows, columns=["case", "risk", "target"]).astype({"target": "Int64"})
