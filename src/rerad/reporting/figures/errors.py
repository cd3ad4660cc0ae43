"""Errors of two methods against each other, a dot a feature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rerad.core.pictures import COLOURS, SOFT, new_figure, save, style
from rerad.reporting.errors import ERRORS, SIGNIFICANT, Measured, adjusted, features_of, read_errors
from rerad.reporting.figures.image import absent

TITLES = {"mae": "MAE, parts of the maximum", "mape": "MAPE, %"}
REGIONS = {"enhancing": ("enhancing ROI", COLOURS[1], "o"), "edema": ("edema ROI", COLOURS[0], "s")}


def plot_errors(
    *,
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Path],
    comparisons: Path | None,
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw the error of the first of two methods (x) against that of the second (y), of MAE and of MAPE.

    ``rows`` are those of the study's figure; ``metrics`` lead from the trained id to metrics.csv. Above the diagonal
    the first method has the lower error. A filled dot: the two differ, paired Wilcoxon test after Bonferroni's
    correction, from ``comparisons`` (comparisons.csv).
    """
    ids = [str(row.get("trained", row["method"])) for row in rows[:2]]
    one, two = (read_errors(metrics[name], row) for name, row in zip(ids, rows, strict=False))
    features = features_of([one, two])
    with style():
        figure = new_figure(4.8, 3.0)
        for axes, error in zip(figure.subplots(1, len(ERRORS)), ERRORS, strict=True):
            axes.set_title(TITLES[error], fontsize=9.5, weight="bold")
            if not (one.values and two.values):
                absent(axes, "failed", size=10)
                continue
            _panel(axes, one, two, error, features, adjusted(comparisons, ids[0], ids[1], error, features))
            axes.set_xlabel(rows[0]["label"], fontsize=8.5)
        figure.get_axes()[0].set_ylabel(rows[1]["label"], fontsize=8.5)
        figure.legend(handles=_legend(), loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        save(figure, png, svg, phantom=phantom)


def _panel(
    axes: Axes, one: Measured, two: Measured, error: str, features: Sequence[str], p: Mapping[str, float]
) -> None:
    top = 0.0
    for feature in features:
        _, colour, marker = REGIONS.get(feature.partition("_")[0], ("", SOFT, "D"))
        scale = one.get(f"truth_max_{feature}")[0] if error == "mae" else 1.0
        x, y = (found.get(f"{error}_{feature}")[0] / scale for found in (one, two))
        differs = p.get(feature, math.nan) < SIGNIFICANT
        face = colour if differs else "white"
        axes.plot(x, y, marker=marker, markersize=5, markeredgecolor=colour, markerfacecolor=face, linestyle="none")
        top = max(top, x, y)
    axes.plot([0, 1.08 * top], [0, 1.08 * top], color=SOFT, linewidth=0.9, zorder=0)
    axes.set(xlim=(0, 1.08 * top), ylim=(0, 1.08 * top), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4))


def _legend() -> list[Line2D]:
    dots = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=5, markerfacecolor="white", label=name)
        for name, colour, marker in REGIONS.values()
    ]
    filled = Line2D([], [], color=SOFT, marker="o", linestyle="none", markersize=5, label="filled: the errors differ")
    return [*dots, filled, Line2D([], [], color=SOFT, linewidth=0.9, label="equal errors")]
