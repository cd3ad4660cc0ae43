"""Published values beside reproduced ones, with our intervals."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from rerad.core.pictures import COLOURS, LINE, SOFT, WARN, new_figure, save, style
from rerad.reporting.published import Published, read_published
from rerad.reporting.rendering import meaning
from rerad.reporting.scores import renamed, selected
from rerad.reporting.verdict import judge

PANELS = ("acc", "sen", "spe", "auc")
BY_ROW = 2  # panels side by side: more are not readable at 400 pixels
OURS, OTHER = COLOURS[0], SOFT
LETTERS = 20  # of a row's label on one line


def plot_forest(
    *,
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Path],
    published: Path,
    primary: str,
    phantom: bool,
    png: Path,
    svg: Path,
    panels: Sequence[str] = PANELS,
    task: str = "classification",
    columns: Mapping[str, str] | None = None,
    other_patients: str = "",
) -> None:
    """Draw one panel a metric and one line a row: our value with its 95 % interval, and the printed value.

    ``rows`` as in a table (method, trained, label, kind; optionally selection and variant); ``metrics`` leads from the
    trained id to metrics.csv. A row without values of ours keeps its printed one. A printed value outside our interval
    is filled, except on a ``phantom`` or where ``other_patients`` says why ours cannot be the paper's: neither says
    anything about it. The panel of ``primary`` says that verdicts rest
    on it. ``panels`` are columns of the published table, ``columns`` leads from them to metrics of other names.

    Raises:
        ReradError: broken published values.
    """
    paper = read_published(published)
    values = [_measured(metrics.get(row.get("trained", row["method"])), row, task, columns or {}) for row in rows]
    labels = [textwrap.fill(row["label"], LETTERS) for row in rows]
    places, bottom = _places(labels)
    lines = math.ceil(len(panels) / BY_ROW)
    with style():
        figure = new_figure(4.8, lines * (0.225 * bottom + 0.62) + 0.55)
        grid = figure.subplots(lines, BY_ROW, squeeze=False, sharex=True, sharey=True).ravel()
        outside = False
        for axes, name in zip(grid, panels, strict=False):
            outside |= _panel(axes, name, rows, values, places, paper, comparable=not phantom and not other_patients)
            full = meaning(name)
            title = full[0].upper() + full[1:] + (" (verdict)" if name == primary else "")
            axes.set_title(title, fontsize=9.5, weight="bold")
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        grid[0].set(xlim=(-0.02, 1.02), ylim=(bottom, 0), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
        grid[0].set_yticks(places, labels, fontsize=8.5)
        figure.legend(
            handles=_legend(rows, outside, phantom, other_patients),
            loc="outside lower left",
            frameon=False,
            handlelength=2.2,
        )
        save(figure, png, svg, phantom=phantom)


def _places(labels: Sequence[str]) -> tuple[list[float], float]:
    """Return where each row stands, from the top in heights of a line, and how high they are together."""
    places, top = [], 0.0
    for label in labels:
        height = 1.0 + 0.7 * label.count("\n")
        places.append(top + height / 2)
        top += height
    return places, top


def _measured(
    path: Path | None, row: Mapping[str, Any], task: str, columns: Mapping[str, str]
) -> dict[str, tuple[float, float, float]]:
    """Return column → (value, low, high) of the pooled predictions."""
    if path is None:
        return {}
    measured = selected(renamed(pd.read_csv(path), columns), row, task)
    chosen = measured[measured["scope"] == "pooled"]
    names = ("value", "low", "high")
    return {
        record["metric"]: (float(record["value"]), float(record["low"]), float(record["high"]))
        for record in chosen[["metric", *names]].to_dict("records")
    }


def _panel(
    axes: Axes,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    values: Sequence[Mapping[str, tuple[float, float, float]]],
    places: Sequence[float],
    paper: Published,
    *,
    comparable: bool,
) -> bool:
    """Draw a metric; return whether a printed value lies outside our interval."""
    outside = False
    axes.axvline(0.5, color=LINE, linewidth=1, zorder=0)
    for row, measured, place in zip(rows, values, places, strict=True):
        axes.axhline(place, color=LINE, linewidth=0.5, zorder=0)
        value, low, high = measured.get(name, (math.nan,) * 3)
        printed = paper.printed.get(row["method"], {}).get(name, "")
        colour = OURS if row.get("kind", "paper") == "paper" else OTHER
        if not math.isnan(low):
            axes.plot([low, high], [place, place], color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="butt")
        if printed:
            out = comparable and judge(printed, low, high) in ("above", "below")
            outside |= out
            axes.plot(float(printed), place, **_diamond(filled=out), zorder=3)
        if not math.isnan(value):
            axes.plot(value, place, marker="o", markersize=5, color=colour, linestyle="none", zorder=4)
        elif not printed and not measured:
            axes.text(0.03, place, "failed", va="center", fontsize=8, color=WARN)
    axes.tick_params(axis="y", length=0)
    return outside


def _diamond(*, filled: bool) -> dict[str, Any]:
    face = WARN if filled else "white"
    return {
        "marker": "D", "markersize": 6, "markeredgecolor": WARN, "markerfacecolor": face, "markeredgewidth": 1.3,
        "linestyle": "none",
    }  # fmt: skip


def _legend(rows: Sequence[Mapping[str, Any]], outside: bool, phantom: bool, other_patients: str) -> list[Line2D]:
    handles = [_line(OURS, "ours, 95 % interval")]
    if any(row.get("kind", "paper") != "paper" for row in rows):
        handles.append(_line(OTHER, "ours, a row that the paper does not have"))
    text = "published, of other patients" if other_patients else "published"
    text = "published, of real patients: nothing to compare with" if phantom else text
    handles.append(Line2D([], [], **_diamond(filled=False), label=text))
    if outside:
        handles.append(Line2D([], [], **_diamond(filled=True), label="published, outside our interval"))
    return handles


def _line(colour: str, label: str) -> Line2D:
    return Line2D([], [], color=colour, marker="o", markersize=5, linewidth=2.2, label=label)
