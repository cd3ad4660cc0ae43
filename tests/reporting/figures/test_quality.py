"""Quality pictures of a prepared cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rerad.reporting.figures import quality
from rerad.reporting.figures.quality import picture_cases


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def orange(path: Path) -> int:
    """Number of pixels in the colour of the PET contour."""
    return int((np.abs(pixels(path) - [0xD5, 0x5E, 0x00]).sum(axis=2) < 40).sum())


def test_one_picture_a_case(prepared: Path, tmp_path: Path) -> None:
    for turn in "ab":
        errors = picture_cases(
            prepared / "cases.csv",
            prepared / "arrays",
            tmp_path / turn,
            cohort="sts",
            settings={"spacing_mm": 4.0},
            phantom=False,
            workers=1,
        )
        assert errors == []
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["STS_001.png", "STS_002.png", "STS_003.png"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    assert orange(tmp_path / "a" / "STS_001.png") > 100
    # The CT half: a picture where there is one, plain where there is none.
    half = pixels(tmp_path / "a" / "STS_001.png").shape[1] // 2 + 5
    with_ct, without = (pixels(tmp_path / "a" / f"STS_00{number}.png")[60:250, half:] for number in (1, 2))
    assert with_ct.std() > 3 * without.std()


def test_slices_go_through_the_largest_area(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(quality, "_labels", lambda grid, scans, axial, coronal: seen.append((axial, coronal)))
    gtv = np.zeros((3, 36, 28, 28), np.uint8)
    gtv[:, 5:9, 10:12, 10:12] = 1
    gtv[:, 7, 9:20, 9:15] = 1
    gtv[:, 5:30, 21, 10:12] = 1
    np.save(prepared / "arrays" / "GTV.npy", gtv)
    picture_cases(
        prepared / "cases.csv",
        prepared / "arrays",
        tmp_path / "q",
        cohort="sts",
        settings={"spacing_mm": 4.0},
        phantom=False,
        workers=1,
    )
    # z 7 holds 11 · 6 voxels, the most; y 21 holds 25 · 2.
    assert seen == [(7, 21)] * 3


def test_phantom_is_written_inside(prepared: Path, tmp_path: Path) -> None:
    for phantom in (True, False):
        folder = tmp_path / str(phantom)
        picture_cases(
            prepared / "cases.csv",
            prepared / "arrays",
            folder,
            cohort="sts",
            settings={"spacing_mm": 4.0},
            phantom=phantom,
            workers=1,
        )
    marked, plain = (pixels(tmp_path / str(phantom) / "STS_002.png") for phantom in (True, False))
    assert (np.abs(marked - [0xFF, 0xB3, 0x6B]).sum(axis=2) < 40).sum() > 300
    assert (np.abs(plain - [0xFF, 0xB3, 0x6B]).sum(axis=2) < 40).sum() == 0


def test_a_broken_case_leaves_the_others(prepared: Path, tmp_path: Path) -> None:
    cases = pd.read_csv(prepared / "cases.csv")
    cases.loc[1, "row"] = 99
    cases.to_csv(prepared / "cases.csv", index=False)
    errors = picture_cases(
        prepared / "cases.csv",
        prepared / "arrays",
        tmp_path / "q",
        cohort="sts",
        settings={"spacing_mm": 4.0},
        phantom=False,
        workers=1,
    )
    assert len(errors) == 1
    assert "STS_002" in str(errors[0])
    assert sorted(path.stem for path in (tmp_path / "q").iterdir()) == ["STS_001", "STS_003"]


def test_empty_gtv_in_the_box_is_drawn(prepared: Path, tmp_path: Path) -> None:
    np.save(prepared / "arrays" / "GTV.npy", np.zeros((3, 36, 28, 28), np.uint8))
    assert (
        picture_cases(
            prepared / "cases.csv",
            prepared / "arrays",
            tmp_path / "q",
            cohort="sts",
            settings={"spacing_mm": 4.0},
            phantom=False,
            workers=1,
        )
        == []
    )
    assert orange(tmp_path / "q" / "STS_001.png") == 0
