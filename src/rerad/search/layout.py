"""Where the parts of a drawn cell stand, in inches from its upper left corner.

Nodes go down a staircase from left to right. Every edge has a row of its own, left of the node that it leads to: its
label meets no other. A place sends its output down one line, from which its edges turn off to the right, so a node's
way to the output, to its right, crosses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from rerad.core.pictures import text_width
from rerad.search.graph import INPUTS, Cell, Edge

Point = tuple[float, float]

# In units of the letters' size.
LEADING, PAD_Y = 1.25, 0.3
GAP, BAND = 0.45, 0.75  # between two rows of a node; between the rows of two nodes
BAR, OUT = 2.0, 1.5  # width of the output's bar; from the last node to it, and behind it
SHRINK = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7)
SHORT = {
    "average pooling": "avg", "max pooling": "max", "convolution": "conv", "separable": "sep", "dilated": "dil",
    "transposed": "tr", "squeeze excitation": "se", "identity": "id",
}  # fmt: skip


@dataclass(frozen=True)
class Spaces:
    """Widths in units of the letters' size.

    ``pad`` lies beside a text in its box, ``lead`` between a line down and a label, ``reach`` between a label and its
    node of ``radius``; ``indent`` is that of the newer input's box, ``stem`` lies from a box's left side to its line.
    """

    pad: float
    lead: float
    reach: float
    radius: float
    indent: float
    stem: float


WIDE = Spaces(pad=0.45, lead=1.0, reach=1.45, radius=0.95, indent=1.4, stem=0.9)
TIGHT = Spaces(pad=0.25, lead=0.6, reach=1.15, radius=0.8, indent=1.2, stem=0.6)


@dataclass(frozen=True)
class Box:
    """A rectangle around its centre, with lines of text and a weight under them."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    weight: str = ""

    @property
    def left(self) -> float:
        """Its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class Layout:
    """A drawn cell: boxes of the inputs (by name) and of the edges, nodes, lines; ``size`` is that of its letters."""

    size: float
    height: float
    inputs: Mapping[str, Box]
    labels: Sequence[tuple[Edge, Box]]
    nodes: Mapping[str, Point]
    radius: float
    output: Box | None
    buses: Sequence[tuple[Point, Point]]
    rows: Sequence[tuple[Point, Point]]
    arrows: Sequence[tuple[Point, Point]]
    dots: Sequence[Point]


def lay_out(cell: Cell, width: float, *, size: float, names: Sequence[str] = INPUTS, compact: bool = False) -> Layout:
    """Return the layout of a cell ``width`` inches wide with letters of ``size`` points, smaller where they must be.

    ``names`` stand in the boxes of the inputs. ``compact`` shortens the names of operations (``shortened``) and leaves
    out weights and the output, which is always the concatenation of the nodes.
    """
    spaces = TIGHT if compact else WIDE
    behind = 0.0 if compact else BAR + 2 * OUT
    for factor in SHRINK:
        em = factor * size / 72
        first = (spaces.indent + spaces.stem) * em
        step = (width - (spaces.radius + behind) * em - first) / len(cell.nodes)
        room = step - (spaces.lead + spaces.reach + spaces.radius + 2 * spaces.pad) * em
        texts = [wrapped(_text(edge, compact), room, factor * size) for edge in cell.edges]
        if all(text_width(line, factor * size) <= room for lines in texts for line in lines):
            break
    inputs = _inputs(names, em, spaces)
    columns = {node: first + (index + 1) * step for index, node in enumerate(cell.nodes)}
    weights = ["" if compact or edge.weight is None else f"{edge.weight:.3f}" for edge in cell.edges]
    labels, nodes, bottom = _labels(cell, list(zip(texts, weights, strict=True)), columns, inputs, em, spaces)
    radius = spaces.radius * em
    stems = {name: (box.left + spaces.stem * em, box.y + box.height / 2) for name, box in inputs.items()}
    stems |= {name: (x, y + radius) for name, (x, y) in nodes.items()}
    buses, rows, dots = _wires(labels, stems)
    arrows = [((box.right, box.y), _touch((box.right, box.y), nodes[edge.target], radius)) for edge, box in labels]
    output = None
    if not compact:
        output = _output(nodes, labels, width, em, radius)
        arrows += [((x + radius, y), (output.left, y)) for x, y in nodes.values()]
        arrows.append(((output.right, output.y), (width, output.y)))
    return Layout(factor * size, bottom, inputs, labels, nodes, radius, output, buses, rows, arrows, dots)


def shortened(operation: str) -> str:
    """Return an operation's name with its long words cut, as ``SHORT`` says."""
    for word, short in SHORT.items():
        operation = operation.replace(word, short)
    return operation


def wrapped(text: str, room: float, size: float) -> tuple[str, ...]:
    """Return a text in as few and as even lines as fit into ``room`` inches; a word a line where none do."""
    words = text.split()
    for cuts in range(len(words)):
        found = []
        for places in combinations(range(1, len(words)), cuts):
            lines = tuple(" ".join(words[start:end]) for start, end in pairwise((0, *places, len(words))))
            found.append((max(text_width(line, size) for line in lines), lines))
        widest, best = min(found)
        if widest <= room:
            return best
    return tuple(words)


def _text(edge: Edge, compact: bool) -> str:
    text = edge.operation.replace("_", " ")
    return shortened(text) if compact else text


def _inputs(names: Sequence[str], em: float, spaces: Spaces) -> dict[str, Box]:
    found = {}
    height = (LEADING + 2 * PAD_Y) * em
    for index, (place, name) in enumerate(zip(INPUTS, names, strict=True)):
        width = text_width(name, em * 72) + 2 * WIDE.pad * em
        left, y = index * spaces.indent * em, height / 2 + index * (height + GAP * em)
        found[place] = Box(left + width / 2, y, width, height, (name,))
    return found


def _labels(
    cell: Cell,
    texts: Sequence[tuple[tuple[str, ...], str]],
    columns: Mapping[str, float],
    inputs: Mapping[str, Box],
    em: float,
    spaces: Spaces,
) -> tuple[list[tuple[Edge, Box]], dict[str, Point], float]:
    """Return the label of every edge (name in lines, weight), the centres of the nodes and the lower end of it all."""
    widest = max((text_width(line, em * 72) for lines, _ in texts for line in lines), default=0.0)
    width = widest + 2 * spaces.pad * em
    labels: list[tuple[Edge, Box]] = []
    nodes: dict[str, Point] = {}
    y = max(box.y + box.height / 2 for box in inputs.values()) + BAND * em
    for node, column in columns.items():
        x, top = column - (spaces.radius + spaces.reach) * em - width / 2, y
        for edge, (lines, weight) in zip(cell.edges, texts, strict=True):
            if edge.target == node:
                height = ((len(lines) + bool(weight)) * LEADING + 2 * PAD_Y) * em
                labels.append((edge, Box(x, y + height / 2, width, height, lines, weight)))
                y += height + GAP * em
        y = max(y - GAP * em, top + 2 * spaces.radius * em)
        nodes[node] = (column, (top + y) / 2)
        y += BAND * em
    return labels, nodes, y - BAND * em


def _wires(
    labels: Sequence[tuple[Edge, Box]], stems: Mapping[str, Point]
) -> tuple[list[tuple[Point, Point]], list[tuple[Point, Point]], list[Point]]:
    """Return the lines down from the places, those to the labels, and dots where one turns off another."""
    buses, rows, dots = [], [], []
    for place, (x, start) in stems.items():
        mine = [box for edge, box in labels if edge.source == place]
        rows += [((x, box.y), (box.left, box.y)) for box in mine]
        dots += [(x, box.y) for box in mine[:-1]]
        if mine:
            buses.append(((x, start), (x, mine[-1].y)))
    return buses, rows, dots


def _touch(start: Point, centre: Point, radius: float) -> Point:
    """Return where the way from ``start`` to the centre of a circle meets it."""
    across, down = centre[0] - start[0], centre[1] - start[1]
    share = radius / (across**2 + down**2) ** 0.5
    return centre[0] - share * across, centre[1] - share * down


def _output(
    nodes: Mapping[str, Point], labels: Sequence[tuple[Edge, Box]], width: float, em: float, radius: float
) -> Box:
    """Return the bar that joins the nodes, as high as they and their labels are."""
    ends = [y + sign * radius for _, y in nodes.values() for sign in (-1, 1)]
    ends += [box.y + sign * box.height / 2 for _, box in labels for sign in (-1, 1)]
    top, bottom = min(ends), max(ends)
    texts = ("concatenation of the nodes", "concatenation", "output")
    text = next((text for text in texts if text_width(text, em * 72) < bottom - top - 2 * WIDE.pad * em), "")
    return Box(width - (OUT + BAR / 2) * em, (top + bottom) / 2, BAR * em, bottom - top, (text,))
