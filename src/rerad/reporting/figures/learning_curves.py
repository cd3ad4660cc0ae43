"""Learning curves over the folds: training and validation error against the epoch, with the printed last values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rerad.core.pictures import COLOURS, LINE, SOFT, new_figure, save, style
from rerad.reporting.figures.image import absent
from rerad.training.predictions import HISTORY

BY_ROW = 2  # panels side by side: more are not readable at 400 pixels
SIDES = {"train": ("training", COLOURS[0]), "test": ("validation", COLOURS[1])}
QUANTITIES = {"mae": "Mean absolute error", "autoencoder_mse": "Mean squared error"}


def plot_learning_curves(
    *,
    rows: Sequence[Mapping[str, Any]],
    history: Mapping[str, Sequence[Path]],
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw a panel a row: a thin line a fold and seed, the thick one their mean.

    ``rows`` are those of the study's figure: method, label, optionally trained, ``quantity`` (mae, or autoencoder_mse)
    and ``printed`` (training and validation: the paper's last values, dotted lines). ``history`` leads from the trained
    id to the files history.csv of all seeds and chunks.
    """
    lines = math.ceil(len(rows) / BY_ROW)
    with style():
        figure = new_figure(4.8, 2.1 * lines + 0.55)
        grid = figure.subplots(lines, min(BY_ROW, len(rows)), squeeze=False)
        for axes, row in zip(grid.ravel(), rows, strict=False):
            _panel(axes, row, _curves(history[row.get("trained", row["method"])]))
        for axes in grid.ravel()[len(rows) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel(QUANTITIES["mae"], fontsize=9)
        handles = [Line2D([], [], color=colour, label=name) for name, colour in SIDES.values()]
        printed = "printed, of real patients" if phantom else "printed"
        handles.append(Line2D([], [], color=SOFT, linestyle=":", linewidth=1.4, label=printed))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
        save(figure, png, svg, phantom=phantom)


def _curves(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the histories of all seeds and folds, ``run`` telling them apart; none of a method that failed."""
    tables = [pd.read_csv(path) for path in paths]
    if not tables or any(table.empty for table in tables):
        return pd.DataFrame(columns=[*HISTORY, "run"])
    whole = pd.concat([table.assign(file=number) for number, table in enumerate(tables)], ignore_index=True)
    return whole.assign(run=whole["file"].astype(str) + " " + whole["fold"].astype(str))


def _panel(axes: Axes, row: Mapping[str, Any], curves: pd.DataFrame) -> None:
    quantity = row.get("quantity", "mae")
    axes.set_title(row["label"], fontsize=9.5, weight="bold")
    chosen = curves[curves["quantity"] == quantity]
    if chosen.empty:
        absent(axes, "failed", size=10)
        return
    for split, (name, colour) in SIDES.items():
        own = chosen[chosen["split"] == split].pivot(index="epoch", columns="run", values="value").sort_index()
        if own.empty:
            continue
        axes.plot(own.index, own.to_numpy(float), color=colour, linewidth=0.5, alpha=0.35)
        axes.plot(own.index, own.mean(axis=1), color=colour, linewidth=1.8)
        printed = row.get("printed", {}).get(name)
        if printed is not None:
            axes.axhline(printed, color=colour, linestyle=":", linewidth=1.4)
    if quantity != "mae":
        axes.set_ylabel(QUANTITIES[quantity], fontsize=9)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Epoch", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(axis="y", color=LINE, linewidth=0.6)
