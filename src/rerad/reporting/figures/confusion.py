"""Confusion matrices of pooled out-of-fold predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from rerad.core.pictures import INK, SOFT, new_figure, save, style
from rerad.reporting.scores import interval_text, read_scores

CLASSES = ("None", "Metastases")
BY_ROW = 2  # panels side by side: more are not readable at 400 pixels


def plot_confusion(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    metrics: Mapping[str, Path],
    phantom: bool,
    png: Path,
    svg: Path,
    threshold: float = 0.5,
) -> None:
    """Draw one matrix a method: patients by truth (rows) and prediction (columns), mean over seeds.

    Colour and percentage are shares of the true class. ``rows``, ``predictions`` and ``metrics`` as in ``plot_roc``.
    """
    with style():
        lines = max(1, math.ceil(len(rows) / BY_ROW))
        figure = new_figure(2.45 * BY_ROW, 2.55 * lines + 0.35)
        grid = figure.subplots(lines, BY_ROW, squeeze=False).ravel()
        for axes, row in zip(grid, rows, strict=False):
            trained = row.get("trained", row["method"])
            interval = interval_text(metrics.get(trained), row, "acc")
            _panel(axes, row["label"], read_scores(predictions[trained], row), interval, threshold)
        figure.supxlabel("Predicted", fontsize=10)
        figure.supylabel("True", fontsize=10)
        for axes in grid[len(rows) :]:
            axes.set_axis_off()
        save(figure, png, svg, phantom=phantom)


def count(scores: pd.DataFrame, threshold: float) -> np.ndarray:
    """Return the 2 × 2 matrix (truth, prediction) of patients, mean over seeds; positive means score ≥ threshold."""
    matrix = np.zeros((2, 2))
    called = (scores["score"] >= threshold).astype(int)
    np.add.at(matrix, (scores["target"].astype(int), called), 1)
    return matrix / scores["seed"].nunique()


def _panel(axes: Axes, label: str, scores: pd.DataFrame, interval: str, threshold: float) -> None:
    axes.set_title(label, fontsize=9.5, weight="bold", pad=18)
    for side in axes.spines.values():
        side.set_visible(False)
    if scores.empty:
        axes.text(0.5, 0.5, "failed", ha="center", va="center", color=SOFT, transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    matrix = count(scores, threshold)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    under = f"accuracy {matrix.trace() / matrix.sum():.3f}{interval}"
    axes.text(0.5, 1.02, under, ha="center", va="bottom", fontsize=8, color=SOFT, transform=axes.transAxes)
    whole = bool((matrix == matrix.round()).all())
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    for (truth, called), patients in np.ndenumerate(matrix):
        share = shares[truth, called]
        colour = "white" if share > 0.62 else INK
        number = f"{patients:.0f}" if whole else f"{patients:.1f}"
        axes.text(called, truth - 0.09, number, ha="center", va="center", color=colour, fontsize=14, weight="bold")
        axes.text(called, truth + 0.24, f"{100 * share:.0f} %", ha="center", va="center", color=colour, fontsize=8.5)
    axes.set_xticks([0, 1], CLASSES)
    axes.set_yticks([0, 1], CLASSES, rotation=90, va="center")
    axes.tick_params(length=0)
