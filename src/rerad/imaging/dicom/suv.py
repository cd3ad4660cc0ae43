"""PET series to standardised uptake values by body weight."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom import Dataset

from rerad.core.errors import CaseError
from rerad.imaging.dicom.series import Series, as_image, read_series
from rerad.imaging.dicom.tags import AGAIN, items, missing, number, raw, seconds, text, told, wrong

log = logging.getLogger(__name__)

# What every slice of a series must say alike. Their slopes differ, and so may their acquisition times.
COMMON = (
    "Units", "SUVType", "DecayCorrection", "PatientWeight", "SeriesDate", "SeriesTime",
    "RadiopharmaceuticalInformationSequence",
)  # fmt: skip

# Wide enough for any patient and any tracer; a weight in grams or a dose in MBq falls outside.
WEIGHT_KG = (0.3, 500.0)
DOSE_BQ = (1e5, 1e11)
MIDNIGHT = "If the scan ran past midnight or a clock was wrong, correct the times; else leave the case out"


def read_suv(folder: str | Path) -> sitk.Image:
    """Read a PET series as SUV by body weight (g/ml), float32, its axes ordered and turned to LPS.

    SUV = value[Bq/ml] · weight[g] / (dose[Bq] · 2^(−Δt/T½)) with value = stored · slope + intercept of each slice and
    Δt = SeriesTime − RadiopharmaceuticalStartTime for ``DecayCorrection = START``; ``ADMIN`` is corrected to the
    injection already, so Δt = 0. Units ``GML`` are SUV after the slope. (DICOM PS3.3 C.8.9.1 and C.8.9.4; QIBA's
    vendor-neutral formula.) The image carries ``0010|0020`` patient, ``0020|000e`` series, ``0020|0052`` frame.

    Example: ``sitk.WriteImage(rerad.imaging.read_suv("PET/image"), "suv.nii.gz")``

    Raises:
        CaseError: units are neither BQML nor GML (by body weight); weight, dose, half-life or a time is missing or
            cannot be; the decay is not corrected; Δt < 0; or the folder is not one whole regular PET series.
    """
    series = read_series(folder, "PT", common=COMMON)
    header, where = series.headers[0], series.where
    units, decay = text(header, "Units", where), text(header, "DecayCorrection", where)
    if decay not in ("START", "ADMIN"):
        raise wrong("DecayCorrection", decay, "is neither START nor ADMIN", where)
    if units == "BQML":
        return as_image(series, series.values * np.float32(_factor(header, decay, series)))
    if units != "GML":
        raise wrong("Units", units, "is neither BQML nor GML", where)
    kind = text(header, "SUVType", where, default="BW")  # absent means body weight (PS3.3 C.8.9.1.1.3)
    if kind != "BW":
        raise wrong("SUVType", kind, "is not BW, body weight", where)
    return as_image(series, series.values)


def _factor(header: Dataset, decay: str, series: Series) -> float:
    """Return SUV per Bq/ml: weight[g] / dose[Bq] left at the time the activities are corrected to."""
    where = series.where
    weight = _within(header, "PatientWeight", WEIGHT_KG, "kg", where)
    tracer = _tracer(header, where)
    dose = _within(tracer, "RadionuclideTotalDose", DOSE_BQ, "Bq", where)
    if decay == "ADMIN":
        return weight * 1000 / dose
    half_life = number(tracer, "RadionuclideHalfLife", where)
    if half_life <= 0:
        raise wrong("RadionuclideHalfLife", half_life, "s is not positive", where)
    left = 2.0 ** (-_delay(header, tracer, series) / half_life)
    if dose * left < 1:
        raise wrong("RadionuclideHalfLife", half_life, "s leaves nothing of the dose at the scan", where)
    return weight * 1000 / (dose * left)


def _delay(header: Dataset, tracer: Dataset, series: Series) -> float:
    """Return the seconds from the injection to the time that START refers to."""
    where = series.where
    injected = seconds(tracer, "RadiopharmaceuticalStartTime", where)
    scanned = seconds(header, "SeriesTime", where)
    if scanned < injected:
        raise CaseError(
            f"negative delay: {told('SeriesTime')} = {header.SeriesTime} is before "
            f"{told('RadiopharmaceuticalStartTime')} = {tracer.RadiopharmaceuticalStartTime}",
            where=where,
            remedy=MIDNIGHT,
        )
    times = [seconds(part, "AcquisitionTime", where) for part in series.headers if raw(part, "AcquisitionTime", where)]
    if times and scanned > min(times):
        # A series that was processed later may carry the time of that; QIBA would then take the acquisition's.
        log.warning(
            "%s: %s = %s is after the first AcquisitionTime; if the series was processed later, SUV are too high",
            where,
            told("SeriesTime"),
            header.SeriesTime,
        )
    return scanned - injected


def _tracer(header: Dataset, where: str) -> Dataset:
    tracers = items(header, "RadiopharmaceuticalInformationSequence", where)
    if not tracers:
        raise missing("RadiopharmaceuticalInformationSequence", where)
    if len(tracers) > 1:
        raise wrong("RadiopharmaceuticalInformationSequence", len(tracers), "tracers, not one", where)
    return tracers[0]


def _within(header: Dataset, keyword: str, limits: tuple[float, float], unit: str, where: str) -> float:
    value = number(header, keyword, where)
    low, high = limits
    if not low <= value <= high:
        raise CaseError(
            f"{told(keyword)} = {value:.10g} is not between {low:g} and {high:g} {unit}", where=where, remedy=AGAIN
        )
    return value
