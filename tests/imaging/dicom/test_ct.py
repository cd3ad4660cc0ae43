"""CT in Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import write_series

from rerad.core.errors import CaseError
from rerad.imaging import read_ct

STORED = np.random.default_rng(2).integers(0, 4096, size=(5, 6, 4))


def test_hu_are_stored_values_with_slope_and_intercept(tmp_path: Path) -> None:
    write_series(tmp_path, STORED, modality="CT", slopes=[1, 1, 2, 1, 0.5])
    truth = STORED * np.array([1, 1, 2, 1, 0.5])[:, None, None] - 1024
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_ct(tmp_path)), truth)


def test_twelve_bits_with_a_sign_are_read_as_such(tmp_path: Path) -> None:
    def change(header, _):
        header.BitsStored, header.HighBit = 12, 11
        # The sign is bit 11; the four bits above are unused and may hold anything (PS3.5 section 8.1.1).
        pixels = np.frombuffer(header.PixelData, "<i2") & 0x0FFF
        header.PixelData = pixels.astype("<i2").tobytes()

    write_series(tmp_path, STORED - 2048, modality="CT", slopes=[1] * 5, change=change)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_ct(tmp_path)), STORED - 2048 - 1024)


@pytest.mark.parametrize(
    ("keyword", "value", "told"),
    [
        ("RescaleType", "US", r"RescaleType \(0028,1054\) = US is not HU"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"], r"ImageType \(0008,0008\) = .*LOCALIZER"),
        ("Modality", "PT", r"Modality \(0008,0060\) = PT is not CT"),
    ],
)
def test_what_is_no_ct_volume_is_refused(tmp_path: Path, keyword: str, value, told: str) -> None:
    write_series(tmp_path, STORED, modality="CT", change=lambda header, _: setattr(header, keyword, value))
    with pytest.raises(CaseError, match=told):
        read_ct(tmp_path)
