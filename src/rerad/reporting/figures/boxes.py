"""Metrics of every case as boxes, region by region, of training and of held-out cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from rerad.core.pictures import COLOURS, INK, LINE, new_figure, save, style
from rerad.evaluation.itemise import per_case
from rerad.reporting.figures.image import absent
from rerad.training.predictions import read

REGIONS = ("ET", "WT", "TC")  # in the order of the paper's tables
METRICS = {"dice": "Dice", "sensitivity": "Sensitivity", "specificity": "Specificity", "hd95_mm": "HD95 (mm)"}
ROLES = {"train": "Training cases", "test": "Held-out cases"}
FACES = ("#f4b6c9", "#9ecae9", *COLOURS[2:])  # Fig. 9: pink and blue
ROOM = 0.8  # of a region's place that its boxes fill
LINEAR_MM = 10.0  # below it the distance's axis is linear, above logarithmic


def plot_boxes(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw, a line a metric and a column a role, boxes of ET, WT and TC of every method.

    ``rows`` as in ``plot_segmentations``; ``predictions`` lead from the trained id to the files
    predictions_segmentation.csv. Every case counts once, with its mean over seeds and, of the training cases, over the
    networks that were trained on it. A box holds the middle half of the cases with their median, whiskers reach to the
    last case within 1.5 box lengths, a star is the mean.
    """
    found = [_values(predictions[row.get("trained", row["method"])]) for row in rows]
    with style():
        figure = new_figure(4.8, 1.62 * len(METRICS) + 0.75)
        grid = figure.subplots(len(METRICS), len(ROLES), squeeze=False, sharex="col", sharey="row")
        for line, (metric, name) in zip(grid, METRICS.items(), strict=True):
            for axes, role in zip(line, ROLES, strict=True):
                _panel(axes, found, metric, role)
            line[0].set_ylabel(name)
            if metric == "hd95_mm":
                _distances(line[0])
        for axes, title in zip(grid[0], ROLES.values(), strict=True):
            axes.set_title(title, fontsize=9.5, weight="bold")
        figure.align_ylabels(grid[:, 0])
        faces = [
            Patch(facecolor=face, edgecolor=INK, label=row["label"]) for face, row in zip(FACES, rows, strict=False)
        ]
        star = Line2D([], [], color=INK, marker="*", linestyle="none", markersize=7, label="mean")
        figure.legend(handles=[*faces, star], loc="outside lower center", ncols=4, frameon=False, columnspacing=1.2)
        save(figure, png, svg, phantom=phantom)


def _values(paths: Sequence[Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the metrics of all cases by role and region; none of a method that failed."""
    table = per_case([read(path, "segmentation") for path in paths])
    return {(str(role), str(region)): part for (role, region), part in table.groupby(["role", "region"], sort=True)}


def _panel(axes: Axes, found: Sequence[Mapping[tuple[str, str], pd.DataFrame]], metric: str, role: str) -> None:
    width = ROOM / len(found)
    for number, values in enumerate(found):
        for place, region in enumerate(REGIONS):
            part = values.get((role, region))
            numbers = np.array([]) if part is None else part[metric].dropna().to_numpy(float)
            if len(numbers):
                at = place + (number - (len(found) - 1) / 2) * width
                _box(axes, numbers, at, 0.85 * width, FACES[number % len(FACES)])
    axes.set_xlim(-0.6, len(REGIONS) - 0.4)
    axes.set_xticks(range(len(REGIONS)), REGIONS)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    if not axes.patches:
        absent(axes, "failed", size=10)


def _box(axes: Axes, numbers: np.ndarray, at: float, width: float, face: str) -> None:
    axes.boxplot(
        [numbers], positions=[at], widths=[width], whis=1.5, showmeans=True, patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": face, "edgecolor": INK, "linewidth": 0.8},
        medianprops={"color": "#c00000", "linewidth": 1.4},
        meanprops={"marker": "*", "markerfacecolor": INK, "markeredgecolor": INK, "markersize": 5.5},
        whiskerprops={"linewidth": 0.8}, capprops={"linewidth": 0.8},
        flierprops={"marker": ".", "markersize": 2.5, "markerfacecolor": INK, "markeredgecolor": "none"},
    )  # fmt: skip


def _distances(axes: Axes) -> None:
    """Draw millimetres so that a few of them and the diagonal of an image both find room."""
    axes.set_yscale("symlog", linthresh=LINEAR_MM, linscale=1.0)
    axes.set_ylim(bottom=-0.5)
    axes.yaxis.set_major_locator(FixedLocator([0, 2, 5, 10, 20, 50, 100, 200, 400]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
