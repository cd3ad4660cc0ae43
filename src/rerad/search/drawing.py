"""Draw cells and networks on axes whose units are inches from the upper left corner."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyBboxPatch

from rerad.core.pictures import COLOURS, INK, SOFT
from rerad.search.layout import LEADING, Box, Layout, Point
from rerad.search.wiring import Wiring

BLUE, VERMILLION, GREEN, PURPLE, SKY, ORANGE, _ = COLOURS
FAMILIES = {  # by what the name of an operation holds; the first that fits
    "squeeze": SKY, "se_": SKY, "skip": SOFT, "identity": SOFT, "pool": ORANGE, "sep": GREEN, "dep": GREEN,
    "dil": PURPLE, "conv": BLUE,
}  # fmt: skip
KINDS = {"image": SOFT, "head": SOFT, "normal": BLUE, "reduction": VERMILLION, "down": BLUE, "up": VERMILLION}
TINT = 0.16
DASHES = (0, (3, 1.5))
LINE, HALO = 1.1, 4.0  # widths in points; of the white under a row where it passes over a line down
DOT = 0.2  # in units of the letters' size


def draw_cell(axes: Axes, layout: Layout, left: float, top: float) -> None:
    """Draw a cell with its upper left corner at a place."""

    def at(point: Point) -> Point:
        return left + point[0], top + point[1]

    for start, end in layout.buses:
        _line(axes, (at(start), at(end)), zorder=1)
    for start, end in layout.rows:
        # A crossing shows as a bridge; the row's own line down, where it begins, stays whole.
        beside = (start[0] + HALO / 72, start[1])
        _line(axes, (at(beside), at(end)), colour="white", width=HALO, zorder=2)
        _line(axes, (at(start), at(end)), zorder=3)
    for start, end in layout.arrows:
        arrow(axes, (at(start), at(end)))
    for x, y in map(at, layout.dots):
        axes.add_patch(Circle((x, y), DOT * layout.size / 72, facecolor=INK, linewidth=0, zorder=5))
    used = {edge.source for edge, _ in layout.labels}
    for place, part in layout.inputs.items():
        box(axes, part, at((part.x, part.y)), layout.size, colour=SOFT, dashed=place not in used)
    for edge, part in layout.labels:
        colour = look(edge.operation)
        box(axes, part, at((part.x, part.y)), layout.size, colour=colour, dashed=edge.operation.startswith("skip"))
    for name, (x, y) in ((name, at(point)) for name, point in layout.nodes.items()):
        axes.add_patch(Circle((x, y), layout.radius, facecolor="white", edgecolor=INK, linewidth=LINE, zorder=4))
        number = name.rpartition(" ")[2]
        axes.text(x, y, number, ha="center", va="center_baseline", fontsize=layout.size, weight="bold", zorder=5)
    if layout.output:
        part = layout.output
        box(axes, part, at((part.x, part.y)), layout.size, colour=SOFT, upright=True)


def draw_network(axes: Axes, wiring: Wiring, left: float, top: float, *, size: float) -> None:
    """Draw a network with its upper left corner at a place."""
    for way in wiring.ways:
        arrow(axes, tuple((left + x, top + y) for x, y in way.points), dashed=way.older)
    for block in wiring.blocks:
        part = Box(block.x, block.y, block.width, block.height, (block.text,))
        colour = KINDS.get(block.kind) or look(block.kind)
        box(axes, part, (left + block.x, top + block.y), size, colour=colour, upright=block.upright)


def look(operation: str) -> str:
    """Return the colour of an operation's family; names that none knows have a neutral one."""
    return next((colour for part, colour in FAMILIES.items() if part in operation), SOFT)


def pale(colour: str) -> tuple[float, ...]:
    """Return a colour mixed with white."""
    return tuple(1 - TINT * (1 - part) for part in to_rgb(colour))


def box(
    axes: Axes, part: Box, centre: Point, size: float, *, colour: str, dashed: bool = False, upright: bool = False
) -> None:
    """Draw a labelled box around a place."""
    x, y = centre
    corner = (x - part.width / 2, y - part.height / 2)
    shape = f"round,pad=0,rounding_size={0.4 * size / 72}"
    axes.add_patch(
        FancyBboxPatch(
            corner, part.width, part.height, boxstyle=shape, facecolor=pale(colour), edgecolor=colour, linewidth=LINE,
            linestyle=DASHES if dashed else "-", zorder=4,
        )
    )  # fmt: skip
    lines = [(text, INK) for text in part.lines] + ([(part.weight, SOFT)] if part.weight else [])
    for index, (text, ink) in enumerate(lines):
        shift = (index - (len(lines) - 1) / 2) * LEADING * size / 72
        axes.text(
            x, y + shift, text, ha="center", va="center" if upright else "center_baseline", fontsize=size, color=ink,
            rotation=90 if upright else 0, zorder=5,
        )  # fmt: skip


def arrow(axes: Axes, points: Sequence[Point], *, dashed: bool = False) -> None:
    """Draw a line through places, with a head at the last one."""
    if len(points) > 2:
        _line(axes, points[:-1], dashed=dashed, zorder=3)
    how = {
        "arrowstyle": "-|>,head_width=0.16,head_length=0.34", "color": INK, "linewidth": LINE, "shrinkA": 0,
        "shrinkB": 0, "linestyle": DASHES if dashed else "-", "joinstyle": "miter",
    }  # fmt: skip
    axes.annotate("", xy=points[-1], xytext=points[-2], arrowprops=how, zorder=3)


def _line(
    axes: Axes,
    points: Sequence[Point],
    *,
    colour: str = INK,
    width: float = LINE,
    dashed: bool = False,
    zorder: float,
) -> None:
    axes.plot(
        *zip(*points, strict=True), color=colour, linewidth=width, linestyle=DASHES if dashed else "-",
        solid_capstyle="butt", solid_joinstyle="miter", zorder=zorder,
    )  # fmt: skip
