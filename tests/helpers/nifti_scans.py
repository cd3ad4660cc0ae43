"""Scans in NIfTI: found, read and changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ORDER = ("t1", "t1ce", "t2", "flair")


def scan_of(folder: Path, case: str, kind: str) -> Path:
    """Return the file of a case in a BraTS folder."""
    return next(folder.rglob(f"{case}_{kind}.nii.gz"))


def edit(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Write a scan anew, its values changed, its grid kept."""
    image = sitk.ReadImage(str(path))
    new = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image)))
    new.SetSpacing(image.GetSpacing())
    new.SetOrigin(image.GetOrigin())
    sitk.WriteImage(new, str(path), useCompression=True)


def values(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
