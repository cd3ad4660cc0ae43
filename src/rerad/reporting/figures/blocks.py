"""A block of equal panels a case, one under the other."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rerad.core.pictures import new_figure

WIDTH = 4.8  # inches


def blocks(
    titles: Sequence[str], labels: Sequence[str], *, by_row: int, aspect: float, foot: float, under: bool = False
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure and, per block of ``titles``, one panel for each of ``labels``.

    ``aspect`` is the height of a panel as a share of its width, ``foot`` the inches left free at the bottom; ``under``
    leaves room for a line under every panel.
    """
    size = WIDTH / by_row
    letters = round(13.5 * size)
    names = [textwrap.fill(label, letters) for label in labels]
    lines = math.ceil(len(labels) / by_row)
    above = 0.14 * max(name.count("\n") + 1 for name in names) + (0.17 if under else 0.0) + 0.06
    height = lines * (size * aspect + above) + 0.26
    figure = new_figure(WIDTH, len(titles) * height + foot, pad=0.03)
    ratios = [*[height] * len(titles), *([foot] if foot else [])]
    parts = figure.subfigures(len(ratios), 1, squeeze=False, height_ratios=ratios).ravel()
    panels = []
    for part, title in zip(parts, titles, strict=False):
        part.suptitle(title, fontsize=9.5, weight="bold")
        grid: Any = part.subplots(lines, by_row, squeeze=False).ravel()
        for axes, name in zip(grid, names, strict=False):
            axes.set_title(name, fontsize=8, pad=3)
            axes.set_box_aspect(aspect)
        for axes in grid[len(labels) :]:
            axes.set_axis_off()
        panels.append(list(grid[: len(labels)]))
    return figure, panels


def footer(figure: Figure) -> Any:
    """Return the free part at the bottom."""
    return figure.subfigs[-1]


def crop(mask: np.ndarray, margin: float = 0.35) -> tuple[slice, slice]:
    """Return the square around a mask (y, x) with ``margin`` of its size on either side, moved into the slice."""
    if not mask.any():
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    ends = [(int(found.min()), int(found.max()) + 1) for found in np.nonzero(mask)]
    size = math.ceil(max(high - low for low, high in ends) * (1 + 2 * margin))
    cuts = []
    for (low, high), length in zip(ends, mask.shape, strict=True):
        start = min(max((low + high - size) // 2, 0), max(length - size, 0))
        cuts.append(slice(start, min(start + size, length)))
    return cuts[0], cuts[1]
