"""MR series: values with and without slopes, and what is no single volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import write_series
from pydicom import Dataset

from rerad.core.errors import CaseError
from rerad.imaging.dicom import read_mr

STORED = np.arange(3 * 5 * 4).reshape(3, 5, 4)


def bare(header: Dataset, index: int) -> None:
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        if keyword in header:
            delattr(header, keyword)


def test_values_without_slopes_are_as_stored(tmp_path: Path) -> None:
    write_series(tmp_path, STORED, modality="MR", change=bare)
    image = read_mr(tmp_path)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), STORED)
    assert image.GetSpacing() == pytest.approx((2.0, 4.0, 3.0))


def test_values_with_slopes_are_rescaled_slice_by_slice(tmp_path: Path) -> None:
    def change(header: Dataset, index: int) -> None:
        header.RescaleIntercept = 5

    write_series(tmp_path, STORED, modality="MR", slopes=[1.0, 2.0, 0.5], change=change)
    expected = STORED * np.array([1.0, 2.0, 0.5])[:, None, None] + 5
    np.testing.assert_allclose(sitk.GetArrayFromImage(read_mr(tmp_path)), expected)


def test_half_a_rescaling_is_refused(tmp_path: Path) -> None:
    def change(header: Dataset, index: int) -> None:
        bare(header, index)
        header.RescaleSlope = 2

    write_series(tmp_path, STORED, modality="MR", change=change)
    with pytest.raises(CaseError, match=r"RescaleIntercept .* is missing"):
        read_mr(tmp_path)


def test_a_localizer_or_another_modality_is_refused(tmp_path: Path) -> None:
    def change(header: Dataset, index: int) -> None:
        header.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_series(tmp_path / "a", STORED, modality="MR", change=change)
    with pytest.raises(CaseError, match="is a localizer"):
        read_mr(tmp_path / "a")
    write_series(tmp_path / "b", STORED, modality="CT")
    with pytest.raises(CaseError, match="is not MR"):
        read_mr(tmp_path / "b")
