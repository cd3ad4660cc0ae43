"""Pictures of searched architectures: drawings one under the other, each with a heading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rerad.core.pictures import SOFT, new_figure, settle, stamp, style, write
from rerad.search.drawing import draw_cell, draw_network
from rerad.search.graph import INPUTS, Architecture, Cell, architecture
from rerad.search.layout import Layout, lay_out
from rerad.search.wiring import WIRINGS, Wiring, wire

WIDTH, MARGIN = 4.8, 0.12  # inches
INSIDE = WIDTH - 2 * MARGIN
LARGE, SMALL, NETWORK = 7.5, 7.0, 8.0  # letters of a large cell, of a small multiple and of a network, in points
HEADING, NOTE = 0.28, 0.15  # height of a line over a drawing and of one in small letters, in inches
NAMES = {  # of the inputs, where a cell has the same ones everywhere
    ("mmnas", "normal"): ("PET", "CT"),
    ("nas3dunet", "up"): ("across", "newer"),
}
TITLES = {("nas3dunet", "down"): "downward", ("nas3dunet", "up"): "upward"}
ROLES = ("older", "newer")


@dataclass(frozen=True)
class Part:
    """A drawing of some height that knows how to draw itself with its upper left corner at a place."""

    height: float
    draw: Callable[[Axes, float, float], None]


def draw(
    genotype: Any, path: str | Path, *, settings: Mapping[str, Any] = MappingProxyType({}), phantom: bool = False
) -> None:
    """Draw a genotype as PNG or SVG, as the name of the file says: the whole network, then each of its cells.

    ``genotype`` is a ``Genotype``, its content as a mapping, or the path of its JSON file. ``settings`` are those of
    the network (``network`` of the study's entry) and tell how many cells it has; without them its defaults do. Of a
    search space whose network is not known the cells stand alone. ``phantom`` writes that word across the picture.

    Raises:
        ReradError: the genotype does not hold together, or the file's name ends otherwise.

    Example:
        >>> from rerad.search import draw
        >>> draw("genotype.json", "cells.png")  # doctest: +SKIP
    """
    found = architecture(genotype)
    with style():
        figure = compose(whole(found, settings))
        if phantom:
            stamp(figure)
        settle(figure)
        write(figure, Path(path))


def compose(parts: Sequence[Part]) -> Figure:
    """Return a figure with drawings one under the other."""
    height = sum(part.height for part in parts) + 2 * MARGIN
    figure = new_figure(WIDTH, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    top = MARGIN
    for part in parts:
        part.draw(axes, MARGIN, top)
        top += part.height
    return figure


def whole(found: Architecture, settings: Mapping[str, Any]) -> list[Part]:
    """Return the drawings of a network of these settings, where that of the space is known, and of its cells."""
    parts = [drawn for cell in found.cells for drawn in (heading(title_of(found, cell)), large(found, cell))]
    if found.space not in WIRINGS:
        return parts
    wiring = wire(found.space, INSIDE, size=NETWORK, settings=settings)
    return [heading("Network (dashed: the older of a cell's two inputs)"), network(wiring), *parts]


def heading(text: str, size: float = 9) -> Part:
    """Return a line of bold letters."""

    def draw(axes: Axes, left: float, top: float) -> None:
        axes.text(left, top + 0.4 * HEADING, text, ha="left", va="center", fontsize=size, weight="bold")

    return Part(HEADING, draw)


def note(lines: Sequence[str]) -> Part:
    """Return lines of small letters."""

    def draw(axes: Axes, left: float, top: float) -> None:
        for index, line in enumerate(lines):
            axes.text(left, top + (index + 0.5) * NOTE, line, ha="left", va="center", fontsize=7.5, color=SOFT)

    return Part(len(lines) * NOTE, draw)


def absent(text: str, height: float, width: float = INSIDE) -> Part:
    """Return an empty panel with a word that says why."""

    def draw(axes: Axes, left: float, top: float) -> None:
        axes.add_patch(Rectangle((left, top), width, height, facecolor="#eef1f4", linewidth=0))
        axes.text(left + width / 2, top + height / 2, text, ha="center", va="center", fontsize=10, color=SOFT)

    return Part(height + MARGIN, draw)


def network(wiring: Wiring) -> Part:
    """Return the drawing of a network."""

    def draw(axes: Axes, left: float, top: float) -> None:
        draw_network(axes, wiring, left, top, size=NETWORK)

    return Part(wiring.height + MARGIN, draw)


def large(found: Architecture, cell: Cell) -> Part:
    """Return the drawing of a cell across the figure, its inputs named by what they are."""
    roles = NAMES.get((found.space, cell.name), ROLES)
    names = [f"{place}: {role}" for place, role in zip(INPUTS, roles, strict=True)]
    return _cell(lay_out(cell, INSIDE, size=LARGE, names=names))


def small(found: Architecture, cell: Cell, width: float) -> Part:
    """Return the drawing of a cell among many."""
    names = NAMES.get((found.space, cell.name), ROLES)
    return _cell(lay_out(cell, width, size=SMALL, names=names, compact=True))


def _cell(layout: Layout) -> Part:
    def draw(axes: Axes, left: float, top: float) -> None:
        draw_cell(axes, layout, left, top)

    return Part(layout.height + MARGIN, draw)


def beside(parts: Sequence[Part], width: float, gap: float) -> Part:
    """Return drawings of one width side by side, as one."""

    def draw(axes: Axes, left: float, top: float) -> None:
        for index, part in enumerate(parts):
            part.draw(axes, left + index * (width + gap), top)

    return Part(max(part.height for part in parts), draw)


def title_of(found: Architecture, cell: Cell) -> str:
    """Return a cell's name for a heading, as its paper says it."""
    name = TITLES.get((found.space, cell.name), cell.name)
    return f"{name[0].upper()}{name[1:]} cell"
