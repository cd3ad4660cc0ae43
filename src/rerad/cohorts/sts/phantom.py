"""A cohort that does not exist, in the files of the real one: PET, CT, GTV and clinical table with a planted risk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from scipy.stats import norm

from rerad.cohorts.sts.layout import CLINICAL, image_file, mask_file
from rerad.cohorts.sts.phantom_body import Tumour, scan
from rerad.cohorts.sts.phantom_clinical import write_clinical
from rerad.cohorts.sts.phantom_risk import Planted, plant
from rerad.core.files import atomic, write_csv
from rerad.core.seeds import derive

ORACLE = "oracle.csv"


def write_phantom(folder: Path, settings: dict[str, Any], seed: int) -> None:
    """Write the files of a phantom cohort into an empty folder; the same settings and seed give the same bytes.

    Every scan has one whole field of view, so that its size tells nothing about the tumour. How uneven, how large and
    how irregular a tumour is depends on a planted risk; ``oracle.csv`` (case, risk, target) tells it to tests.

    Args:
        folder: takes the clinical table and ``<case>/{PET,CT}_{image,mask}.nii.gz``; a case without CT has the mask
            only, as in the real collection.
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

    Raises:
        ConfigError: the settings contradict each other.
    """
    patients = plant(settings, seed)
    write_clinical(folder / CLINICAL, [(patient.case, patient.outcome) for patient in patients], seed)
    for patient in patients:
        _write_case(folder, patient, settings, derive(seed, "phantom", "scan", patient.case))
    write_csv(folder / ORACLE, _oracle(patients))


def _write_case(folder: Path, patient: Planted, settings: dict[str, Any], seed: int) -> None:
    generator = np.random.default_rng(seed)
    tumour = Tumour(
        volume_ml=_between(settings["volume_ml"], patient.size, logarithmic=True),
        heterogeneity=_between(settings["heterogeneity"], patient.heterogeneity),
        irregularity=_between(settings["irregularity"], patient.irregularity),
        uptake_suv=float(settings["uptake_suv"] * np.exp(settings["uptake_spread"] * generator.standard_normal())),
    )
    images = scan(tumour, settings, generator)
    (folder / patient.case).mkdir()
    for modality in ("PET", "CT"):
        _write(images[f"{modality}_mask"], folder / mask_file(patient.case, modality))
        if modality == "PET" or patient.has_ct:
            _write(images[f"{modality}_image"], folder / image_file(patient.case, modality))


def _between(limits: list[float], score: float, *, logarithmic: bool = False) -> float:
    """Return the value between two limits at the quantile of a standard normal score."""
    low, high = np.log(limits) if logarithmic else limits
    value = low + (high - low) * norm.cdf(score)
    return float(np.exp(value) if logarithmic else value)


def _write(image: sitk.Image, path: Path) -> None:
    with atomic(path) as part:
        sitk.WriteImage(image, str(part), useCompression=True)


def _oracle(patients: list[Planted]) -> pd.DataFrame:
    rows = [(patient.case, patient.risk, patient.target) for patient in patients]
    return pd.DataFrame(rows, columns=["case", "risk", "target"]).astype({"target": "Int64"})
