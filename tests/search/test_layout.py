"""The parts of a drawn cell meet where they should, and nowhere else."""

from __future__ import annotations

from itertools import combinations

import pytest
from drawn_genotypes import OPERATIONS, drawn_genotype

from rerad.core.pictures import text_width
from rerad.search.graph import Cell, architecture
from rerad.search.layout import Box, Layout, lay_out, shortened, wrapped

UP = ("up dilated convolution", "up squeeze excitation convolution", "identity", "fourier mixing 7")
Rectangle = tuple[float, float, float, float]
SIZES = {False: 4.56, True: 2.2}  # inches of a large cell and of one among many


def cell_of(nodes: int, seed: int, **more: object) -> Cell:
    return architecture(drawn_genotype(seed, nodes=nodes, **more)).cells[0]  # type: ignore[arg-type]


def laid(nodes: int, seed: int, compact: bool, **more: object) -> Layout:
    names = ("PET", "CT") if compact else ("input 0: older", "input 1: newer")
    return lay_out(cell_of(nodes, seed, **more), SIZES[compact], size=7.0, names=names, compact=compact)


def edges_of(box: Box) -> Rectangle:
    return box.left, box.y - box.height / 2, box.right, box.y + box.height / 2


def apart(one: Rectangle, other: Rectangle, slack: float = 1e-9) -> bool:
    return (
        one[2] <= other[0] + slack or other[2] <= one[0] + slack or one[3] <= other[1] + slack
        or other[3] <= one[1] + slack
    )  # fmt: skip


def solid(layout: Layout) -> list[Rectangle]:
    boxes = [edges_of(box) for box in (*layout.inputs.values(), *(box for _, box in layout.labels))]
    boxes += [
        (x - layout.radius, y - layout.radius, x + layout.radius, y + layout.radius) for x, y in layout.nodes.values()
    ]
    return [*boxes, edges_of(layout.output)] if layout.output else boxes


@pytest.mark.parametrize("operations", [OPERATIONS, UP], ids=["mmnas", "others"])
@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_nothing_overlaps(nodes: int, compact: bool, operations: tuple[str, ...]) -> None:
    for seed in range(25):
        layout = laid(nodes, seed, compact, operations=operations, edges=2 + seed % 2)
        parts = solid(layout)
        assert all(apart(one, other) for one, other in combinations(parts, 2))
        assert min(part[0] for part in parts) >= -1e-9
        assert max(part[2] for part in parts) <= SIZES[compact] + 1e-9
        assert max(part[3] for part in parts) <= layout.height + 1e-9
        # A line down, and a row before its label, run through nothing but the box that they leave.
        for (x, top), (_, bottom) in layout.buses:
            assert all(apart((x, top + 1e-6, x, bottom), part) for part in parts)
        for (start, y), (end, _) in layout.rows:
            assert all(apart((start, y, end - 1e-6, y), part) for part in parts)


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_texts_fit_into_their_boxes(nodes: int, compact: bool) -> None:
    for seed in range(25):
        layout = laid(nodes, seed, compact)
        assert layout.size >= 0.7 * 7.0 - 1e-9
        for _, box in layout.labels:
            lines = [*box.lines, box.weight]
            assert max(text_width(line, layout.size) for line in lines) < box.width
            assert len([line for line in lines if line]) * layout.size / 72 < box.height


@pytest.mark.parametrize("compact", [False, True])
def test_every_edge_leads_from_its_source_to_its_node(compact: bool) -> None:
    for seed in range(25):
        layout = laid(4, seed, compact)
        cell = cell_of(4, seed)
        assert [edge for edge, _ in layout.labels] == list(cell.edges)
        assert [x for x, _ in layout.nodes.values()] == sorted(x for x, _ in layout.nodes.values())
        ends = {start: end for start, end in layout.arrows}
        columns = {x: top for (x, top), _ in layout.buses}
        for edge, box in layout.labels:
            # The row of the label begins at the line down from the source, which leaves the source's lower side.
            row = next(row for row in layout.rows if row[1] == (box.left, box.y))
            top = columns[row[0][0]]
            if edge.source in layout.nodes:
                x, y = layout.nodes[edge.source]
                assert (row[0][0], top) == pytest.approx((x, y + layout.radius))
            else:
                left, _, right, bottom = edges_of(layout.inputs[edge.source])
                assert left < row[0][0] < right
                assert top == pytest.approx(bottom)
            x, y = ends[box.right, box.y]
            at = layout.nodes[edge.target]
            assert (x - at[0]) ** 2 + (y - at[1]) ** 2 == pytest.approx(layout.radius**2)


def test_a_dot_marks_where_a_line_goes_on() -> None:
    layout = laid(3, 0, False)
    used: dict[str, int] = {}
    for edge, _ in layout.labels:
        used[edge.source] = used.get(edge.source, 0) + 1
    assert len(layout.buses) == len(used)
    assert len(layout.dots) == sum(number - 1 for number in used.values())


def test_names_are_broken_evenly_and_shortened_by_the_list() -> None:
    room = text_width("pooling 3", 7.0) + 0.01
    assert wrapped("average pooling 3", 9.0, 7.0) == ("average pooling 3",)
    assert wrapped("average pooling 3", room, 7.0) == ("average", "pooling 3")
    assert wrapped("average pooling 3", 0.01, 7.0) == ("average", "pooling", "3")
    assert shortened("average pooling 3") == "avg 3"
    assert shortened("up dilated convolution") == "up dil conv"
    assert shortened("fourier mixing 7") == "fourier mixing 7"


def test_small_cells_of_the_paper_have_one_line_a_label() -> None:
    # The two sizes that the studies ask for: three nodes, and names as MM-NAS has them.
    for seed in range(10):
        layout = laid(3, seed, True)
        assert layout.size == 7.0
        assert all(len(box.lines) == 1 and not box.weight for _, box in layout.labels)
        assert layout.output is None
