"""Networks are wired as section 2.2 of the MM-NAS paper and Fig. 3 of NAS-3D-U-Net say."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from rerad.core.errors import ReradError
from rerad.search.wiring import Block, Wiring, fusion_by_hand, wire

SIZE = 8.0
Stretch = tuple[tuple[float, float], tuple[float, float]]


def inside(block: Block, point: tuple[float, float], slack: float) -> bool:
    x, y = point
    return abs(x - block.x) < block.width / 2 + slack and abs(y - block.y) < block.height / 2 + slack


def at(wiring: Wiring, point: tuple[float, float]) -> str:
    """The block at whose side a point lies; nothing for the way out."""
    found = [block.text for block in wiring.blocks if inside(block, point, 1e-6)]
    assert len(found) <= 1
    return found[0] if found else ""


def links(wiring: Wiring) -> list[tuple[str, str, bool]]:
    return [(at(wiring, way.points[0]), at(wiring, way.points[-1]), way.older) for way in wiring.ways]


def test_mmnas_as_the_paper_wires_it() -> None:
    wiring = wire("mmnas", 4.5, size=SIZE, settings={"reductions": 3})
    found = links(wiring)
    inputs = {
        "N1 normal": ("PET stem", "CT stem"),
        "R1 reduction": ("PET + CT stem", "N1 normal"),
        "R2 reduction": ("N1 normal", "R1 reduction"),
        "R3 reduction": ("R1 reduction", "R2 reduction"),
    }
    for cell, (older, newer) in inputs.items():
        assert sorted(link for link in found if link[1] == cell) == sorted([(older, cell, True), (newer, cell, False)])
    head = [link for link in found if link[1] not in inputs]
    assert head == [
        ("R3 reduction", "convolution", False),
        ("convolution", "convolution", False),
        ("convolution", "fully connected", False),
        ("fully connected", "", False),
    ]


def test_nas3dunet_as_the_paper_wires_it() -> None:
    wiring = wire("nas3dunet", 4.5, size=SIZE, settings={})
    found = links(wiring)
    inputs = {  # Fig. 3
        "D1 downward": ("P0", "P1"),
        "D2 downward": ("P1", "D1 downward"),
        "D3 downward": ("D1 downward", "D2 downward"),
        "D4 downward": ("D2 downward", "D3 downward"),
        "U1 upward": ("D3 downward", "D4 downward"),
        "U2 upward": ("D2 downward", "U1 upward"),
        "U3 upward": ("D1 downward", "U2 upward"),
        "U4 upward": ("P1", "U3 upward"),
        "U5 upward": ("P0", "U4 upward"),
    }
    for cell, (older, newer) in inputs.items():
        assert sorted(link for link in found if link[1] == cell) == sorted([(older, cell, True), (newer, cell, False)])
    assert sorted(link for link in found if link[1] not in inputs) == [
        ("U5 upward", "convolution", False),
        ("convolution", "", False),
        ("images", "P0", False),
        ("images", "P1", False),
    ]
    rows = {block.text: round(block.y, 6) for block in wiring.blocks}
    assert all(rows[older] == rows[cell] for cell, (older, _) in inputs.items() if cell.startswith("U"))


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("space", "key", "text"), [("mmnas", "reductions", "reduction"), ("nas3dunet", "depth", "downward")]
)
def test_ways_and_blocks_keep_apart(space: str, key: str, text: str, cells: int) -> None:
    wiring = wire(space, 4.5, size=SIZE, settings={key: cells})
    assert sum(text in block.text for block in wiring.blocks) == cells
    for block in wiring.blocks:
        assert block.x - block.width / 2 >= 0
        assert block.x + block.width / 2 <= 4.5
        assert block.y + block.height / 2 <= wiring.height
        for other in wiring.blocks:
            reach = (block.width + other.width) / 2, (block.height + other.height) / 2
            assert block is other or abs(block.x - other.x) > reach[0] or abs(block.y - other.y) > reach[1]
    stretches = [stretch for way in wiring.ways for stretch in pairwise(way.points)]
    for (x0, y0), (x1, y1) in stretches:
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        assert not any(inside(block, middle, -1e-6) for block in wiring.blocks)
    for one, other in combinations(stretches, 2):
        assert not overlap(one, other)


def overlap(one: Stretch, other: Stretch) -> bool:
    """Tell whether two stretches along the axes run on one line and share more than a point."""
    for axis in (0, 1):
        level = {round(point[1 - axis], 6) for point in (*one, *other)}
        (start, end), (begin, stop) = (sorted(point[axis] for point in stretch) for stretch in (one, other))
        if len(level) == 1 and min(end, stop) - max(start, begin) > 1e-6:
            return True
    return False


def test_fusion_by_hand_joins_what_was_apart() -> None:
    found = links(fusion_by_hand(4.5, size=SIZE))
    assert [link[:2] for link in found if link[1] == "concatenation"] == [("pooling", "concatenation")] * 2
    assert ("concatenation", "fully connected", False) in found
    assert {link[0] for link in found if link[0] in ("PET", "CT")} == {"PET", "CT"}


def test_a_space_that_nobody_wired() -> None:
    with pytest.raises(ReradError, match=r"no network is known for the search space 'else'.*Known: mmnas, nas3dunet"):
        wire("else", 4.5, size=SIZE, settings={})
