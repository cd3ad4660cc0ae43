"""PET and CT of one patient without and one with metastases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rerad.core.pictures import new_figure, save, style
from rerad.reporting.figures.examples import Example, examples
from rerad.reporting.figures.image import LETTERS, mark_phantom, scale_bar, show, write

ARROW = "#ff3b30"
LENGTH, GAP = 0.2, 0.02  # of the arrow and between its tip and the tumour, as shares of the slice


def plot_scans(
    *,
    cases: Path,
    arrays: Path,
    spacing_mm: float,
    phantom: bool,
    png: Path,
    svg: Path,
    names: Sequence[str] = (),
) -> None:
    """Draw axial PET (left) and CT (right), one row a case, with an arrow at the tumour.

    ``cases`` is cases.csv, ``arrays`` the folder of PET.npy, CT.npy and GTV.npy (cases, z, y, x); ``names`` are the
    cases, or those that ``examples`` chooses.

    Raises:
        ReradError: see ``examples``.
    """
    shown = examples(cases, arrays, names)
    height, width = shown[0].gtv.shape
    with style():
        figure = new_figure(4.8, len(shown) * (2.35 * height / width + 0.3) + 0.05, pad=0.03)
        rows = figure.subfigures(len(shown), 1, squeeze=False).ravel()
        for index, (part, example) in enumerate(zip(rows, shown, strict=True)):
            part.suptitle(example.title, fontsize=9.5, weight="bold")
            panels = part.subplots(1, 2)
            for column, (axes, modality) in enumerate(zip(panels, ("PET", "CT"), strict=True)):
                _panel(axes, example, modality, "abcdefgh"[2 * index + column])
                if phantom:
                    mark_phantom(axes)
            scale_bar(panels[1], spacing_mm, width)
        save(figure, png, svg, phantom=phantom)


def _panel(axes: Axes, example: Example, modality: str, letter: str) -> None:
    show(axes, example.scans[modality], modality, example.limits[modality])
    write(axes, 0.03, 0.97, f"({letter}) {modality}", ha="left", va="top", color=LETTERS[modality])
    if example.gtv.any():
        tip, tail = arrow(example.gtv)
        look = {"arrowstyle": "-|>,head_width=0.28,head_length=0.5", "color": ARROW, "linewidth": 2.2}
        axes.annotate("", xy=tip[::-1], xytext=tail[::-1], arrowprops={**look, "shrinkA": 0, "shrinkB": 0})


def arrow(gtv: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return tip and tail (y, x) of an arrow that comes from outside and ends just before a tumour (y, x).

    Of eight directions it is the one whose tail lies farthest inside the slice; where none lies inside, it comes
    from where the most of it is seen.
    """
    centre = np.argwhere(gtv).mean(axis=0)
    reach = float(max(gtv.shape))
    found = []
    for turn in np.deg2rad([45, 135, 225, 315, 0, 90, 180, 270]):
        step = np.array([-np.sin(turn), np.cos(turn)])
        ahead = (np.argwhere(gtv) - centre) @ step
        beside = np.abs((np.argwhere(gtv) - centre) @ np.array([step[1], -step[0]]))
        edge = float(ahead[beside <= 1.5].max(initial=0.0))  # where the ray from the centre leaves the tumour
        tip, tail = centre + (edge + GAP * reach) * step, centre + (edge + (GAP + LENGTH) * reach) * step
        room = float(min(*tail, *(np.array(gtv.shape) - 1 - tail)))
        found.append((room, tuple(map(float, tip)), tuple(map(float, tail))))
    _, tip, tail = max(found, key=lambda one: one[0])
    return tip, tail  # type: ignore[return-value]
