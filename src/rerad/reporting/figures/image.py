"""Slices of scans: their grey values, contours, letters and scale."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from rerad.core.pictures import INK, PHANTOM, SOFT

CONTOUR = {"PET": "#D55E00", "CT": "#56B4E9"}
REGION = {"WT": "#56B4E9", "TC": "#D55E00", "ET": "#F0E442"}  # of a glioma
TISSUE = {"fatty": "#56B4E9", "glandular": "#F0E442", "lesion": "#D55E00"}  # of a breast
GREYS = {"PET": "gray_r", "CT": "gray", **dict.fromkeys(("t1", "t1ce", "t2", "flair", "MR"), "gray")}
ORANGE = "#ffb36b"  # of the word PHANTOM
LETTERS = {"PET": INK, "CT": "white"}
TRUTH = {1: "distant metastases", 0: "no metastases"}


def array(arrays: Path, name: str, row: int) -> np.ndarray:
    """Return one case (z, y, x) of ``<arrays>/<name>.npy`` (cases, z, y, x)."""
    return np.asarray(np.load(arrays / f"{name}.npy", mmap_mode="r")[row])


def window(scan: np.ndarray, modality: str, gtv: np.ndarray) -> tuple[float, float]:
    """Return the values that are drawn as the two ends of the grey scale.

    PET: bright organs such as the bladder must not turn the tumour grey. Padding is part of neither range.
    """
    inside = scan[scan != 0] if (scan != 0).any() else scan
    if modality == "PET":
        low = float(np.percentile(inside, 1))
        top = float(np.percentile(scan[gtv], 99)) if gtv.any() else float(np.percentile(inside, 99.5))
        return low, max(top, low + 1e-6)
    low, top = (float(value) for value in np.percentile(inside, [1, 99.5]))
    return low, max(top, low + 1e-6)


def show(
    axes: Axes,
    image: np.ndarray,
    modality: str,
    limits: tuple[float, float],
    origin: Literal["upper", "lower"] = "upper",
) -> None:
    """Draw a slice in its grey scale, without a frame."""
    axes.imshow(
        image, cmap=GREYS[modality], vmin=limits[0], vmax=limits[1], origin=origin, interpolation="nearest"
    )  # fmt: skip
    bare(axes)


def outline(axes: Axes, mask: np.ndarray, colour: str, width: float = 1.4) -> None:
    """Draw the contour of a mask, if it has one."""
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), levels=[0.5], colors=[colour], linewidths=width)


def bare(axes: Axes) -> None:
    """Remove ticks and frame."""
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)


def absent(axes: Axes, text: str, size: float = 14) -> None:
    """Fill a panel that has nothing to show with a word that says why."""
    bare(axes)
    axes.set_facecolor("#eef1f4")
    axes.text(0.5, 0.5, text, ha="center", va="center", color=SOFT, fontsize=size, transform=axes.transAxes)


def write(
    axes: Axes, x: float, y: float, text: str, *, ha: str, va: str, color: str = "white", size: float = 9
) -> None:
    """Write at a place (shares of the panel) in letters that are read on bright and dark."""
    halo = "white" if color == INK else "black"
    axes.text(
        x, y, text, transform=axes.transAxes, ha=ha, va=va, color=color, fontsize=size, weight="bold",
        path_effects=[withStroke(linewidth=2.2, foreground=halo)],
    )  # fmt: skip


def mark_phantom(axes: Axes, size: float = 11) -> None:
    """Write PHANTOM into the corner of a slice, where the stamp across the figure is lost on the image."""
    write(axes, 0.03, 0.03, PHANTOM, size=size, ha="left", va="bottom", color=ORANGE)


def scale_bar(axes: Axes, spacing_mm: float, width: int, length_mm: float = 50.0) -> None:
    """Draw the length of ``length_mm`` into the lower right corner of a slice ``width`` voxels wide, if it has room."""
    share = length_mm / spacing_mm / width
    if share > 0.65:
        return
    for colour, thick in (("black", 4.5), ("white", 2.5)):
        axes.plot(
            [0.95 - share, 0.95], [0.06, 0.06], color=colour, linewidth=thick, solid_capstyle="butt",
            transform=axes.transAxes,
        )  # fmt: skip
    write(axes, 0.95 - share / 2, 0.08, f"{length_mm:g} mm", ha="center", va="bottom", size=8)
