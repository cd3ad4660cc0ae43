"""A searched architecture as it is drawn: its cells and their edges, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerad.core.errors import ReradError
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.space import INPUTS, state_name


@dataclass(frozen=True)
class Edge:
    """An operation between two places of a cell; ``weight`` is None where it was drawn by chance."""

    source: str
    target: str
    operation: str
    weight: float | None


@dataclass(frozen=True)
class Cell:
    """Inputs, ``nodes`` in their order and the edges, sorted by the node that they lead to and where they come from."""

    name: str
    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The inputs, older first, and the nodes."""
        return (*INPUTS, *self.nodes)


@dataclass(frozen=True)
class Architecture:
    """What a search found: ``space`` names the paper's search space, ``cells`` are in the genotype's order."""

    space: str
    dims: int
    cells: tuple[Cell, ...]

    def cell(self, name: str) -> Cell:
        """Return a cell by its name.

        Raises:
            ReradError: there is none.
        """
        for cell in self.cells:
            if cell.name == name:
                return cell
        known = ", ".join(cell.name for cell in self.cells)
        raise ReradError(f"there is no cell {name!r}", where=f"genotype of {self.space}", remedy=f"It has: {known}")


def architecture(genotype: Any, where: str = "genotype") -> Architecture:
    """Return what a genotype holds: a ``Genotype``, its content as a mapping, or its JSON file.

    ``where`` leads in the errors; for a file it is the path.

    Raises:
        ReradError: see ``Genotype``.
    """
    if isinstance(genotype, str | Path):
        genotype = Genotype.load(genotype)
    elif not isinstance(genotype, Genotype):
        genotype = Genotype.from_dict(genotype, where=where)
    nodes = tuple(state_name(len(INPUTS) + number) for number in range(genotype.nodes))
    cells = tuple(Cell(name, nodes, _edges(edges)) for name, edges in genotype.cells.items())
    return Architecture(genotype.space, genotype.dims, cells)


def _edges(chosen: Iterable[Chosen]) -> tuple[Edge, ...]:
    return tuple(
        Edge(state_name(edge.source), state_name(edge.target), edge.operation, edge.weight)
        for edge in sorted(chosen, key=lambda edge: (edge.target, edge.source))
    )
