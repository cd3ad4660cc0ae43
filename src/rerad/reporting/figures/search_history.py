"""The course of searches: losses of weights and of α, how decided α is, and how much of it skips."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator

from rerad.core.pictures import COLOURS, WARN, new_figure, save, style
from rerad.reporting.figures.image import absent
from rerad.reporting.searches import read_courses
from rerad.training.chosen import read_chosen

BY_ROW = 2  # methods side by side: more are not readable at 400 pixels
TALL, SINGLE = 1.286, 2.8  # inches of a unit of height, and of a panel that is alone


class Curve(NamedTuple):
    """What is drawn of a search history, and how."""

    split: str
    quantity: str
    label: str
    colour: str
    dash: Any


PANELS = {
    "Loss": (
        Curve("train", "loss", "of the weights", COLOURS[0], "-"),
        Curve("validation", "loss", "of α", COLOURS[1], (0, (5, 1.2))),
    ),
    "Entropy of α": (Curve("alpha", "entropy", "", COLOURS[2], "-"),),
    "Skip share": (Curve("alpha", "skip_share", "", COLOURS[3], "-"),),
}
USUAL = tuple(PANELS)
# Fig. 7 of NAS-3D-U-Net: the losses by which weights and α take their steps.
PANELS["Kernel and hybrid loss"] = (
    Curve("train", "loss", "kernel loss (weights)", COLOURS[0], "-"),
    Curve("alpha", "loss", "hybrid loss (α)", COLOURS[1], (0, (5, 1.2))),
)
HEIGHTS = {"Loss": 1.5, "Entropy of α": 1.0, "Skip share": 1.0, "Kernel and hybrid loss": 1.5}
SHARES = ("Entropy of α", "Skip share")


def plot_search_history(
    *,
    rows: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Sequence[Path]],
    history: Mapping[str, Sequence[Path]],
    phantom: bool,
    png: Path,
    svg: Path,
    panels: Sequence[str] = USUAL,
) -> None:
    """Draw, a column a method, losses, entropy of α and share of skips against the epoch: the mean, and every search.

    ``rows`` are those of the study's figure (method, trained, label); ``chosen`` and ``history`` lead from the trained
    id to the files chosen.json and search_history.csv of all seeds and chunks. The entropy is the mean over the edges,
    relative to that of even weights. A dot marks the epoch with a search's lowest loss of α. ``panels`` are some of
    ``PANELS``; of a single one a dashed line marks the last epoch of each search.

    Raises:
        ReradError: see ``read_courses`` and ``read_chosen``.
    """
    lines = math.ceil(len(rows) / BY_ROW)
    tall = SINGLE if len(panels) == 1 else round(TALL * sum(HEIGHTS[name] for name in panels), 2)
    with style():
        figure = new_figure(4.8, tall * lines + 0.3)
        blocks = figure.subfigures(lines, 1, squeeze=False).ravel()
        for block, start in zip(blocks, range(0, len(rows), BY_ROW), strict=True):
            _block(block, rows[start : start + BY_ROW], chosen, history, panels, min(BY_ROW, len(rows)))
        handles, labels = _handles(figure)
        if handles:
            columns = 2 if len(panels) == 1 else 3
            figure.legend(handles, labels, loc="outside lower left", frameon=False, ncols=columns, columnspacing=1.2)
        save(figure, png, svg, phantom=phantom)


def _block(
    block: FigureBase,
    rows: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Sequence[Path]],
    history: Mapping[str, Sequence[Path]],
    panels: Sequence[str],
    columns: int,
) -> None:
    ratios = [HEIGHTS[name] for name in panels]
    grid: Any = block.subplots(len(panels), columns, squeeze=False, sharey="row", height_ratios=ratios)
    drawn = []
    for column, row in enumerate(rows):
        trained = row.get("trained", row["method"])
        courses = read_courses(history[trained])
        failed = sum(bool(read_chosen(path).failed) for path in chosen[trained])
        title = f"{row['label']}\n{_count(courses, failed)}"
        if courses.empty:
            # Of its own: an empty panel must not take the scales of those that it would share them with.
            panel = _instead(block, grid[:, column])
            absent(panel, "failed" if failed else "no search", size=10)
            panel.set_title(title, fontsize=9)
            continue
        drawn.append(grid[:, column])
        grid[0, column].set_title(title, fontsize=9)
        for axes, name in zip(grid[:, column], panels, strict=True):
            for curve in PANELS[name]:
                _draw(axes, courses, curve)
            if len(panels) == 1:
                _ends(axes, courses)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
            axes.tick_params(labelbottom=axes is grid[-1, column])
        grid[-1, column].set_xlabel("Epoch")
    for axes, name in zip(drawn[0] if drawn else (), panels, strict=bool(drawn)):
        axes.set_ylabel(name)
        axes.tick_params(labelleft=True)
        if name in SHARES:
            axes.set_ylim(-0.03, 1.03)
    for axes in grid[:, len(rows) :].ravel():
        axes.set_axis_off()


def _instead(block: FigureBase, column: Any) -> Axes:
    """Return one panel in the place of a column of them."""
    places = [axes.get_subplotspec() for axes in column]
    for axes in column:
        axes.remove()
    return block.add_subplot(places[0].get_gridspec()[:, places[0].colspan.start])


def _count(courses: pd.DataFrame, failed: int) -> str:
    number = courses[["seed", "fold"]].drop_duplicates().shape[0]
    text = {0: "", 1: "one search"}.get(number, f"mean of {number} searches")
    return f"{text}, {failed} failed" if text and failed else text


def _draw(axes: Axes, courses: pd.DataFrame, curve: Curve) -> None:
    table = course_of(courses, curve.split, curve.quantity)
    if table.empty:
        return
    look: dict[str, Any] = {"color": curve.colour, "linestyle": curve.dash}
    for _, values in table.items():
        axes.plot(table.index, values, linewidth=0.6, alpha=0.35, color=curve.colour)
    # One epoch makes no line.
    mark = "s" if len(table) == 1 else None
    axes.plot(table.index, table.mean(axis=1), linewidth=1.7, marker=mark, markersize=5, label=curve.label, **look)
    if curve.split == "validation":
        lowest = table.dropna(axis=1, how="all").idxmin()
        places = lowest.to_numpy(), np.array([table.at[epoch, search] for search, epoch in lowest.items()])
        axes.plot(
            *places, linestyle="none", marker="o", markersize=3.6, markeredgecolor="white", markeredgewidth=0.5,
            color=curve.colour, label="lowest in each search",
        )  # fmt: skip


def _ends(axes: Axes, courses: pd.DataFrame) -> None:
    for epoch in sorted(courses.groupby(["seed", "fold"])["epoch"].max().unique()):
        axes.axvline(epoch, color=WARN, linewidth=1.0, linestyle=(0, (2, 2)), zorder=0, label="last epoch of a search")


def course_of(courses: pd.DataFrame, split: str, quantity: str) -> pd.DataFrame:
    """Return a quantity by epoch (rows) and search (columns: seed, fold)."""
    chosen = courses[(courses["split"] == split) & (courses["quantity"] == quantity)]
    return chosen.pivot_table(index="epoch", columns=["seed", "fold"], values="value", sort=True)


def _handles(figure: Figure) -> tuple[list[Any], list[str]]:
    """Return what the legend shows, each once."""
    found: dict[str, Any] = {}
    for axes in figure.get_axes():
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), [f"Loss {label}" if label.startswith("of") else label for label in found]
