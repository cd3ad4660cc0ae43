"""Segmentations: every marked pixel where its frame says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import write_seg

from rerad.core.errors import CaseError
from rerad.imaging.dicom import read_seg

SHAPE, SPACING, ORIGIN = (4, 5, 7), (3.0, 2.0, 1.5), (-20.0, 10.0, 5.0)
TURNS = ((1, 0, 0, 0, 1, 0), (0, 1, 0, 1, 0, 0), (-1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, 1))


def reference() -> sitk.Image:
    image = sitk.Image([*SHAPE[::-1]], sitk.sitkFloat32)
    image.SetSpacing(SPACING[::-1])
    image.SetOrigin(ORIGIN)
    return image


def some(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE) < 0.3


def write(path: Path, mask: np.ndarray, **options: object) -> Path:
    write_seg(path, mask, spacing=SPACING, origin=ORIGIN, **options)
    return path


def read(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(read_seg(path, reference())) > 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("orientation", TURNS)
def test_every_marked_voxel_comes_back_from_frames_in_any_direction(
    tmp_path: Path, seed: int, orientation: tuple[int, ...]
) -> None:
    mask = some(seed)
    np.testing.assert_array_equal(read(write(tmp_path / "s.dcm", mask, orientation=orientation)), mask)


def test_frames_may_stand_in_any_order_and_leave_slices_out(tmp_path: Path) -> None:
    mask = some(1)
    mask[1] = False
    np.testing.assert_array_equal(read(write(tmp_path / "s.dcm", mask, frames=[3, 0, 2])), mask)


def test_segments_are_taken_together(tmp_path: Path) -> None:
    one, two = some(2), some(3)
    np.testing.assert_array_equal(read(write(tmp_path / "s.dcm", one, more=two)), one | two)


def test_fractions_count_from_half(tmp_path: Path) -> None:
    def fractional(header) -> None:
        frames = header.pixel_array.copy()
        header.SegmentationType, header.MaximumFractionalValue = "FRACTIONAL", 200
        header.BitsAllocated = header.BitsStored = 8
        header.HighBit = 7
        values = np.where(frames > 0, 100, 99).astype(np.uint8).tobytes()
        header["PixelData"].VR = "OB"
        header.PixelData = values

    mask = some(4)
    np.testing.assert_array_equal(read(write(tmp_path / "s.dcm", mask, change=fractional)), mask)


BROKEN = {
    "modality": (lambda h: setattr(h, "Modality", "MR"), "Modality .* is not SEG"),
    "kind": (lambda h: setattr(h, "SegmentationType", "LABELMAP"), "neither BINARY nor FRACTIONAL"),
    "empty": (lambda h: setattr(h, "PixelData", bytes(len(h.PixelData))), "marks no voxel"),
    "short": (lambda h: setattr(h, "PixelData", h.PixelData[:-4]), "PixelData .* is not"),
    "no pixels": (lambda h: delattr(h, "PixelData"), "PixelData .* is missing"),
    "no places": (lambda h: delattr(h, "PerFrameFunctionalGroupsSequence"), "4 frames with 0 places"),
    "no spacing": (lambda h: delattr(h, "SharedFunctionalGroupsSequence"), "PlaneOrientationSequence .* is missing"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_told_by_name(tmp_path: Path, how: str) -> None:
    change, message = BROKEN[how]
    path = write(tmp_path / "s.dcm", some(1), change=change)
    with pytest.raises(CaseError, match=message):
        read_seg(path, reference())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"origin": (-19.0, 10.0, 5.0)}, "lies on another grid than the image"),
        ({"spacing": (3.0, 2.0, 1.6)}, "lies on another grid than the image"),
        ({"spacing": (3.0, 1.0, 1.5)}, "lies on another grid than the image"),
        ({"origin": (-20.0, 10.0, 8.0)}, "marked pixels lie outside the image"),
    ],
)
def test_another_grid_is_told(tmp_path: Path, options: dict, message: str) -> None:
    write_seg(tmp_path / "s.dcm", np.ones(SHAPE, bool), **{"spacing": SPACING, "origin": ORIGIN, **options})
    with pytest.raises(CaseError, match=message):
        read_seg(tmp_path / "s.dcm", reference())
