"""Accuracy, sensitivity and specificity against the weight of the segmentation loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rerad.core.errors import ReradError
from rerad.core.pictures import COLOURS, LINE, WARN, new_figure, save, style
from rerad.reporting.rendering import meaning
from rerad.reporting.scores import selected

SHOWN = ("acc", "sen", "spe")
MARKS = ("o", "s", "^")
BESIDE = 0.12  # between the metrics of one weight, as a share of the smallest step of the weights


def plot_weights(
    *,
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Path],
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw the pooled metrics with their 95 % intervals against each row's ``w``; a method without values is named.

    ``rows`` are those of the study's figure (method, trained, label, w); ``metrics`` lead from the trained id to
    metrics.csv.

    Raises:
        ReradError: a row without ``w``, or one weight twice.
    """
    weights = [_weight(row) for row in rows]
    if len(set(weights)) != len(weights):
        double = next(weight for weight in weights if weights.count(weight) > 1)
        raise ReradError(f"the weight {double:g} stands there twice", where=str(png), remedy="Give each row its own w")
    order = np.argsort(weights)
    values = [_measured(metrics[rows[i].get("trained", rows[i]["method"])], rows[i]) for i in order]
    places = np.array(weights)[order]
    with style():
        figure = new_figure(4.8, 3.5)
        axes = figure.add_subplot()
        _draw(axes, places, values)
        axes.set(
            xlabel="Weight w of the segmentation loss", ylabel="Value, 95 % interval", ylim=(-0.02, 1.02), xticks=places
        )
        axes.set_xticks(places, [f"{place:g}" for place in places])
        figure.legend(loc="outside upper left", ncols=3, frameon=False, handlelength=2.2, columnspacing=1.4)
        save(figure, png, svg, phantom=phantom)


def _weight(row: Mapping[str, Any]) -> float:
    if "w" not in row:
        raise ReradError(f"the row {row['method']!r} has no w", remedy="Write the weight that it was trained with")
    return float(row["w"])


def _draw(axes: Axes, places: np.ndarray, values: Sequence[Mapping[str, tuple[float, float, float]]]) -> None:
    step = float(np.diff(places).min()) if len(places) > 1 else 1.0
    axes.axhline(0.5, color=LINE, linewidth=1, zorder=0)
    for index, name in enumerate(SHOWN):
        shift = (index - 1) * BESIDE * step
        points = np.array([found.get(name, (math.nan,) * 3) for found in values])
        look: dict[str, Any] = {"color": COLOURS[index], "zorder": 3 + index}
        axes.plot(places + shift, points[:, 0], marker=MARKS[index], markersize=5.5, label=_title(name), **look)
        axes.vlines(places + shift, points[:, 1], points[:, 2], linewidth=1.6, alpha=0.55, **look)
    for place, found in zip(places, values, strict=True):
        if not found:
            axes.text(place, 0.03, "failed", ha="center", va="bottom", fontsize=8.5, color=WARN, rotation=90)
    axes.set_xlim(places.min() - 0.5 * step, places.max() + 0.5 * step)


def _title(name: str) -> str:
    full = meaning(name)
    return full[0].upper() + full[1:]


def _measured(path: Path, row: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Return metric → (value, low, high) of the pooled predictions."""
    measured = selected(pd.read_csv(path), row)
    chosen = measured[measured["scope"] == "pooled"].set_index("metric")
    return {
        name: (float(chosen.at[name, "value"]), float(chosen.at[name, "low"]), float(chosen.at[name, "high"]))
        for name in SHOWN
        if name in chosen.index
    }
