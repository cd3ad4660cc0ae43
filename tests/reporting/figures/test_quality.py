"""Quality pictures of a prepared cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from quality_pictures import PHANTOM, count, draw, pixels

from rerad.reporting.figures import quality

PET = (0xD5, 0x5E, 0x00)  # its contour


def test_one_picture_a_case(prepared: Path, tmp_path: Path) -> None:
    for turn in "ab":
        assert draw(prepared, tmp_path / turn, "sts", spacing_mm=4.0) == []
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["STS_001.png", "STS_002.png", "STS_003.png"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    assert count(tmp_path / "a" / "STS_001.png", PET) > 100
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
    draw(prepared, tmp_path / "q", "sts", spacing_mm=4.0)
    # z 7 holds 11 · 6 voxels, the most; y 21 holds 25 · 2.
    assert seen == [(7, 21)] * 3


def test_phantom_is_written_inside(prepared: Path, tmp_path: Path) -> None:
    for phantom in (True, False):
        draw(prepared, tmp_path / str(phantom), "sts", phantom=phantom, spacing_mm=4.0)
    marked, plain = (count(tmp_path / str(phantom) / "STS_002.png", PHANTOM) for phantom in (True, False))
    assert marked > 300
    assert plain == 0


def test_a_broken_case_leaves_the_others(prepared: Path, tmp_path: Path) -> None:
    cases = pd.read_csv(prepared / "cases.csv")
    cases.loc[1, "row"] = 99
    cases.to_csv(prepared / "cases.csv", index=False)
    errors = draw(prepared, tmp_path / "q", "sts", spacing_mm=4.0)
    assert len(errors) == 1
    assert "STS_002" in str(errors[0])
    assert sorted(path.stem for path in (tmp_path / "q").iterdir()) == ["STS_001", "STS_003"]


def test_empty_gtv_in_the_box_is_drawn(prepared: Path, tmp_path: Path) -> None:
    np.save(prepared / "arrays" / "GTV.npy", np.zeros((3, 36, 28, 28), np.uint8))
    assert draw(prepared, tmp_path / "q", "sts", spacing_mm=4.0) == []
    assert count(tmp_path / "q" / "STS_001.png", PET) == 0
