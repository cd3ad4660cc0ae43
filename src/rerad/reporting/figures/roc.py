"""Receiver operating characteristics of pooled out-of-fold scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.metrics import roc_auc_score, roc_curve

from rerad.reporting.figures.style import COLOURS, DASHES, SOFT, new_figure, save, style
from rerad.reporting.scores import interval_text, read_scores

Curve = tuple[np.ndarray, np.ndarray]


def plot_roc(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    metrics: Mapping[str, Path],
    phantom: bool,
    png: Path,
    svg: Path,
    threshold: float = 0.5,
) -> None:
    """Draw one curve a method, averaged over seeds, with its AUC and 95 % interval.

    ``rows`` are those of the study's figure (method, trained, label); ``predictions`` and ``metrics`` lead from the
    trained id to prediction files and metrics.csv. A dot marks the decision threshold. A method without predictions
    stands in the legend as failed.
    """
    with style():
        figure = new_figure(4.8, 5.15 + 0.19 * len(rows))
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), label="Chance: 0.500")
        for index, row in enumerate(rows):
            trained = row.get("trained", row["method"])
            _draw(
                axes,
                row["label"],
                read_scores(predictions[trained], row),
                interval_text(metrics.get(trained), row, "auc"),
                threshold,
                index,
            )
        axes.set(xlabel="1 − specificity", ylabel="Sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.set_yticks(np.linspace(0, 1, 6))
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            [*handles[1:], handles[0]], [*labels[1:], labels[0]], loc="outside lower left", frameon=False,
            title=f"AUC [95 % interval]; dot: threshold {threshold:g}", title_fontsize=8.5, alignment="left",
            handlelength=2.6,
        )  # fmt: skip
        save(figure, png, svg, phantom=phantom)


def _draw(axes: Axes, label: str, scores: pd.DataFrame, interval: str, threshold: float, index: int) -> None:
    colour, dash = COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]
    if scores.empty or scores["target"].nunique() < 2:
        axes.plot([], [], color=colour, linestyle=dash, label=f"{label}: failed")
        return
    seeds = [group for _, group in scores.groupby("seed")]
    curve = mean_curve([_curve(group) for group in seeds])
    area = float(np.mean([roc_auc_score(group["target"], group["score"]) for group in seeds]))
    text = f"{label}: {area:.3f}{interval} (n = {seeds[0]['case'].nunique()})"
    axes.plot(*curve, color=colour, linestyle=dash, label=text, clip_on=False, solid_joinstyle="miter")
    point = np.mean([_operating_point(group, threshold) for group in seeds], axis=0)
    axes.plot(*point, marker="o", markersize=5.5, color=colour, markeredgecolor="white", linestyle="none", zorder=5)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Average ROC curves vertically; return (false positive rate, sensitivity).

    Jumps stay jumps: at every abscissa the lower and the upper ends are averaged apart, so the area under the mean
    curve is the mean of the areas (vertical averaging, Fawcett 2006, section 9.1).
    """
    grid = np.unique(np.concatenate([curve[0] for curve in curves]))
    lower = np.mean([_at(curve, grid, "left") for curve in curves], axis=0)
    upper = np.mean([_at(curve, grid, "right") for curve in curves], axis=0)
    return np.repeat(grid, 2), np.stack([lower, upper], axis=1).ravel()


def _at(curve: Curve, grid: np.ndarray, side: str) -> np.ndarray:
    abscissa, ordinate = curve
    if side == "left":
        first = np.searchsorted(abscissa, grid, side="left")
        ends = ordinate[np.minimum(first, len(abscissa) - 1)]
    else:
        ends = ordinate[np.searchsorted(abscissa, grid, side="right") - 1]
    return np.where(np.isin(grid, abscissa), ends, np.interp(grid, abscissa, ordinate))


def _curve(scores: pd.DataFrame) -> Curve:
    false, true, _ = roc_curve(scores["target"], scores["score"], drop_intermediate=False)
    return false, true


def _operating_point(scores: pd.DataFrame, threshold: float) -> tuple[float, float]:
    called = scores["score"] >= threshold
    return called[scores["target"] == 0].mean(), called[scores["target"] == 1].mean()
