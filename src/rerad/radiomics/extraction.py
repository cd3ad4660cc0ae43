"""Handcrafted features of one case: PyRadiomics inside the GTV, and the PET indices."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import radiomics
import SimpleITK as sitk
from radiomics import imageoperations
from radiomics.featureextractor import RadiomicsFeatureExtractor
from radiomics.shape import RadiomicsShape

from rerad.core.errors import CaseError
from rerad.imaging.images import last_line
from rerad.radiomics.indices import pet_indices
from rerad.radiomics.mesh import measure
from rerad.radiomics.pair import read_pair
from rerad.radiomics.settings import complete, for_pyradiomics

# PyRadiomics warns once a case that its GLCM is symmetric.
radiomics.setVerbosity(logging.ERROR)


def extract(
    image_path: str | Path, mask_path: str | Path, modality: str, *, settings: dict[str, Any] | None = None
) -> dict[str, float]:
    """Return the handcrafted features of one image inside its GTV, named ``<modality>_<class>_<feature>``.

    First order, shape, GLCM, GLRLM, GLSZM, GLDM and NGTDM by PyRadiomics; for ``PET`` also the indices of
    :func:`rerad.radiomics.indices.pet_indices`. A feature that a mask has no value for is nan.

    Args:
        image_path: PET in SUV, CT in HU, or another modality with a ``bin_width`` of its own.
        mask_path: GTV on the image's grid; every voxel that is not 0 belongs to it.
        modality: first part of the names, and the key of ``bin_width``.
        settings: any of ``rerad.radiomics.settings.DEFAULTS``.

    Raises:
        CaseError: the files cannot be used; names the file and the value.
        ConfigError: the settings cannot be used; names the key.

    Source: van Griethuysen 2017, doi 10.1158/0008-5472.CAN-17-0339 (PyRadiomics 3.0.1).

    >>> features = extract("STS_001/PET_image.nii.gz", "STS_001/PET_mask.nii.gz", "PET")  # doctest: +SKIP
    >>> round(features["PET_index_SUVmax"], 2)  # doctest: +SKIP
    7.91
    """
    image, mask = read_pair(image_path, mask_path)
    return features_of(image, mask, modality, settings=settings, where=str(mask_path))


def features_of(
    image: sitk.Image, mask: sitk.Image, modality: str, *, settings: dict[str, Any] | None, where: str
) -> dict[str, float]:
    """Return what :func:`extract` returns, of an image and its GTV (0 and 1, on the same grid) that are read already.

    Raises:
        CaseError: no features can be taken; names ``where`` and the value.
        ConfigError: the settings cannot be used; names the key.
    """
    full = complete(settings)
    own = for_pyradiomics(full, modality)
    _check_levels(image, mask, own, full["max_levels"], where)
    try:
        found = _Extractor(**own).execute(image, mask, label=1)
    except (ValueError, RuntimeError) as error:
        raise CaseError(
            f"no features can be taken ({last_line(error)})",
            where=where,
            remedy="Look at the mask: it may be too small or too thin",
        ) from error
    features = {
        name.replace("original", modality, 1): float(value)
        for name, value in found.items()
        if name.startswith("original_")
    }
    if modality == "PET":
        array = sitk.GetArrayViewFromImage(image)
        inside = sitk.GetArrayViewFromImage(mask).astype(bool)
        indices = pet_indices(array, inside, image.GetSpacing()[::-1], **full["indices"])
        features |= {f"{modality}_index_{name}": value for name, value in indices.items()}
    return features


class _Extractor(RadiomicsFeatureExtractor):
    """PyRadiomics' extractor with the shape class below."""

    def computeShape(  # noqa: N802
        self, image: sitk.Image, mask: sitk.Image, boundingBox: Any, **kwargs: Any
    ) -> dict[str, Any]:
        cropped = imageoperations.cropToTumorMask(image, mask, boundingBox)
        return {f"original_shape_{name}": value for name, value in _Shape(*cropped, **kwargs).execute().items()}


class _Shape(RadiomicsShape):
    """PyRadiomics' shape class with a mesh that is measured faster; the rest of this set-up is its own."""

    def _initSegmentBasedCalculation(self) -> None:  # noqa: N802
        spacing = self.inputImage.GetSpacing()[::-1]
        mask = np.pad(sitk.GetArrayViewFromImage(self.inputMask) == self.label, 1)
        self.pixelSpacing = np.array(spacing)
        self.maskArray = mask
        self.labelledVoxelCoordinates = np.where(mask)
        self.SurfaceArea, self.Volume, self.diameters = measure(mask[1:-1, 1:-1, 1:-1], spacing)
        points = np.array(self.labelledVoxelCoordinates).T * self.pixelSpacing
        points -= points.mean(axis=0)
        points /= np.sqrt(len(points))
        values = np.linalg.eigvals(points.T.copy() @ points)
        # A flat mask has eigenvalues of 0, which come out as tiny negative numbers.
        values[(values < 0) & (values > -1e-10)] = 0
        self.eigenValues = np.sort(values)


def _check_levels(image: sitk.Image, mask: sitk.Image, own: dict[str, Any], most: int, where: str) -> None:
    if "binWidth" not in own or "binCount" in own or own.get("normalize"):
        return
    values = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) > 0]
    low, high = float(values.min()), float(values.max())
    if (high - low) / own["binWidth"] > most:
        raise CaseError(
            f"values from {low:g} to {high:g} inside the GTV make more than {most} grey levels of {own['binWidth']:g}",
            where=where,
            remedy="Bring PET in SUV and CT in HU, or set features.bin_width, bins or max_levels",
        )
