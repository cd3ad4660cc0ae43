"""Input, exact and synthesised texture map of one case a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from rerad.cohorts.breast.groups import GROUPS
from rerad.cohorts.breast.labels import TISSUES
from rerad.core.pictures import new_figure, save, style
from rerad.reporting.figures.image import TISSUE, absent, bare, mark_phantom, outline, scale_bar, show, window, write
from rerad.reporting.synthesised import Shown, one_a_group, read_shown

WIDTH = 7.2  # inches
MAP = "viridis"  # even to the eye, and in grey
PLANES = ("axial", "coronal", "sagittal")


def plot_synthesis(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    cases: Path,
    phantom: bool,
    png: Path,
    svg: Path,
) -> None:
    """Draw, a line a group, the grey levels of a slice and its exact and synthesised entropy on one scale.

    Of ``rows`` the first is drawn; ``predictions`` lead from the trained id to files beside which the artefacts lie.
    ``cases`` is cases.csv. See ``one_a_group`` for the case, and the slice is that with the largest lesion.
    """
    row = rows[0]
    found = one_a_group(read_shown(predictions[row.get("trained", row["method"])]), cases, GROUPS)
    titles = ("Input, grey levels", "Exact GLCM entropy", f"{row['label']}, synthesised")
    with style():
        shapes = [_picture(one, "levels").shape for _, one in found]
        ratios = [_aspect(one) * shape[0] / shape[1] for (_, one), shape in zip(found, shapes, strict=True)] or [0.7]
        figure = new_figure(WIDTH, sum(ratios) * WIDTH / 3.1 + 0.2 * len(ratios) + 1.2, pad=0.03)
        grid = figure.subplots(len(ratios), 3, squeeze=False, height_ratios=ratios)
        for axes, title in zip(grid[0], titles, strict=True):
            axes.set_title(title, fontsize=9.5, weight="bold", pad=5)
        drawn = [_line(line, *known, phantom=phantom) for line, known in zip(grid, found, strict=False)]
        if not found:
            for axes in grid[0]:
                absent(axes, "failed")
        else:
            bar = figure.colorbar(drawn[0], ax=grid.ravel().tolist(), location="bottom", fraction=0.04, aspect=60)
            bar.set_label("entropy, bits", fontsize=9)
            _align([image for axes in grid[:, 1:].ravel() for image in axes.get_images()])
            handles = [Line2D([], [], color=TISSUE[name], label=name) for name in TISSUES]
            figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, columnspacing=1.2)
        save(figure, png, svg, phantom=phantom)


def _picture(one: Shown, name: str) -> np.ndarray:
    """Return a slice as a picture: axial ones with the front up, others with the head up."""
    image: np.ndarray = getattr(one, name)
    return image if one.axis == 0 else image[::-1]


def _aspect(one: Shown) -> float:
    """Return how much taller than wide a pixel is."""
    return one.spacing[0] / one.spacing[1]


def _line(line: Sequence[Axes], group: str, one: Shown, *, phantom: bool) -> AxesImage:
    """Draw a case and return the picture of its exact map."""
    levels, tissues = _picture(one, "levels"), _picture(one, "tissues")
    show(line[0], levels, "MR", window(levels.astype(float), "MR", tissues > 0))
    for axes, name in zip(line[1:], ("exact", "synthesised"), strict=True):
        axes.imshow(_picture(one, name), cmap=MAP, interpolation="nearest")
        axes.set_facecolor("#eef1f4")
        bare(axes)
    for axes in line:
        axes.set_aspect(_aspect(one))
        for name, value in TISSUES.items():
            outline(axes, tissues == value, TISSUE[name], 0.7 if axes is line[0] else 0.5)
        if phantom:
            mark_phantom(axes, size=8)
    line[0].set_ylabel(group.capitalize() or "Group unknown", fontsize=9.5, weight="bold")
    write(line[0], 0.03, 0.97, f"{one.case}, {PLANES[one.axis]} {one.place}", ha="left", va="top", size=7.5)
    scale_bar(line[0], one.spacing[1], levels.shape[1])
    return line[1].get_images()[0]


def _align(maps: Sequence[AxesImage]) -> None:
    """Give all maps one scale: from the least to the most that a pixel of any of them has."""
    values = [np.asarray(image.get_array()) for image in maps]
    low, top = min(float(np.nanmin(part)) for part in values), max(float(np.nanmax(part)) for part in values)
    for image in maps:
        image.set_clim(low, max(top, low + 1e-6))
