"""Stored voxels of NIfTI files against SimpleITK, and what SimpleITK does not tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.imaging.nifti import stored_floats


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_floats_are_those_that_were_written_nan_included(tmp_path: Path, kind: type, suffix: str) -> None:
    array = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(kind)
    array[2, 1, 3] = np.nan
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    np.testing.assert_array_equal(stored_floats(path), array)
    # The reason why this reader exists; the day this fails it can go.
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[2, 1, 3] == 0


def test_integers_have_no_nan_to_look_for_but_must_be_complete(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((3, 4, 5), np.int16)), str(path))
    assert stored_floats(path) is None
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(EOFError, match="471 of 472 bytes"):
        stored_floats(path)


def test_another_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "image.nii"
    path.write_bytes(b"NRRD0004" * 100)
    with pytest.raises(ValueError, match="NIfTI header"):
        stored_floats(path)
