"""Prepare one patient: PET, CT and GTV on one box."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk

from rerad.cohorts.sts.scans import Case, read_scan
from rerad.core.errors import CaseError, ReradError
from rerad.core.files import write_array
from rerad.imaging.images import upright
from rerad.imaging.intensity import normalise
from rerad.imaging.resampling import Box, Extent, box_around, clipped_fraction, extent_of, resample, resample_mask

MM3_PER_ML = 1000.0


class Prepared(NamedTuple):
    """What the tables say about one prepared case; its arrays lie in files of their own."""

    case: str
    has_ct: bool
    ct_problem: str
    crop_ml: float
    cropped: bool
    extent_mm: tuple[float, float, float]
    clipped_fraction: float
    slices: list[int]


def prepare_case(case: Case, *, settings: dict[str, Any], pieces: Path) -> Prepared:
    """Write ``<case>.PET.npy``, ``.GTV.npy`` and, where CT can be used, ``.CT.npy`` into ``pieces``.

    A CT that cannot be used is no reason to lose the patient: ``ct_problem`` tells why.

    Raises:
        CaseError: the PET or its GTV cannot be used.
    """
    name = case.name
    pet, gtv = _read_upright(case, "PET", settings["roi"])
    extent = extent_of(gtv)
    box = box_around(extent, shape=settings["box"], spacing_mm=settings["spacing_mm"])
    inside = resample_mask(gtv, box)
    if not inside.any():
        raise CaseError(
            f"the GTV holds no voxel of {box.spacing_mm:g} mm", where=name, remedy="Lower prepare.spacing_mm"
        )
    write_array(pieces / f"{name}.GTV.npy", inside)
    write_array(pieces / f"{name}.PET.npy", _on_box(pet, box, settings["intensity"]["PET"], f"{name}, PET"))
    problem = _prepare_ct(case, box, inside.astype(bool), settings, pieces)
    return Prepared(
        case=name,
        has_ct=not problem,
        ct_problem=problem,
        crop_ml=float(np.prod(pet.GetSize()) * np.prod(pet.GetSpacing()) / MM3_PER_ML),
        cropped=_is_cropped(pet, extent, settings["crop_margin_mm"]),
        extent_mm=tuple(extent.size.tolist()),
        clipped_fraction=clipped_fraction(gtv, box),
        slices=np.flatnonzero(inside.any(axis=(1, 2))).tolist(),
    )


def _prepare_ct(case: Case, box: Box, gtv: np.ndarray, settings: dict[str, Any], pieces: Path) -> str:
    """Write the CT on the box and return nothing, or return why there is none."""
    try:
        image, _ = _read_upright(case, "CT", settings["roi"])
        on_box = resample(image, box)
        if np.isnan(on_box[gtv]).all():
            raise CaseError("the CT does not reach the GTV of the PET", where=case.name, remedy="Register CT and PET")
        values = _normalised(on_box, settings["intensity"]["CT"], f"{case.name}, CT")
    except ReradError as error:
        return str(error)
    write_array(pieces / f"{case.name}.CT.npy", values)
    return ""


def _read_upright(case: Case, modality: str, roi: str) -> tuple[sitk.Image, sitk.Image]:
    image, mask = read_scan(case, modality, roi=roi)
    return upright(image, where=f"{case}, {modality}"), sitk.DICOMOrient(mask, "LPS")


def _on_box(image: sitk.Image, box: Box, settings: dict[str, Any], where: str) -> np.ndarray:
    return _normalised(resample(image, box), settings, where)


def _normalised(on_box: np.ndarray, settings: dict[str, Any], where: str) -> np.ndarray:
    try:
        return normalise(on_box, clip=settings["clip"], standardise=settings["standardise"])
    except CaseError as error:
        raise CaseError(error.what, where=where, remedy=error.remedy) from error


def _is_cropped(image: sitk.Image, gtv: Extent, margin_mm: float) -> bool:
    """Tell whether a scan ends close to its GTV on every side: then its size tells the tumour's."""
    whole = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    whole.CopyInformation(image)
    scan = extent_of(whole)
    margins = [np.subtract(gtv.low, scan.low), np.subtract(scan.high, gtv.high)]
    return bool(np.max(margins) <= margin_mm)
