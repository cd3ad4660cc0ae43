"""One look for every figure, and files that are the same byte for byte."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

from rerad.core.files import atomic

PHANTOM = "PHANTOM"
INK, SOFT, LINE, WARN = "#1d2329", "#5a646e", "#d9dee3", "#a13d00"
# Okabe and Ito (2008): told apart with every common kind of colour vision; yellow left out, it is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (1, 1)))
# Widths of 4 to 5 inches with 9 to 10 point letters stay readable when a figure is shown 400 pixels wide.
SETTINGS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 8.5,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "rerad",
    "path.simplify": False,
}
DPI = 200


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw in the house style inside the block, whatever the user's own matplotlib settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield


def new_figure(width: float, height: float, *, pad: float = 0.05) -> Figure:
    """Return an empty figure, in inches, that belongs to no window system; ``pad`` inches lie around its axes."""
    engine = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=0.01, hspace=0.01)
    figure = Figure(figsize=(width, height), facecolor="white", layout=engine)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, png: Path, svg: Path, *, phantom: bool) -> None:
    """Write a figure as PNG and SVG, without dates; a phantom's carries the word PHANTOM inside."""
    if phantom:
        stamp(figure)
    settle(figure)
    with atomic(png) as part:
        figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None})
    with atomic(svg) as part:
        figure.savefig(part, format="svg", metadata={"Date": None, "Creator": None})


def settle(figure: Figure) -> None:
    """Lay a figure out once and keep the axes where they came to stand, to a millionth of the figure.

    The solver of the constrained layout walks its constraints in the order of their addresses in memory: two runs
    differ in the last bits, and an SVG names its clip paths after all of them.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in _with_subfigures(figure):
        if isinstance(part, SubFigure):
            part.bbox_relative.p0 = part.bbox_relative.p0.round(6)
            part.bbox_relative.p1 = part.bbox_relative.p1.round(6)
    for axes in figure.get_axes():
        axes.set_position(Bbox(axes.get_position(original=True).get_points().round(6)), which="original")


def _with_subfigures(figure: FigureBase) -> Iterator[FigureBase]:
    yield figure
    for part in figure.subfigs:
        yield from _with_subfigures(part)


def stamp(figure: Figure) -> None:
    """Write PHANTOM across a figure, over everything else and readable when the picture is small."""
    figure.text(
        0.5, 0.5, PHANTOM, ha="center", va="center", rotation=30, fontsize=44, weight="bold", color=WARN, alpha=0.13,
        zorder=100,
    )  # fmt: skip
