"""Quality pictures of breasts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from quality_pictures import count, drawn

from rerad.imaging.geometry import geometry_of, to_cells
from rerad.imaging.stored import store_case

LESION, FATTY = (213, 94, 0), (86, 180, 233)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A: axial slices with a lesion; B: sagittal slices without one, of unknown group."""
    generator, rows = np.random.default_rng(0), []
    (tmp_path / "arrays").mkdir()
    for case, shape, axis in (("A", (12, 50, 80), 0), ("B", (50, 50, 12), 2)):
        labels = np.zeros(shape, np.uint8)
        labels[2:10, 10:40, 2:60] = 4
        labels[3:9, 15:35, 3:9] = 1
        if case == "A":
            labels[4:8, 20:32, 30:44] = 3
            labels[6, 18:34, 28:46] = 3  # the slice that is drawn
        store_case(tmp_path / "arrays", case, generator.uniform(10, 60, (1, *shape)), labels)
        image = sitk.Image([int(count) for count in shape[::-1]], sitk.sitkUInt8)
        image.SetSpacing((2.0, 2.0, 4.0) if axis == 0 else (4.0, 2.0, 2.0))
        row = {"case": case, "group": "benign" if case == "A" else np.nan, "slice_axis": axis}
        rows.append(row | to_cells(geometry_of(image, (0, 0, 0), shape)))
    pd.DataFrame(rows).to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path


def test_one_picture_a_case_the_same_in_every_run(prepared: Path) -> None:
    first = drawn(prepared, prepared / "first", "breast")
    assert list(first) == ["A", "B"]
    assert drawn(prepared, prepared / "second", "breast") == first
    assert drawn(prepared, prepared / "third", "breast", phantom=True)["A"] != first["A"]


def test_contours_are_of_the_tissues_that_a_case_has(prepared: Path) -> None:
    drawn(prepared, prepared / "out", "breast")
    with_lesion, without = (count(prepared / "out" / f"{case}.png", LESION) for case in "AB")
    assert with_lesion > without + 100  # the name of the tissue is in both
    assert count(prepared / "out" / "B.png", FATTY) > 200
