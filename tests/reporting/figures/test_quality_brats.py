"""Quality pictures of gliomas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from quality_pictures import PHANTOM, count, drawn

from rerad.imaging.geometry import geometry_of, to_cells
from rerad.imaging.stored import store_case


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """Two cases: one with all regions and a grade, one of another size with edema only."""
    generator, rows = np.random.default_rng(0), []
    (tmp_path / "arrays").mkdir()
    for case, shape in (("A", (40, 50, 44)), ("B", (36, 46, 40))):
        labels = np.zeros(shape, np.uint8)
        labels[10:20, 20:40, 10:30] = 2
        labels[15, 18:40, 10:30] = labels[10:20, 30, 8:30] = 2  # the slices that are drawn
        if case == "A":
            labels[12:18, 24:36, 14:26] = 4
            labels[13:17, 28:38, 18:22] = 1
        store_case(tmp_path / "arrays", case, generator.uniform(10, 60, (4, *shape)), labels)
        geometry = geometry_of(sitk.Image([48, 60, 50], sitk.sitkUInt8), (1, 2, 3), shape)
        ml = {"wt_ml": 58.2, "tc_ml": 20.0, "et_ml": 9.6 if case == "A" else 0.0}
        rows.append({"case": case, "grade": "HGG" if case == "A" else np.nan, **ml, **to_cells(geometry)})
    pd.DataFrame(rows).to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path


def test_one_picture_a_case_the_same_in_every_run(prepared: Path) -> None:
    first = drawn(prepared, prepared / "first", "brats")
    assert list(first) == ["A", "B"]
    assert drawn(prepared, prepared / "second", "brats") == first


def test_every_region_has_its_contour_and_only_those_that_are_there(prepared: Path) -> None:
    drawn(prepared, prepared / "plain", "brats")
    whole, core, enhancing = (0x56, 0xB4, 0xE9), (0xD5, 0x5E, 0x00), (0xF0, 0xE4, 0x42)
    assert count(prepared / "plain" / "A.png", whole) > 100
    assert count(prepared / "plain" / "B.png", whole) > 100
    for colour in (core, enhancing):
        assert count(prepared / "plain" / "A.png", colour) > 50
        assert count(prepared / "plain" / "B.png", colour) == 0


def test_phantom_is_written_inside(prepared: Path) -> None:
    drawn(prepared, prepared / "plain", "brats")
    drawn(prepared, prepared / "marked", "brats", phantom=True)
    assert count(prepared / "plain" / "B.png", PHANTOM) == 0
    assert count(prepared / "marked" / "B.png", PHANTOM) > 300
