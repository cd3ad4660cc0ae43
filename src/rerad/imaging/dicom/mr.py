"""MR series to images; their values have no unit."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from rerad.imaging.dicom.series import as_image, read_series
from rerad.imaging.dicom.tags import raw, shown, wrong


def read_mr(folder: str | Path) -> sitk.Image:
    """Read an MR series of one volume as float32, its axes ordered and turned to LPS.

    Values are as stored, or stored · RescaleSlope + RescaleIntercept of each slice where there are such. The image
    carries ``0010|0020`` patient, ``0020|000e`` series, ``0020|0052`` frame of reference.

    Example: ``sitk.WriteImage(rerad.imaging.read_mr("MR/1.2.3"), "post_contrast.nii.gz")``

    Raises:
        CaseError: the series holds several phases or a localizer, or the folder is not one whole regular MR series.
    """
    series = read_series(folder, "MR", common=("ImageType",), slopes=False)
    image_type = shown(raw(series.headers[0], "ImageType", series.where))
    if "LOCALIZER" in image_type:
        raise wrong("ImageType", image_type, "is a localizer, no volume", series.where)
    return as_image(series, series.values)
