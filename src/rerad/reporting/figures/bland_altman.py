"""Synthesised against exact values, and their difference against their mean (Bland and Altman), tissue by tissue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from numpy.typing import NDArray

from rerad.cohorts.breast.labels import TISSUES
from rerad.core.pictures import COLOURS, INK, LINE, SOFT, new_figure, save, style
from rerad.reporting.figures.image import absent
from rerad.reporting.scores import selected
from rerad.reporting.synthesised import read_shown

CELLS = 70  # of a panel along each axis
CLOUD = LinearSegmentedColormap.from_list("cloud", ["#d6e6f4", "#2b7bba", "#08306b"])
LINES = {"limit_high": "+1.96 SD", "bias": "bias", "limit_low": "−1.96 SD"}
OUTLIERS = 0.05  # percent of the pixels that an axis may leave out on either side


def plot_agreement(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    metrics: Mapping[str, Path],
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw, a column a tissue, synthesised against exact entropy and below it their difference against their mean.

    Of ``rows`` the first is drawn; ``predictions`` lead from the trained id to files beside which the artefacts lie,
    ``metrics`` to metrics.csv, whose numbers, over all pixels, stand in the panels. Cells are the darker, on a
    logarithmic scale, the more of the kept pixels they hold.
    """
    trained = rows[0].get("trained", rows[0]["method"])
    shown = read_shown(predictions[trained])
    known = _numbers(metrics.get(trained))
    with style():
        figure = new_figure(7.2, 5.1)
        grid = figure.subplots(2, len(TISSUES), squeeze=False)
        for column, tissue in zip(grid.T, TISSUES, strict=True):
            parts = [one.pixels[tissue] for one in shown]
            pixels = np.concatenate(parts) if parts else np.empty((0, 2), np.float32)
            column[0].set_title("Lesion" if tissue == "lesion" else f"{tissue.capitalize()} tissue", weight="bold")
            if not len(pixels):
                for axes in column:
                    absent(axes, "no pixel" if shown else "failed", size=10)
                continue
            own = {name: known.get(f"{name}_{tissue}", float("nan")) for name in ("correlation", *LINES)}
            _scatter(column[0], pixels.astype(float), own["correlation"])
            _differences(column[1], pixels.astype(float), own)
        grid[0, 0].set_ylabel("Synthesised, bits")
        grid[1, 0].set_ylabel("Synthesised − exact, bits")
        save(figure, png, svg, phantom=phantom)


def _numbers(path: Path | None) -> dict[str, float]:
    if path is None:
        return {}
    table = selected(pd.read_csv(path), {}, "synthesis")
    pooled = table[table["scope"] == "pooled"]
    return dict(zip(pooled["metric"], pooled["value"], strict=True))


def _scatter(axes: Axes, pixels: NDArray, r: float) -> None:
    low, top = _range(pixels.ravel())
    _cloud(axes, pixels[:, 0], pixels[:, 1], (low, top), (low, top))
    axes.plot([low, top], [low, top], color=COLOURS[1], linewidth=1.0)
    axes.set_aspect("equal", adjustable="box")
    axes.text(0.05, 0.95, f"r = {r:.3f}", transform=axes.transAxes, va="top", fontsize=9.5, color=INK, weight="bold")
    axes.set_xlabel("Exact, bits")


def _differences(axes: Axes, pixels: NDArray, known: Mapping[str, float]) -> None:
    middle, apart = pixels.mean(axis=1), pixels[:, 1] - pixels[:, 0]
    across, reach = _range(middle), max(map(abs, (*_range(apart), known["limit_low"], known["limit_high"]))) * 1.1
    _cloud(axes, middle, apart, across, (-reach, reach))
    axes.axhline(0, color=SOFT, linewidth=0.8)
    places = {"limit_high": 2, "bias": 2, "limit_low": -2}  # points from the line: three close ones must not meet
    for name, text in LINES.items():
        axes.axhline(known[name], color=COLOURS[1], linewidth=1.2, linestyle="-" if name == "bias" else "--")
        told = f"{text} {known[name]:+.2f}".replace("-", "−")
        axes.annotate(
            told, (0.98, known[name]), xycoords=("axes fraction", "data"), xytext=(0, places[name]),
            textcoords="offset points", ha="right", va="bottom" if places[name] > 0 else "top", fontsize=7.5,
            color=INK, bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    axes.set_xlabel("Mean of both, bits")


def _cloud(axes: Axes, x: NDArray, y: NDArray, across: tuple[float, float], up: tuple[float, float]) -> None:
    counts, _, _ = np.histogram2d(x, y, bins=CELLS, range=(across, up))
    shown = np.ma.masked_equal(counts.T, 0)
    top = max(2.0, float(counts.max()))
    extent = (*across, *up)
    axes.imshow(
        shown, cmap=CLOUD, norm=LogNorm(1, top), origin="lower", extent=extent, aspect="auto", interpolation="nearest"
    )  # fmt: skip
    axes.set(xlim=across, ylim=up)
    axes.grid(color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)


def _range(values: NDArray) -> tuple[float, float]:
    low, top = (float(end) for end in np.percentile(values, [OUTLIERS, 100 - OUTLIERS]))
    room = max(0.04 * (top - low), 1e-3)
    return low - room, top + room
