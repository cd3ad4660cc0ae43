"""The forest plot shows the values of metrics.csv and the printed ones, where they belong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from rerad.core.pictures import COLOURS, SOFT, WARN
from rerad.reporting.figures.forest import plot_forest

VALUES = {
    "acc": (0.70833, 0.583, 0.833), "sen": (0.75, 0.8, 0.9), "spe": (0.667, 0.46, 0.84), "pre": (0.692, 0.5, 0.87),
    "f1": (0.72, 0.56, 0.84), "auc": (0.74, 0.59, 0.87),
}  # fmt: skip
ROWS = [
    {"method": "hc_rf", "label": "HC + RF", "kind": "paper"},
    {"method": "chmfl", "label": "CHMFL, a name of two lines", "kind": "paper"},
    {"method": "volume_only", "label": "Volume <alone>", "kind": "floor"},
]


@pytest.fixture
def draw(
    tmp_path: Path, root: Path, write_metrics: Callable, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[list[Axes], str]]:
    """A function that draws a forest plot and returns its panels and its SVG."""

    def run(**changes: Any) -> tuple[list[Axes], str]:
        kept: list[Any] = []
        import rerad.reporting.figures.forest as module

        made = module.new_figure

        def keep(*sizes: float) -> Any:
            kept.append(made(*sizes))
            return kept[-1]

        monkeypatch.setattr(module, "new_figure", keep)
        settings: dict[str, Any] = {
            "rows": ROWS,
            "metrics": {name: write_metrics(name, VALUES) for name in ("hc_rf", "volume_only")},
            "published": root / "config/published/chmfl_table1.csv",
            "primary": "acc",
            "phantom": False,
            "png": tmp_path / "f/forest.png",
            "svg": tmp_path / "f/forest.svg",
        }
        plot_forest(**{**settings, **changes})
        monkeypatch.undo()
        return kept[0].axes, settings["svg"].read_text(encoding="utf-8")

    return run


def marks(axes: Axes, marker: str) -> list[tuple[float, str]]:
    """Return abscissa and face colour of the marks of a shape, from the top."""
    lines = [line for line in axes.lines if line.get_marker() == marker]
    lines.sort(key=lambda line: line.get_ydata()[0])
    return [(float(line.get_xdata()[0]), str(line.get_markerfacecolor())) for line in lines]


def test_values_stand_in_their_panels(draw: Callable) -> None:
    panels, _ = draw()
    assert [axes.get_title() for axes in panels] == ["Accuracy (verdict)", "Sensitivity", "Specificity", "AUC"]
    accuracy, sensitivity, _, area = panels
    # Ours of the two methods with metrics; the floor is of another colour.
    assert marks(accuracy, "o") == [(0.70833, COLOURS[0]), (0.70833, SOFT)]
    assert marks(area, "o") == [(0.74, COLOURS[0]), (0.74, SOFT)]
    # Printed: HC + RF and CHMFL, which is not reproduced.
    assert marks(accuracy, "D") == [(0.75, "white"), (0.854, "white")]
    assert [value for value, _ in marks(area, "D")] == [0.726, 0.873]
    intervals = [tuple(line.get_xdata()) for line in accuracy.lines if line.get_linewidth() == 2.2]
    assert intervals == [(0.583, 0.833), (0.583, 0.833)]
    # 0.792 lies below 0.8, the lower end of ours; what we have no interval for is neither in nor out.
    assert marks(sensitivity, "D") == [(0.792, WARN), (0.875, "white")]


def test_rows_are_read_from_the_top_at_their_labels(draw: Callable) -> None:
    panels, _ = draw()
    accuracy = panels[0]
    bottom, top = accuracy.get_ylim()
    assert bottom > top
    places = {
        text.get_text(): place for text, place in zip(accuracy.get_yticklabels(), accuracy.get_yticks(), strict=True)
    }
    assert list(places) == ["HC + RF", "CHMFL, a name of two\nlines", "Volume <alone>"]
    assert sorted(places.values()) == list(places.values())
    diamond = next(line for line in accuracy.lines if line.get_marker() == "D" and line.get_xdata()[0] == 0.854)
    assert diamond.get_ydata()[0] == places["CHMFL, a name of two\nlines"]


def test_a_phantom_is_stamped_and_not_judged(draw: Callable) -> None:
    panels, svg = draw(phantom=True)
    assert ">PHANTOM<" in svg
    assert "nothing to compare with" in svg
    assert {colour for axes in panels for _, colour in marks(axes, "D")} == {"white"}
    _, plain = draw()
    assert "PHANTOM" not in plain
    assert "published, outside our interval" in plain


def test_other_patients_than_the_papers_are_not_judged(draw: Callable) -> None:
    panels, svg = draw(other_patients="125 other patients")
    assert {colour for axes in panels for _, colour in marks(axes, "D")} == {"white"}
    assert "published, of other patients" in svg


def test_the_same_bytes_twice(draw: Callable, tmp_path: Path) -> None:
    first = draw()[1], (tmp_path / "f/forest.png").read_bytes()
    assert (draw()[1], (tmp_path / "f/forest.png").read_bytes()) == first
    assert first[1].startswith(b"\x89PNG")


def test_a_method_without_any_value_is_named(draw: Callable, write_metrics: Callable) -> None:
    rows = [{"method": "volume_only", "label": "Volume", "kind": "floor"}]
    panels, _ = draw(rows=rows, metrics={"volume_only": write_metrics("empty", {})})
    assert all([text.get_text() for text in axes.texts] == ["failed"] for axes in panels)


def test_other_selections_are_drawn_where_a_row_names_them(draw: Callable) -> None:
    panels, _ = draw(rows=[{**ROWS[0], "selection": "best_test"}])
    assert marks(panels[0], "o") == [(0.999, COLOURS[0])]


def test_masks_stand_under_the_columns_of_the_paper(draw: Callable, write_metrics: Callable, root: Path) -> None:
    measured = write_metrics("m", {"dice": (0.7, 0.65, 0.71), "accuracy": (0.98, 0.97, 0.985)}, task="segmentation")
    panels, _ = draw(
        rows=[{"method": "vnet", "label": "V-Net", "kind": "paper"}],
        metrics={"vnet": measured},
        published=root / "config/published/chmfl_tables4.csv",
        primary="dsc",
        task="segmentation",
        panels=("dsc", "acc"),
        columns={"dsc": "dice", "acc": "accuracy"},
    )
    assert [axes.get_title() for axes in panels[:2]] == ["Dice similarity coefficient (verdict)", "Accuracy"]
    assert marks(panels[0], "o") == [(0.7, COLOURS[0])]
    assert marks(panels[0], "D") == [(0.716, WARN)]
    assert marks(panels[1], "o") == [(0.98, COLOURS[0])]
