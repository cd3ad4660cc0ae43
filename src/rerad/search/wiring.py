"""How the cells of a search space make a network: blocks and the ways between them, in inches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from rerad.core.errors import ReradError
from rerad.core.pictures import text_width

Point = tuple[float, float]
HEIGHT, LANE = 1.25, 0.26  # of the blocks; above and below them, for the ways that pass a block
OFF = 0.3  # of two ways at one side of a block, as a share of its width or height
STEP = 0.17  # between blocks one above the other


@dataclass(frozen=True)
class Block:
    """A part of a network around its centre; ``kind`` is image, cell name or head; upright text reads from below."""

    x: float
    y: float
    width: float
    height: float
    text: str
    kind: str
    upright: bool = True


@dataclass(frozen=True)
class Way:
    """A way from block to block; ``older`` marks the older of a cell's two inputs."""

    points: tuple[Point, ...]
    older: bool = False


@dataclass(frozen=True)
class Wiring:
    """A whole network, ``height`` inches high."""

    height: float
    blocks: tuple[Block, ...]
    ways: tuple[Way, ...]


class Plan(NamedTuple):
    """How a network is drawn; the key ``key`` of its settings says of how many cells, by default of ``cells``."""

    draw: Callable[[float, float, int], Wiring]
    key: str
    cells: int


def wire(space: str, width: float, *, size: float, settings: Mapping[str, Any]) -> Wiring:
    """Return the network of a search space, ``width`` inches wide, with letters of ``size`` points.

    ``settings`` are those of the network, or what is known of them.

    Raises:
        ReradError: no network is known for the space.
    """
    if space not in WIRINGS:
        raise ReradError(
            f"no network is known for the search space {space!r}", where="space", remedy=f"Known: {', '.join(WIRINGS)}"
        )
    plan = WIRINGS[space]
    return plan.draw(width, size, settings.get(plan.key, plan.cells))


def fusion_by_hand(width: float, *, size: float) -> Wiring:
    """Return the fusion that the MM-NAS paper's Fig. 3a names: each image by itself, then a concatenation."""
    em = size / 72
    names = ("convolution", "pooling", "convolution", "pooling")
    image, part = text_width("PET", size) + 1.2 * em, text_width("convolution", size) + 0.8 * em
    thick, height, whole = 2.0 * em, 2.0 * em, text_width("fully connected", size) + 1.2 * em
    gap = (width - image - len(names) * part - 2 * thick) / (len(names) + 3)
    blocks: list[Block] = []
    ways: list[Way] = []
    joint = image + len(names) * (gap + part) + gap + thick / 2
    for index, modality in enumerate(("PET", "CT")):
        y = (0.25 + 0.5 * index) * whole
        row = [Block(image / 2, y, image, height, modality, "image", upright=False)]
        for place, name in enumerate(names):
            x = image + gap + part / 2 + place * (gap + part)
            row.append(Block(x, y, part, height, name, name, upright=False))
        blocks += row
        ways += [Way(_straight(one, other, y)) for one, other in pairwise(row)]
        ways.append(Way(((row[-1].x + part / 2, y), (joint - thick / 2, y))))
    ends = [
        Block(joint + place * (gap + thick), whole / 2, thick, whole, text, "head")
        for place, text in enumerate(("concatenation", "fully connected"))
    ]
    ways += [Way(_straight(ends[0], ends[1], whole / 2)), Way(((ends[1].x + thick / 2, whole / 2), (width, whole / 2)))]
    return Wiring(whole, (*blocks, *ends), tuple(ways))


def _mmnas(width: float, size: float, reductions: int) -> Wiring:
    """Stems of PET and CT → N1; stem of their sum and N1 → R1; N1 and R1 → R2; … (section 2.2 of the MM-NAS paper)."""
    em = size / 72
    names = [("N1 normal", "normal"), *((f"R{n} reduction", "reduction") for n in range(1, reductions + 1))]
    names += [("convolution", "head"), ("convolution", "head"), ("fully connected", "head")]
    stem = text_width("PET + CT stem", size) + 1.2 * em
    step = (width - stem) / (len(names) + 0.4)
    thick = min(2.0 * em, 0.6 * step)
    middle, bottom = LANE + HEIGHT / 2, LANE + HEIGHT
    chain = [
        Block(stem + (place + 0.6) * step, middle, thick, HEIGHT, text, kind)
        for place, (text, kind) in enumerate(names)
    ]
    stems = [
        Block(stem / 2, y, stem, 2.0 * em, f"{name} stem", "image", upright=False)
        for name, y in (("PET", LANE + 0.22 * HEIGHT), ("CT", middle), ("PET + CT", bottom + LANE))
    ]
    normal, first = chain[:2]
    ways = [Way(_straight(one, normal, one.y), older=one is stems[0]) for one in stems[:2]]
    ways += [Way(_straight(one, other, middle)) for one, other in pairwise(chain)]
    entry = first.x - OFF * thick
    ways.append(Way(((stem, bottom + LANE), (entry, bottom + LANE), (entry, bottom)), older=True))
    for place in range(reductions - 1):
        edge, lane = (LANE, 0.0) if place % 2 == 0 else (bottom, bottom + LANE)
        start, end = chain[place].x + OFF * thick, chain[place + 2].x - OFF * thick
        ways.append(Way(((start, edge), (start, lane), (end, lane), (end, edge)), older=True))
    out = chain[-1].x + thick / 2
    ways.append(Way(((out, middle), (width, middle))))
    return Wiring(bottom + LANE + em, (*stems, *chain), tuple(ways))


def _nas3dunet(width: float, size: float, depth: int) -> Wiring:
    """P0 and P1 → D1, P1 and D1 → D2, … down; each upward cell from below and across (Fig. 3 of the paper)."""
    em = size / 72
    high, row = 2.0 * em, 2.0 * em + STEP
    names = ["images", "P0", "P1", *(f"D{n} downward" for n in range(1, depth + 1))]
    ups = [f"U{n} upward" for n in range(1, depth + 2)]
    wide, last = text_width(names[-1], size) + 1.2 * em, text_width("convolution", size) + 1.2 * em
    left, middle = 2 * LANE + wide / 2, width - em - last - 2 * STEP - wide / 2
    kinds = ["image"] * 3 + ["down"] * depth
    down = [
        Block(left, high / 2 + place * row, wide, high, name, kind, upright=False)
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    up = [Block(middle, down[-2 - place].y, wide, high, name, "up", upright=False) for place, name in enumerate(ups)]
    head = Block(middle + wide / 2 + 2 * STEP + last / 2, up[-1].y, last, high, "convolution", "head", upright=False)
    ways = [_along(one, other) for one, other in pairwise(down) if other.text != "P1"]
    for place, (one, other) in enumerate(zip(down, down[2:], strict=False)):
        # Ways that pass a block on two lanes in turn, so that none lies on another.
        lane = left - wide / 2 - LANE * (1 + place % 2) * 0.8
        start, end = one.y + OFF * high, other.y - OFF * high
        side = left - wide / 2
        ways.append(Way(((side, start), (lane, start), (lane, end), (side, end)), older=one.text != "images"))
    ways.append(Way(((left + wide / 2, down[-1].y), (middle, down[-1].y), (middle, up[0].y + high / 2))))
    ways += [_along(one, other) for one, other in pairwise(up)]
    ways += [Way(_straight(one, other, one.y), older=True) for one, other in zip(down[-2:0:-1], up, strict=True)]
    ways += [Way(_straight(up[-1], head, head.y)), Way(((head.x + last / 2, head.y), (width, head.y)))]
    return Wiring(down[-1].y + high / 2, (*down, *up, head), tuple(ways))


def _along(one: Block, other: Block) -> Way:
    """Return the way between two blocks that stand one above the other."""
    sign = 1 if other.y > one.y else -1
    return Way(((one.x, one.y + sign * one.height / 2), (other.x, other.y - sign * other.height / 2)))


def _straight(one: Block, other: Block, y: float) -> tuple[Point, Point]:
    return (one.x + one.width / 2, y), (other.x - other.width / 2, y)


# Where nobody says how many cells: the defaults of the networks.
WIRINGS = {"mmnas": Plan(_mmnas, "reductions", 3), "nas3dunet": Plan(_nas3dunet, "depth", 4)}
