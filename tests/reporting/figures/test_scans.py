"""Fig. 1: which cases are shown, and where the arrow points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.figures.examples import examples
from rerad.reporting.figures.image import ORANGE
from rerad.reporting.figures.scans import ARROW, arrow, plot_scans


def test_two_tumours_of_one_size_are_chosen(scanned: Any) -> None:
    one, two = examples(scanned.cases, scanned.arrays)
    # Radii 9.0 and 9.5 of either outcome lie nearest; 11 (P5) and 7 (P4) would be the next.
    assert (one.case, two.case) == ("P2", "P3")
    assert (one.target, two.target) == (0, 1)
    assert one.title == "P2 · no metastases"
    assert one.axial == 6
    assert np.array_equal(one.gtv, scanned.gtv("P2")[6])
    assert np.array_equal(two.scans["CT"], np.load(scanned.arrays / "CT.npy")[3, 6])


def test_cases_can_be_named(scanned: Any) -> None:
    assert [example.case for example in examples(scanned.cases, scanned.arrays, ["P5", "P0"])] == ["P5", "P0"]


@pytest.mark.parametrize("name", ["P6", "P7", "P9"])
def test_a_case_that_cannot_be_shown_is_named(scanned: Any, name: str) -> None:
    with pytest.raises(ReradError, match=f"'{name}' is no included case with CT.*for example P0, P1"):
        examples(scanned.cases, scanned.arrays, ["P0", name])


def test_a_cohort_of_one_outcome_is_told(scanned: Any, tmp_path: Path) -> None:
    one = tmp_path / "cases.csv"
    scanned.table.assign(target=0).to_csv(one, index=False)
    with pytest.raises(ReradError, match="no case with CT has the outcome 'distant metastases'"):
        examples(one, scanned.arrays)


@pytest.mark.parametrize(("y", "x"), [(8, 8), (8, 30), (30, 8), (30, 30), (20, 20)])
def test_the_arrow_ends_at_the_tumour_and_comes_from_where_there_is_room(y: int, x: int) -> None:
    gtv = np.zeros((40, 40), bool)
    gtv[y - 4 : y + 5, x - 4 : x + 5] = True
    tip, tail = arrow(gtv)
    assert all(0 <= place <= 39 for place in (*tip, *tail))
    distance = np.hypot(*(np.argwhere(gtv) - tip).T).min()
    assert 0 < distance < 2
    assert np.hypot(*(np.argwhere(gtv) - tail).T).min() > 7
    if (y, x) != (20, 20):
        # The tail lies on the side of the middle of the slice.
        assert abs(tail[0] - 20) < abs(y - 20)
        assert abs(tail[1] - 20) < abs(x - 20)


def test_the_picture(scanned: Any, tmp_path: Path, pixels: Callable, count: Callable) -> None:
    known = {"cases": scanned.cases, "arrays": scanned.arrays, "spacing_mm": 3.0}
    for turn, phantom in (("a", False), ("b", False), ("c", True)):
        plot_scans(**known, phantom=phantom, png=tmp_path / f"{turn}.png", svg=tmp_path / f"{turn}.svg")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    picture = pixels(tmp_path / "a.png")
    # An arrow in each quarter, and grey values beside it.
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    for top in (0, height):
        for left in (0, width):
            assert count(picture[top : top + height, left : left + width], ARROW) > 100
    text = (tmp_path / "a.svg").read_text()
    assert all(told in text for told in ("P2 · no metastases", "P3 · distant metastases"))
    assert "PHANTOM" not in text
    # Across the figure, and in each panel, where the stamp is lost on the image.
    assert (tmp_path / "c.svg").read_text().count(">PHANTOM<") == 1
    marked = pixels(tmp_path / "c.png")
    for top in (0, height):
        for left in (0, width):
            part = np.s_[top : top + height, left : left + width]
            assert count(marked[part], ORANGE) > 300
            assert count(picture[part], ORANGE) == 0


def test_an_empty_tumour_has_no_arrow(scanned: Any, tmp_path: Path, pixels: Callable, count: Callable) -> None:
    folder = tmp_path / "arrays"
    folder.mkdir()
    for name in ("PET", "CT", "GTV"):
        values = np.load(scanned.arrays / f"{name}.npy")
        np.save(folder / f"{name}.npy", values * 0 if name == "GTV" else values)
    table = tmp_path / "cases.csv"
    pd.read_csv(scanned.cases).to_csv(table, index=False)
    plot_scans(
        cases=table, arrays=folder, spacing_mm=3.0, names=["P0", "P1"], phantom=False,
        png=tmp_path / "x.png", svg=tmp_path / "x.svg",
    )  # fmt: skip
    assert count(pixels(tmp_path / "x.png"), ARROW) == 0
