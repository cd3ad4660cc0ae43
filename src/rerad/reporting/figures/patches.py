"""Auto-fitting patches on the brain of one case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from rerad.core.pictures import new_figure, save, style
from rerad.imaging.patches import starts
from rerad.reporting.figures.gliomas import Glioma, gliomas
from rerad.reporting.figures.image import bare, mark_phantom, show

WIDTH = 4.8  # inches
CUBE = "white"
EDGES = ("#56B4E9", "#F0E442")  # neighbours alternate, so that their overlap is seen
TURNS = ("patches,", "neighbours in two colours")
VIEWS = {"sagittal": ("z", "y"), "axial": ("y", "x")}  # the axes down and across
BELOW = 0.85  # inches for the numbers and the legend
MARGIN = 2  # voxels around everything that is drawn


class Fit(NamedTuple):
    """How patches lie along one axis: their number, overlap, first voxel and step (n, l_o, start of section 2.3)."""

    brain: int
    patch: int
    first: list[int]

    @property
    def overlap(self) -> int:
        """Voxels that two neighbours share."""
        return self.patch - (self.first[1] - self.first[0]) if len(self.first) > 1 else 0

    def told(self, axis: str) -> str:
        """Return the numbers in a line."""
        count = len(self.first)
        step = f", overlap {self.overlap}, step {self.patch - self.overlap}" if count > 1 else ", centred"
        word = "patch" if count == 1 else "patches"
        text = f"{axis}: brain {self.brain}, {count} {word} of {self.patch}{step}, start {self.first[0]}"
        return text.replace("-", "−")


def fit(brain: int, patch: int) -> Fit:
    """Return how patches lie along an axis of a brain cube, in voxels."""
    return Fit(brain, patch, starts(brain, patch))


def plot_patches(
    *, cases: Path, arrays: Path, patch: int, phantom: bool, png: Path, svg: Path, names: Sequence[str] = ()
) -> None:
    """Draw the brain cube and the patches (``patch`` voxels each way) over a sagittal and an axial T1 slice.

    ``cases``, ``arrays`` and ``names`` as in ``plot_modalities``. Under the slices stand, axis by axis, what the
    formulas of section 2.3 give.

    Raises:
        ReradError: see ``gliomas`` and ``starts``.
    """
    one = gliomas(cases, arrays, names)[0]
    fits = {axis: fit(length, patch) for axis, length in zip("zyx", one.labels.shape, strict=True)}
    sides = {view: [_side(fits[axis]) for axis in axes] for view, axes in VIEWS.items()}
    scale = (WIDTH - 0.1) / sum(across[1] - across[0] for _, across in sides.values())
    tall = scale * max(down[1] - down[0] for down, _ in sides.values())
    with style():
        figure = new_figure(WIDTH, tall + 0.35 + BELOW, pad=0.03)
        parts: Any = figure.subfigures(2, 1, height_ratios=[tall + 0.35, BELOW])
        upper, lower = parts
        widths = [across[1] - across[0] for _, across in sides.values()]
        for axes, view in zip(upper.subplots(1, len(VIEWS), width_ratios=widths), VIEWS, strict=True):
            _view(axes, one, view, [fits[axis] for axis in VIEWS[view]])
            if phantom:
                mark_phantom(axes, size=8)
        upper.suptitle(one.title, fontsize=9.5)
        lines = [fits[axis].told(axis) for axis in "zyx"]
        lower.text(0.03, 0.98, "\n".join(lines), va="top", fontsize=8, linespacing=1.5)
        handles = [
            Line2D([], [], color=CUBE, label="brain cube"),
            *(Line2D([], [], color=edge, linestyle="--", label=name) for edge, name in zip(EDGES, TURNS, strict=True)),
        ]
        look: dict[str, Any] = {"facecolor": "black", "labelcolor": "white", "framealpha": 1.0, "columnspacing": 1.2}
        lower.legend(handles=handles, loc="lower center", ncols=3, fontsize=8, **look)
        save(figure, png, svg, phantom=phantom)


def _side(one: Fit) -> tuple[int, int]:
    """Return the first voxel that is drawn along an axis, and the one behind the last."""
    return min(0, one.first[0]) - MARGIN, max(one.brain, one.first[-1] + one.patch) + MARGIN


def _view(axes: Axes, one: Glioma, view: str, fits: Sequence[Fit]) -> None:
    down, across = fits
    show(axes, one.scan("t1", view), "t1", one.limits("t1"))
    axes.set_facecolor("black")
    bare(axes)
    flipped = view != "axial"  # the head is up: the first voxel lies at the bottom
    for row, top in enumerate(down.first):
        for column, left in enumerate(across.first):
            low = down.brain - top - down.patch if flipped else top
            corner = (left - 0.5, low - 0.5)
            look: dict[str, Any] = {"edgecolor": EDGES[(row + column) % 2], "linestyle": (0, (4, 2)), "linewidth": 1.2}
            axes.add_patch(Rectangle(corner, across.patch, down.patch, fill=False, **look))
    axes.add_patch(Rectangle((-0.5, -0.5), across.brain, down.brain, fill=False, edgecolor=CUBE, linewidth=1.4))
    high, wide = (_side(axis) for axis in fits)
    bottom, top = (down.brain - high[0], down.brain - high[1]) if flipped else (high[1], high[0])
    axes.set(xlim=(wide[0] - 0.5, wide[1] - 0.5), ylim=(bottom - 0.5, top - 0.5))
    axes.set_title(f"{view.capitalize()} slice {one.largest('sagittal' if flipped else 'axial')}", fontsize=9, pad=3)
