"""CT series to Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from rerad.imaging.dicom.series import as_image, read_series
from rerad.imaging.dicom.tags import raw, shown, text, wrong


def read_ct(folder: str | Path) -> sitk.Image:
    """Read a CT series as Hounsfield units, float32, its axes ordered and turned to LPS.

    HU = stored · RescaleSlope + RescaleIntercept of each slice. The image carries ``0010|0020`` patient, ``0020|000e``
    series, ``0020|0052`` frame of reference.

    Example: ``sitk.WriteImage(rerad.imaging.read_ct("CT/image"), "ct.nii.gz")``

    Raises:
        CaseError: the rescaled values are no HU, the series is a localizer, or the folder is not one whole regular CT
            series.
    """
    series = read_series(folder, "CT", common=("RescaleType", "ImageType"))
    header, where = series.headers[0], series.where
    kind = text(header, "RescaleType", where, default="HU")  # absent means HU (PS3.3 C.8.2.1)
    if kind != "HU":
        raise wrong("RescaleType", kind, "is not HU", where)
    image_type = shown(raw(header, "ImageType", where))
    if "LOCALIZER" in image_type:
        raise wrong("ImageType", image_type, "is a localizer, no volume", where)
    return as_image(series, series.values)
