"""Receiver operating characteristics of pooled out-of-fold scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from rerad.core.pictures import COLOURS, DASHES, SOFT, new_figure, save, style
from rerad.reporting.figures.band import roc_band
from rerad.reporting.scores import interval_text, read_scores

Curve = tuple[np.ndarray, np.ndarray]
BY_ROW = 3  # panels side by side: more are not readable at 400 pixels
GRID = np.linspace(0, 1, 101)  # abscissas of a band


@dataclass(frozen=True)
class _Drawn:
    """What is drawn of one method."""

    label: str
    interval: str
    scores: pd.DataFrame
    colour: str
    dash: Any

    @property
    def seeds(self) -> list[pd.DataFrame]:
        return [group for _, group in self.scores.groupby("seed")]

    @property
    def failed(self) -> bool:
        return self.scores.empty or self.scores["target"].nunique() < 2


def plot_roc(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    metrics: Mapping[str, Path],
    phantom: bool,
    png: Path,
    svg: Path,
    threshold: float = 0.5,
    bootstraps: int = 1000,
    seed: int = 0,
) -> None:
    """Draw one curve a method, averaged over seeds, with its AUC and 95 % interval; below, each with its 95 % band.

    ``rows`` are those of the study's figure (method, trained, label); ``predictions`` and ``metrics`` lead from the
    trained id to prediction files and metrics.csv. A dot marks the decision threshold. A method without predictions
    stands in the legend as failed. The bands rest on ``bootstraps`` resamples of patients (``roc_band``).
    """
    drawn = []
    for index, row in enumerate(rows):
        trained = row.get("trained", row["method"])
        scores = read_scores(predictions[trained], row)
        interval = interval_text(metrics.get(trained), row, "auc")
        # Where the colours begin anew, each gets another dash than before.
        look = COLOURS[index % len(COLOURS)], DASHES[(index + index // len(COLOURS)) % len(DASHES)]
        drawn.append(_Drawn(row["label"], interval, scores, *look))
    shown = [method for method in drawn if not method.failed]
    lines = math.ceil(len(shown) / BY_ROW)
    with style():
        # Square panels: the heights follow from the width of 4.8 inches.
        together, apart = 4.95 + 0.17 * len(rows), 1.72 * lines + (0.35 if lines else 0)
        figure = new_figure(4.8, together + apart)
        if lines:
            above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[together, apart]).ravel()
            _together(above, drawn, threshold)
            _apart(below, shown, lines, bootstraps, seed)
        else:
            _together(figure, drawn, threshold)
        save(figure, png, svg, phantom=phantom)


def _together(figure: FigureBase, drawn: Sequence[_Drawn], threshold: float) -> None:
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)), label="Chance: 0.500")
    for method in drawn:
        _draw(axes, method, threshold)
    _frame(axes, np.linspace(0, 1, 6))
    axes.set(xlabel="1 − specificity", ylabel="Sensitivity")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        [*handles[1:], handles[0]], [*labels[1:], labels[0]], loc="outside lower left", frameon=False,
        title=f"AUC [95 % interval]; dot: threshold {threshold:g}", title_fontsize=8.5, alignment="left",
        handlelength=2.6,
    )  # fmt: skip


def _draw(axes: Axes, method: _Drawn, threshold: float) -> None:
    from sklearn.metrics import roc_auc_score  # not at the top: every figure's job would wait a second for it

    if method.failed:
        axes.plot([], [], color=method.colour, linestyle=method.dash, label=f"{method.label}: failed")
        return
    seeds = method.seeds
    curve = mean_curve([_curve(group) for group in seeds])
    area = float(np.mean([roc_auc_score(group["target"], group["score"]) for group in seeds]))
    text = f"{method.label}: {area:.3f}{method.interval} (n = {seeds[0]['case'].nunique()})"
    axes.plot(
        *curve, color=method.colour, linestyle=method.dash, label=text, clip_on=False, solid_joinstyle="miter"
    )  # fmt: skip
    point = np.mean([_operating_point(group, threshold) for group in seeds], axis=0)
    axes.plot(
        *point, marker="o", markersize=5.5, color=method.colour, markeredgecolor="white", linestyle="none", zorder=5
    )


def _apart(figure: FigureBase, shown: Sequence[_Drawn], lines: int, bootstraps: int, seed: int) -> None:
    # Bands of several methods in one panel hide one another.
    figure.suptitle("Each with the 95 % band of a bootstrap of patients", fontsize=8.5, x=0.02, ha="left")
    grid = figure.subplots(lines, BY_ROW, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, method in zip(grid, shown, strict=False):
        seeds = method.seeds
        scores = np.stack([group.sort_values("case")["score"].to_numpy(float) for group in seeds])
        target = seeds[0].sort_values("case")["target"].to_numpy(float)
        low, high = roc_band(target, scores, GRID, samples=bootstraps, seed=seed)
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.7, linestyle=(0, (4, 3)))
        axes.fill_between(GRID, low, high, color=method.colour, alpha=0.22, linewidth=0)
        axes.plot(*mean_curve([_curve(group) for group in seeds]), color=method.colour, linewidth=1.4)
        axes.set_title(method.label, fontsize=8)
        _frame(axes, np.linspace(0, 1, 3))
        axes.tick_params(labelsize=8)
    for place in range(len(shown), len(grid)):
        grid[place].set_axis_off()
        grid[place - BY_ROW].tick_params(labelbottom=True)


def _frame(axes: Axes, ticks: np.ndarray) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", xticks=ticks, yticks=ticks)


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
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(scores["target"], scores["score"], drop_intermediate=False)
    return false, true


def _operating_point(scores: pd.DataFrame, threshold: float) -> tuple[float, float]:
    called = scores["score"] >= threshold
    return called[scores["target"] == 0].mean(), called[scores["target"] == 1].mean()
