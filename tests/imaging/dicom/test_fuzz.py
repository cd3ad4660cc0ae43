"""Damaged files: a CaseError or the right image, never another error, a hang or a wrong image.

What no header can tell is left to the manifest: bytes of the pixels, of the contours, and of a slice's own slope.
"""

from __future__ import annotations

import re
import shutil
import signal
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import write_rtstruct, write_series
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian

from rerad.core.errors import CaseError
from rerad.imaging import read_ct, read_rtstruct, read_suv

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

UNTOLD = ("PixelData", "RescaleSlope", "RescaleIntercept", "ContourData")
CASES = 250
SLICES = 5


def places(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Where damage must be noticed, and where the tags of elements begin there, as offsets in the file."""
    content, header = path.read_bytes(), dcmread(path)
    explicit = not header.file_meta.TransferSyntaxUID.is_implicit_VR
    told = np.ones(len(content), bool)
    tags: list[int] = []
    for element in {element.tag: element for element in header.iterall()}.values():
        name = struct.pack("<2H", element.tag.group, element.tag.element) + (element.VR.encode() if explicit else b"")
        for found in re.finditer(re.escape(name), content):
            start = found.start()
            if element.keyword not in UNTOLD:
                tags.append(start)
                continue
            short = explicit and element.VR == "DS"
            value = start + (12 if explicit and not short else 8)
            (length,) = struct.unpack_from("<H" if short else "<I", content, value - (2 if short else 4))
            told[value : value + length] = False  # its tag and length are told, its value is not
    assert not told.all()
    return np.flatnonzero(told), np.array(sorted(tags))


def scattered(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    for place in random.choice(where, random.integers(1, 6)):
        content[place] = random.integers(256)


def flipped(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    content[random.choice(where)] ^= 1 << int(random.integers(8))


def digit(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    digits = [place for place in where if chr(content[place]).isdigit()]
    content[random.choice(digits)] = ord(random.choice(list("0123456789-.eE n")))


def overwritten(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    start = int(random.integers(len(where) - 1))
    run = where[start : start + int(random.integers(2, 40))]
    for place in run:
        content[place] = random.choice([0, 255, 32, random.integers(256)])


def inserted(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    place = int(random.choice(where))
    content[place:place] = random.bytes(int(random.integers(1, 9)))


def removed(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    place = int(random.choice(where))
    del content[place : place + int(random.integers(1, 9))]


def truncated(content: bytearray, where: np.ndarray, _: np.ndarray, random: np.random.Generator) -> None:
    del content[int(random.integers(len(content))) :]


def swapped(content: bytearray, where: np.ndarray, tags: np.ndarray, random: np.random.Generator) -> None:
    one, other = (int(place) for place in random.choice(tags, 2, replace=False))
    content[one : one + 4], content[other : other + 4] = content[other : other + 4], content[one : one + 4]


DAMAGE = (scattered, flipped, digit, overwritten, inserted, removed, truncated, swapped)


def outcome(read: Callable[[], sitk.Image]) -> sitk.Image | CaseError:
    """What reading gives; it must not hang."""

    def stop(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        return read()
    except CaseError as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def as_implicit(path: Path) -> None:
    header = dcmread(path)
    _ = [element for element in header.iterall()]
    header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    header.save_as(path, implicit_vr=True, little_endian=True)


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@pytest.mark.parametrize(("modality", "read"), [("PT", read_suv), ("CT", read_ct)])
def test_a_damaged_slice_is_refused_or_harmless(tmp_path: Path, modality: str, read, implicit: bool) -> None:
    folder = tmp_path / modality
    write_series(folder, np.random.default_rng(3).integers(0, 3000, size=(SLICES, 6, 5)), modality=modality)
    files = sorted(folder.iterdir())
    if implicit:
        for path in files:
            as_implicit(path)
    truth = read(folder)
    random = np.random.default_rng(implicit)
    kept = refused = 0
    for case in range(CASES):
        path = files[random.integers(SLICES)]
        whole = path.read_bytes()
        content = bytearray(whole)
        damage = DAMAGE[case % len(DAMAGE)]
        damage(content, *places(path), random)
        path.write_bytes(content)
        found = outcome(lambda: read(folder))
        path.write_bytes(whole)
        if isinstance(found, CaseError):
            refused += 1
            continue
        kept += 1
        told = f"case {case}, {damage.__name__}, {path.name}"
        np.testing.assert_array_equal(sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(truth), err_msg=told)
        np.testing.assert_allclose(found.GetOrigin(), truth.GetOrigin(), atol=0.05 * 3, err_msg=told)
        np.testing.assert_allclose(found.GetSpacing(), truth.GetSpacing(), rtol=0.05, err_msg=told)
        np.testing.assert_allclose(found.GetDirection(), truth.GetDirection(), atol=2e-3, err_msg=told)
        for key in truth.GetMetaDataKeys():
            assert found.GetMetaData(key) == truth.GetMetaData(key), told
    assert refused > CASES / 2
    assert kept  # damage where nothing is read is not an error


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_a_damaged_rtstruct_is_refused_or_harmless(tmp_path: Path, implicit: bool) -> None:
    write_series(tmp_path / "PT", np.ones((SLICES, 6, 5), int))
    reference = read_suv(tmp_path / "PT")
    square = np.array([(-9.0, 22, 0), (-3, 22, 0), (-3, 30, 0), (-9, 30, 0)])
    contours = [square + np.array([0, 0, level]) for level in (8.0, 11.0, 14.0)]
    path = write_rtstruct(tmp_path / "rt.dcm", {"GTV_Edema": contours[:1], "GTV_Mass": contours})
    if implicit:
        as_implicit(path)
    truth = sitk.GetArrayFromImage(read_rtstruct(path, reference, "GTV_Mass"))
    whole, where = path.read_bytes(), places(path)
    random = np.random.default_rng(implicit)
    refused = 0
    for case in range(CASES):
        content = bytearray(whole)
        damage = DAMAGE[case % len(DAMAGE)]
        damage(content, *where, random)
        path.write_bytes(content)
        found = outcome(lambda: read_rtstruct(path, reference, "GTV_Mass"))
        if isinstance(found, CaseError):
            refused += 1
            continue
        np.testing.assert_array_equal(sitk.GetArrayFromImage(found), truth, err_msg=f"case {case}, {damage.__name__}")
    assert refused > CASES / 3


@pytest.mark.parametrize("seed", range(4))
def test_bytes_that_no_header_can_vouch_for_end_in_an_image_or_an_error(tmp_path: Path, seed: int) -> None:
    # Anywhere at all, several files at once: whatever comes out, it is no traceback and no hang.
    write_series(tmp_path / "clean", np.random.default_rng(4).integers(0, 3000, size=(SLICES, 6, 5)))
    random = np.random.default_rng(seed)
    for case in range(CASES // 4):
        folder = tmp_path / str(case)
        shutil.copytree(tmp_path / "clean", folder)
        for path in folder.iterdir():
            content = bytearray(path.read_bytes())
            if random.random() < 0.5:
                DAMAGE[case % (len(DAMAGE) - 1)](content, np.arange(len(content)), np.arange(0), random)
            path.write_bytes(content)
        found = outcome(lambda: read_suv(folder))  # noqa: B023
        if not isinstance(found, CaseError):
            assert np.isfinite(sitk.GetArrayFromImage(found)).all()
