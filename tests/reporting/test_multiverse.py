"""The multiverse as a table and a figure: the printed value among the universes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.figures.multiverse import Curve, plot_curves, summary
from rerad.reporting.multiverse import printed_value, shares

VALUES = [0.70, 0.80, np.nan, 0.60]


@pytest.fixture
def curve() -> Curve:
    table = pd.DataFrame({"value": VALUES, "default": [1, 0, 0, 0], "metric": "acc"})
    table = table.assign(low=table["value"] - 0.1, high=table["value"] + 0.1)
    answers = [{"Bins": bins, "Mean": mean} for bins in ("width", "64") for mean in ("patients", "folds")]
    return Curve("HC + RF", table, answers, 0.75, "Table I prints")


def test_the_printed_value_has_universes_below_and_above_and_failures_are_none() -> None:
    assert shares(VALUES, 0.75) == pytest.approx((2 / 3, 1 / 3))
    assert shares(VALUES, 0.70) == pytest.approx((1 / 3, 1 / 3))  # its equal is on neither side
    assert np.isnan(shares([np.nan], 0.7)).all()


def test_the_printed_value_is_a_cell_or_a_number(root: Path, tmp_path: Path) -> None:
    published = {"table2": root / "config" / "published" / "radiogenomics_table2.csv"}
    assert printed_value({"table": "table2", "row": "mae", "column": "linear"}, published) == 0.1456
    assert printed_value({"printed": 0.98, "where": "Fig. 3"}, {}) == 0.98
    with pytest.raises(ReradError, match="no printed value in the row 'mae' and the column 'lasso'"):
        printed_value({"table": "table2", "row": "mae", "column": "lasso"}, published)


def test_the_figure_says_where_the_printed_value_lies(curve: Curve, tmp_path: Path) -> None:
    assert summary(curve).splitlines() == [
        "Table I prints 0.75 (line); 67% of 3 universes lie below, 33% above",
        "ours 0.7 (ring); all from 0.6 to 0.8; 1 failed",
    ]
    for name in ("a", "b"):
        plot_curves([curve], phantom=True, png=tmp_path / f"{name}.png", svg=tmp_path / f"{name}.svg")
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    assert all(text in drawn for text in ("PHANTOM", "Bins:  width", "67% of 3 universes", "Accuracy"))
