"""The multiverse as a table and a figure: the printed value among the universes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.figures import multiverse as figure_of_curves
from rerad.reporting.figures.multiverse import Curve, plot_curves, summary
from rerad.reporting.multiverse import printed_value, shares
from rerad.reporting.multiverse_told import told_multiverse

VALUES = [0.70, 0.80, np.nan, 0.60]
PLAIN = {"id": "chmfl", "title": "A study", "reference": "x", "tables": [], "figures": [], "deviations": []}


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
        "Table I prints 0.75 (line); 2 of 3 universes lie below, 1 above",
        "ours 0.7 (ring); all from 0.6 to 0.8; 1 failed",
    ]
    for name in ("a", "b"):
        plot_curves([curve], phantom=True, png=tmp_path / f"{name}.png", svg=tmp_path / f"{name}.svg")
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    assert all(text in drawn for text in ("PHANTOM", "Bins:  width", "2 of 3 universes", "Accuracy"))


@pytest.mark.parametrize("metric", ["acc", "correlation_glandular"])
def test_the_name_of_a_metric_is_no_longer_than_its_curve_is_high(
    curve: Curve, metric: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(figure_of_curves, "save", lambda figure, *files, **more: drawn.append(figure))
    wide = curve._replace(table=curve.table.assign(metric=metric))
    plot_curves([wide], phantom=True, png=tmp_path / "a.png", svg=tmp_path / "a.svg")
    drawn[0].draw_without_rendering()
    values = drawn[0].axes[1]
    name, whole = values.yaxis.label.get_window_extent(), values.get_window_extent()
    assert whole.y0 <= name.y0 < name.y1 <= whole.y1


@pytest.fixture
def study() -> dict[str, Any]:
    questions = [
        {"question": "Bins", "options": ["width", "64"]},
        {"question": "Mean", "options": ["patients", "folds"]},
    ]
    entry = {
        "method": "hc_rf", "title": "HC + RF", "metric": "acc", "questions": questions,
        "published": {"printed": 0.75, "where": "Table I prints"},
    }  # fmt: skip
    return {"task": "classification", "multiverse": {"rf": entry}}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    csv = tmp_path / "chmfl" / "multiverse.csv"
    csv.parent.mkdir()
    frame = pd.DataFrame({"entry": "rf", "default": [1, 0, 0, 0, 0], "value": [*VALUES, 0.75], "published": 0.75})
    frame.to_csv(csv, index=False)
    csv.with_suffix(".png").write_bytes(b"curves")
    return csv


def test_the_page_counts_the_universes_on_either_side(
    report: Callable, check_html: Callable, study: dict[str, Any], made: Path, write_metrics: Callable
) -> None:
    write_metrics("hc_rf", {"acc": (0.7, 0.6, 0.8)})
    told = told_multiverse(study, made, made.parents[1])
    assert told is not None
    (entry,) = told["entries"]
    assert [entry[key] for key in ("universes", "known", "failed", "below", "above", "equal")] == [5, 4, 1, 2, 1, 1]
    assert (entry["own"], entry["smallest"], entry["largest"], entry["stale"]) == (0.7, 0.6, 0.8, None)
    text = report(phantom=True, studies=[{**PLAIN, "multiverse": told}])
    check_html(text)
    assert "Table I prints 0.75: 2 of 4 universes lie below, 1 above, 1 on it" in text
    assert "1 of 5 failed" in text
    assert "data:image/png;base64,Y3VydmVz" in text


def test_a_multiverse_of_another_run_says_so(study: dict[str, Any], made: Path, write_metrics: Callable) -> None:
    write_metrics("hc_rf", {"acc": (0.71, 0.6, 0.8)})
    told = told_multiverse(study, made, made.parents[1])
    assert told is not None
    assert told["entries"][0]["stale"] == 0.71


def test_without_a_multiverse_one_line_tells_of_it(report: Callable, study: dict[str, Any], tmp_path: Path) -> None:
    assert told_multiverse({"task": "classification"}, None, tmp_path) is None
    told = told_multiverse(study, None, tmp_path)
    assert told == {"universes": 4}
    text = report(phantom=True, studies=[{**PLAIN, "multiverse": told}])
    assert "4 combinations of answers" in text
    assert "snakemake … multiverse" in text
    study["multiverse"]["rf"]["enabled"] = False
    assert told_multiverse(study, None, tmp_path) is None
