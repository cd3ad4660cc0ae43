"""Specification curves: what could have come out, and which answers lead there."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from rerad.core.pictures import COLOURS, INK, LINE, SOFT, WARN, new_figure, save, style
from rerad.reporting.rendering import meaning

WIDTH, HEAD, CURVE, ROW = 7.2, 0.62, 2.2, 0.19  # inches
LETTERS = 24  # as many as a curve is high
OURS, PRINTED = COLOURS[0], COLOURS[1]
ERRORS = ("mae", "mape")  # the only metrics without an upper end


class Curve(NamedTuple):
    """A method's universes (``table``, as multiverse.csv has them), their answers, the printed value and its place."""

    title: str
    table: pd.DataFrame
    answers: Sequence[dict[str, str]]
    printed: float
    where: str


def plot_curves(curves: Sequence[Curve], *, phantom: bool, png: Path, svg: Path) -> None:
    """Draw each method's values in rising order with their 95 % intervals, and below them the answers of each universe.

    The printed value is a line, with the numbers of universes on its sides; a ring is the run's own universe.
    """
    heights = [height for curve in curves for height in (HEAD, CURVE, ROW * len(_lines(curve)) + 0.25)]
    with style():
        figure = new_figure(WIDTH, sum(heights) + 0.2 * len(curves))
        axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        for curve, head, above, below in zip(curves, axes[::3], axes[1::3], axes[2::3], strict=True):
            _write_head(head, curve)
            order = np.argsort(curve.table["value"].to_numpy(float), kind="stable")  # what failed comes last
            _draw_values(above, curve, order)
            _draw_answers(below, curve, order)
        save(figure, png, svg, phantom=phantom)


def _draw_values(axes: Axes, curve: Curve, order: np.ndarray) -> None:
    table = curve.table.iloc[order].reset_index(drop=True)
    values, places = table["value"].to_numpy(float), np.arange(len(table))
    size = float(np.clip(260 / len(table), 2, 5))
    axes.vlines(places, table["low"], table["high"], color=LINE, linewidth=size * 0.6, zorder=1)
    axes.plot(places, values, "o", color=OURS, markersize=size, zorder=3)
    axes.axhline(curve.printed, color=PRINTED, linewidth=1.4, zorder=2)
    own = np.flatnonzero(table["default"] == 1)
    axes.plot(
        own, values[own], "o", markerfacecolor="none", color=INK, markersize=size + 5, markeredgewidth=1.4, zorder=4
    )
    for place in np.flatnonzero(np.isnan(values)):
        axes.axvline(float(place), color=WARN, linewidth=0.8, linestyle=":", zorder=0)
    metric = str(curve.table["metric"].iloc[0])
    if not metric.startswith(ERRORS):  # over three folds Student's interval of an accuracy may reach beyond 1
        axes.set_ylim(top=min(axes.get_ylim()[1], 1.02))
    axes.set(ylabel=textwrap.fill(_called(metric), LETTERS), xticks=[], xlim=(-0.8, len(table) - 0.2))


def _write_head(axes: Axes, curve: Curve) -> None:
    axes.set_axis_off()
    assert axes.figure is not None
    place = blended_transform_factory(axes.figure.transFigure, axes.transAxes)
    look: dict[str, Any] = {
        "transform": place,
        "va": "bottom",
        "in_layout": False,
    }  # the width of the letters moves no curve
    axes.text(0.015, 0.62, curve.title, weight="bold", **look)
    axes.text(0.015, 0.0, summary(curve), fontsize=8.5, color=SOFT, linespacing=1.3, **look)


def summary(curve: Curve) -> str:
    """Say in two lines where the printed value lies among the universes, and where the run's own."""
    values = curve.table["value"].to_numpy(float)
    known, failed = values[~np.isnan(values)], int(np.isnan(values).sum())
    own = float(curve.table.loc[curve.table["default"] == 1, "value"].iloc[0])
    parts = ["ours failed" if np.isnan(own) else f"ours {own:.4g} (ring)"]
    told = f"{curve.where} {curve.printed:.4g} (line)"
    if len(known):
        below, above = int((known < curve.printed).sum()), int((known > curve.printed).sum())
        on = len(known) - below - above
        told += f"; {below} of {len(known)} universes lie below, {above} above" + (f", {on} on it" if on else "")
        parts.append(f"all from {known.min():.4g} to {known.max():.4g}")
    return f"{told}\n" + "; ".join(parts + ([f"{failed} failed"] if failed else []))


def _draw_answers(axes: Axes, curve: Curve, order: np.ndarray) -> None:
    lines = _lines(curve)
    size = float(np.clip(260 / len(order), 1.6, 4.5))
    for height, (question, answer) in enumerate(lines):
        given = np.array([curve.answers[place][question] == answer for place in order])
        axes.plot(
            np.flatnonzero(given), np.full(given.sum(), height), "s", color=INK, markersize=size, markeredgewidth=0
        )
    firsts = [height for height, (question, _) in enumerate(lines) if height and question != lines[height - 1][0]]
    for height in firsts:
        axes.axhline(height - 0.5, color=LINE, linewidth=0.8, zorder=0)
    names = [
        f"{question}:  {answer}" if height in (0, *firsts) else answer
        for height, (question, answer) in enumerate(lines)
    ]
    axes.set_yticks(range(len(lines)), names, fontsize=8)
    axes.set(xticks=[], xlim=(-0.8, len(order) - 0.2), ylim=(len(lines) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _lines(curve: Curve) -> list[tuple[str, str]]:
    """Return every question with every answer, as the study lists them."""
    return list(dict.fromkeys((question, own[question]) for question in curve.answers[0] for own in curve.answers))


def _called(metric: str) -> str:
    name, _, tissue = metric.partition("_")
    full = meaning(metric) if meaning(metric) != metric else meaning(name) + (f", {tissue}" if tissue else "")
    return full[0].upper() + full[1:]
