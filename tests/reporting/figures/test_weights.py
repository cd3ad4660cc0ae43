"""Fig. 5: the values of metrics.csv stand at their weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

import rerad.reporting.figures.weights as module
from rerad.core.errors import ReradError

ROWS = [
    {"method": "chmfl", "label": "CHMFL", "w": 0.5},
    {"method": "chmfl_w90", "label": "w 0.9", "w": 0.9},
    {"method": "low", "trained": "chmfl_w10", "label": "w 0.1", "w": 0.1},
]


def values(shift: float) -> dict[str, tuple[float, float, float]]:
    return {name: (0.6 + at + shift, 0.5 + at, 0.9) for at, name in ((0.0, "acc"), (0.05, "sen"), (-0.05, "spe"))}


@pytest.fixture
def draw(tmp_path: Path, write_metrics: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Axes, str]]:
    def run(name: str = "x", **changes: Any) -> tuple[Axes, str]:
        kept: list[Any] = []
        made = module.new_figure
        monkeypatch.setattr(module, "new_figure", lambda *sizes: kept.append(made(*sizes)) or kept[-1])
        settings: dict[str, Any] = {
            "rows": ROWS,
            "metrics": {
                "chmfl": write_metrics("a", values(0.1)),
                "chmfl_w90": write_metrics("b", {}),
                "chmfl_w10": write_metrics("c", values(-0.1)),
            },
            "phantom": False,
            "png": tmp_path / f"{name}.png",
            "svg": tmp_path / f"{name}.svg",
        }
        module.plot_weights(**{**settings, **changes})
        monkeypatch.undo()
        return kept[0].axes[0], (tmp_path / f"{name}.svg").read_text()

    return run


def test_values_stand_at_their_weights(draw: Callable, tmp_path: Path) -> None:
    axes, text = draw()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "0.5", "0.9"]
    lines = {line.get_label(): line for line in axes.lines if line.get_marker() not in ("None", None)}
    assert list(lines) == ["Accuracy", "Sensitivity", "Specificity"]
    for name, at in (("Accuracy", 0.0), ("Sensitivity", 0.05), ("Specificity", -0.05)):
        places, heights = lines[name].get_data()
        assert np.abs(places - [0.1, 0.5, 0.9]).max() < 0.1
        assert heights[:2] == pytest.approx([0.5 + at, 0.7 + at])
        assert np.isnan(heights[2])
    intervals = [segment[:, 1].tolist() for segment in axes.collections[0].get_segments() if len(segment)]
    assert intervals[:2] == [pytest.approx([0.5, 0.9])] * 2
    assert text.count(">failed<") == 1
    assert "PHANTOM" not in text
    draw("y")
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()
    assert ">PHANTOM<" in draw("z", phantom=True)[1]


def test_metrics_of_one_weight_do_not_hide_each_other(draw: Callable) -> None:
    axes, _ = draw()
    places = [line.get_xdata()[0] for line in axes.lines if line.get_marker() not in ("None", None)]
    assert len(set(places)) == 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{**ROWS[0], "w": 0.9}, ROWS[1]], "the weight 0.9 stands there twice"),
        ([{"method": "chmfl", "label": "CHMFL"}], "'chmfl' has no w"),
    ],
)
def test_rows_without_a_weight_of_their_own_are_refused(draw: Callable, rows: list, said: str) -> None:
    with pytest.raises(ReradError, match=said):
        draw(rows=rows)
