"""How the cells of a search space make a network: blocks and the ways between them, in inches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from rerad.core.errors import ReradError
from rerad.core.pictures import text_width

Point = tuple[float, float]
REDUCTIONS = 3  # where nobody says how many: the default of the network
HEIGHT, LANE = 1.25, 0.26  # of the blocks; above and below them, for the ways that pass a block
OFF = 0.3  # of two ways at one side of a block, as a share of its width


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


def wire(space: str, width: float, *, size: float, reductions: int) -> Wiring:
    """Return the network of a search space, ``width`` inches wide, with letters of ``size`` points.

    Raises:
        ReradError: no network is known for the space.
    """
    if space not in WIRINGS:
        raise ReradError(
            f"no network is known for the search space {space!r}", where="space", remedy=f"Known: {', '.join(WIRINGS)}"
        )
    return WIRINGS[space](width, size, reductions)


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


def _straight(one: Block, other: Block, y: float) -> tuple[Point, Point]:
    return (one.x + one.width / 2, y), (other.x - other.width / 2, y)


WIRINGS: dict[str, Callable[[float, float, int], Wiring]] = {"mmnas": _mmnas}
