"""The two regions of a segmentation whose shapes the study is about, and their features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from rerad.cohorts.brats.labels import recode
from rerad.cohorts.manifest import Entry, check_file
from rerad.core.errors import CaseError
from rerad.imaging.geometry import box_of
from rerad.imaging.images import read_stored
from rerad.radiomics.shape import morphology

TOUCHING = np.ones((3, 3, 3), bool)  # voxels that share a corner belong together, as in Matlab's bwconncomp


class Labels(NamedTuple):
    """Labels 0, 1, 2, 4 (z, y, x), axis 0 axial, their voxel size (z, y, x) in mm, and how the file coded them.

    ``stored`` is the image as the file has it.
    """

    stored: sitk.Image
    values: NDArray[np.uint8]
    spacing_mm: tuple[float, ...]
    coding: str


class Segmented(NamedTuple):
    """A patient's segmentation in an acquired cohort."""

    patient: str
    folder: Path
    file: str
    entry: Entry

    def __str__(self) -> str:
        return self.patient


def read_labels(case: Segmented) -> Labels:
    """Return the labels of a segmentation, turned to LPS.

    Raises:
        CaseError: the file changed since it was acquired, cannot be used, or has a label of no known coding.
    """
    path = check_file(case.folder, case.file, case.entry)
    stored = read_stored(path)
    image = sitk.DICOMOrient(stored, "LPS")
    try:
        values, coding = recode(sitk.GetArrayFromImage(image), decathlon=False)
    except CaseError as error:
        raise CaseError(error.what, where=str(path), remedy=error.remedy) from error
    return Labels(stored, values, image.GetSpacing()[::-1], coding)


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected part of a mask that is not empty; of equal ones the first."""
    start, shape = box_of(mask)
    box = tuple(slice(first, first + count) for first, count in zip(start, shape, strict=True))
    parts, _ = ndimage.label(mask[box], structure=TOUCHING)
    sizes = np.bincount(parts.ravel())
    result = np.zeros(mask.shape, bool)
    result[box] = parts == 1 + sizes[1:].argmax()
    return result


def features_of(
    labels: Labels, rois: Mapping[str, Sequence[int]], *, axes: str, where: str
) -> dict[str, dict[str, float]]:
    """Return the shape features of the largest connected part of each region (name → labels), see ``morphology``.

    Raises:
        CaseError: a region is empty, or so small that a feature is 0: no relative error of it could be told.
    """
    features = {}
    for name, wanted in rois.items():
        told = " + ".join(map(str, wanted))
        mask = np.isin(labels.values, list(wanted))
        if not mask.any():
            raise CaseError(f"no voxel is {name} (label {told})", where=where, remedy="Leave the case out")
        found = morphology(largest_component(mask), labels.spacing_mm, axes=axes)
        zero = [feature for feature, value in found.items() if value == 0]
        if zero:
            raise CaseError(f"{name} (label {told}) is so small that its {zero[0]} is 0", where=where)
        features[name] = found
    return features
