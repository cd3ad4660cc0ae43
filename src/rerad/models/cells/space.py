"""What a search may choose from, as data: the kinds of cells, their edges and the operations on each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

INPUTS = ("input 0", "input 1")
NODE = "node"
ZERO, SKIP = "zero", "skip"
IDENTITY = "identity"  # normalisation alone, with the ReLU where that comes after it
KEEP, DOWN, UP = "", "down", "up"  # what an operation does to the sides of a map


class Edge(NamedTuple):
    """An edge between two states of a cell: 0 and 1 are its inputs (older, newer), 2 and on its nodes."""

    source: int
    target: int
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Space:
    """A search space.

    ``cells``: kind of cell → where an edge begins (``input 0``, ``input 1``, ``node``) → its candidate operations.
    A derived cell keeps ``keep`` edges a node, those with the largest weight, which with ``relative`` counts in units
    of the mean over the edge's operations: sets of different sizes then compare.
    """

    name: str
    dims: int
    nodes: int
    cells: Mapping[str, Mapping[str, tuple[str, ...]]]
    keep: int = 2
    relative: bool = False

    def edges(self, cell: str) -> list[Edge]:
        """Return all edges of a kind of cell, node by node, those from older states first."""
        by_source = self.cells[cell]
        return [
            Edge(source, target, by_source[INPUTS[source] if source < len(INPUTS) else NODE])
            for target in range(len(INPUTS), len(INPUTS) + self.nodes)
            for source in range(target)
        ]


def state_name(state: int) -> str:
    """Return the name of a state: input 0, input 1, node 1, …"""
    return INPUTS[state] if state < len(INPUTS) else f"{NODE} {state - len(INPUTS) + 1}"


def state_number(name: str) -> int:
    """Return the state of a name.

    Raises:
        ValueError: it is none.
    """
    if name in INPUTS:
        return INPUTS.index(name)
    kind, _, number = name.partition(" ")
    if kind != NODE or not number.isdecimal() or int(number) < 1:
        raise ValueError(f"{name!r} is no input and no node")
    return len(INPUTS) + int(number) - 1
