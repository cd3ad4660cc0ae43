"""One picture a case, to see that scan, tumour contour and box belong together."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from rerad.core.errors import ReradError
from rerad.core.files import atomic_folder
from rerad.core.parallel import map_cases
from rerad.reporting.figures.style import PHANTOM, SOFT, new_figure, style

log = logging.getLogger(__name__)
DPI = 110
CONTOUR = {"PET": "#D55E00", "CT": "#56B4E9"}
TRUTH = {1: "distant metastases", 0: "no metastases"}


def picture_cases(
    cases: Path, arrays: Path, folder: Path, *, spacing_mm: float, phantom: bool, workers: int
) -> list[ReradError]:
    """Write ``<case>.png`` of every row of ``cases.csv``: PET and CT with the GTV contour, axial and coronal.

    ``arrays`` holds PET.npy, CT.npy, GTV.npy of shape (cases, z, y, x). The folder appears whole. A case that cannot
    be drawn is logged and returned as an error; the others finish.
    """
    table = pd.read_csv(cases, dtype={"case": str}).sort_values("case")
    with atomic_folder(folder) as part:
        draw = functools.partial(picture_case, arrays=arrays, part=part, spacing_mm=spacing_mm, phantom=phantom)
        results = map_cases(draw, table.to_dict("records"), workers=workers, label="quality pictures")
    errors = [result for result in results if isinstance(result, ReradError)]
    for error in errors:
        log.warning("no quality picture: %s", error)
    return errors


def picture_case(case: Mapping[str, Any], *, arrays: Path, part: Path, spacing_mm: float, phantom: bool) -> None:
    """Draw one row of ``cases.csv`` into ``<part>/<case>.png``.

    The axial slice is the one with the largest GTV area, the coronal one likewise.
    """
    row = int(case["row"])
    gtv = _array(arrays / "GTV.npy", row) > 0
    axial, coronal = (int(np.argmax(gtv.sum(axis=axes))) for axes in ((1, 2), (0, 2)))
    scans = {"PET": _array(arrays / "PET.npy", row)}
    if int(case["has_ct"]):
        scans["CT"] = _array(arrays / "CT.npy", row)
    depth, height, width = gtv.shape
    with style():
        figure = new_figure(5.0, 5.0 * (depth + height) / (2 * width) + 0.55, pad=0.02)
        grid = figure.subplots(2, 2, height_ratios=[height, depth], squeeze=False)
        for column, modality in enumerate(("PET", "CT")):
            scan = scans.get(modality)
            if scan is None:
                _absent(grid[:, column])
                continue
            limits = _window(scan, modality, gtv)
            _panel(grid[0, column], scan[axial], gtv[axial], modality, limits, "upper")
            _panel(grid[1, column], scan[:, coronal], gtv[:, coronal], modality, limits, "lower")
        _labels(grid, scans, axial, coronal)
        _scale_bar(grid[1, 0], spacing_mm, gtv.shape)
        figure.suptitle(_title(case, gtv, spacing_mm), fontsize=10, weight="bold")
        if phantom:
            for axes in grid.ravel():
                _write(axes, 0.03, 0.03, PHANTOM, size=11, ha="left", va="bottom", color="#ffb36b")
        figure.savefig(part / f"{case['case']}.png", format="png", dpi=DPI, metadata={"Software": None})


def _array(path: Path, row: int) -> np.ndarray:
    return np.asarray(np.load(path, mmap_mode="r")[row])


def _window(scan: np.ndarray, modality: str, gtv: np.ndarray) -> tuple[float, float]:
    # PET: bright organs such as the bladder must not turn the tumour grey. Padding is part of neither range.
    inside = scan[scan != 0] if (scan != 0).any() else scan
    if modality == "PET":
        low = float(np.percentile(inside, 1))
        top = float(np.percentile(scan[gtv], 99)) if gtv.any() else float(np.percentile(inside, 99.5))
        return low, max(top, low + 1e-6)
    low, top = (float(value) for value in np.percentile(inside, [1, 99.5]))
    return low, max(top, low + 1e-6)


def _panel(
    axes: Axes,
    image: np.ndarray,
    mask: np.ndarray,
    modality: str,
    limits: tuple[float, float],
    origin: Literal["upper", "lower"],
) -> None:
    colours = "gray_r" if modality == "PET" else "gray"
    axes.imshow(image, cmap=colours, vmin=limits[0], vmax=limits[1], origin=origin, interpolation="nearest")
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), levels=[0.5], colors=[CONTOUR[modality]], linewidths=1.4)
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)


def _absent(column: np.ndarray) -> None:
    for axes in column:
        axes.set(xticks=[], yticks=[], facecolor="#eef1f4")
        for side in axes.spines.values():
            side.set_visible(False)
        axes.text(0.5, 0.5, "no CT", ha="center", va="center", color=SOFT, fontsize=14, transform=axes.transAxes)


def _labels(grid: np.ndarray, scans: Mapping[str, np.ndarray], axial: int, coronal: int) -> None:
    for column, modality in enumerate(("PET", "CT")):
        if modality in scans:
            _write(grid[0, column], 0.03, 0.97, f"{modality} · axial {axial}", ha="left", va="top")
            _write(grid[1, column], 0.03, 0.97, f"{modality} · coronal {coronal}", ha="left", va="top")


def _write(
    axes: Axes, x: float, y: float, text: str, *, ha: str, va: str, color: str = "white", size: float = 9
) -> None:
    axes.text(
        x, y, text, transform=axes.transAxes, ha=ha, va=va, color=color, fontsize=size, weight="bold",
        path_effects=[withStroke(linewidth=2.2, foreground="black")],
    )  # fmt: skip


def _scale_bar(axes: Axes, spacing_mm: float, shape: tuple[int, ...], length_mm: float = 50.0) -> None:
    depth, _, width = shape
    end = 0.95 * width
    start, height = end - length_mm / spacing_mm, 0.06 * depth
    if start < 0.3 * width:
        return
    axes.plot([start, end], [height, height], color="black", linewidth=4.5, solid_capstyle="butt")
    axes.plot([start, end], [height, height], color="white", linewidth=2.5, solid_capstyle="butt")
    place = ((start + end) / 2 + 0.5) / width, (height + 0.02 * depth) / depth
    _write(axes, *place, f"{length_mm:g} mm", ha="center", va="bottom", size=8)


def _title(case: Mapping[str, Any], gtv: np.ndarray, spacing_mm: float) -> str:
    volume = gtv.sum() * spacing_mm**3 / 1000
    status = TRUTH[int(case["target"])] if int(case["included"]) else "excluded"
    return f"{case['case']} · {status} · GTV {volume:,.0f} ml".replace(",", " ")
