"""Read one image and its GTV mask as they are stored, and refuse what no feature can be taken from."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from rerad.core.errors import CaseError
from rerad.imaging.images import read_stored, same_geometry, turned_like


def read_pair(image_path: str | Path, mask_path: str | Path) -> tuple[sitk.Image, sitk.Image]:
    """Return the image with its stored pixel type and the mask as 0 and 1, on the same grid.

    The image is neither reoriented nor cast: PyRadiomics resamples from the stored grid and keeps the pixel type. A
    mask whose axes are stored in another order or direction is turned to the image's.

    Raises:
        CaseError: a file is missing or broken, not 3-D, a voxel is not finite, the grids differ, or the mask is empty.
    """
    image = read_stored(image_path)
    mask = turned_like(read_stored(mask_path), image)
    same_geometry(image, mask, where=str(mask_path))
    binary = sitk.Cast(mask != 0, sitk.sitkUInt8)
    if not sitk.GetArrayViewFromImage(binary).any():
        raise CaseError("the mask is empty", where=str(mask_path), remedy="Draw the GTV or leave the case out")
    binary.CopyInformation(image)
    return image, binary
