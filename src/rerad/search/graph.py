"""A searched architecture as it is drawn: its cells and their edges, checked, whatever form it comes in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerad.core.errors import ReradError

FORMAT = "rerad genotype 1"
INPUTS = ("input 0", "input 1")
REMEDY = "Give a genotype as rerad.models.Genotype writes it"


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
    """Return what a genotype holds: a mapping, an object with ``as_dict``, or a JSON file.

    ``where`` leads in the errors; for a file it is the path.

    Raises:
        ReradError: it cannot be read, a key is missing, or an edge does not lead on to a node of its cell.
    """
    if isinstance(genotype, str | Path):
        where = str(genotype)
        genotype = _read(Path(genotype))
    content = _mapping(genotype, where)
    if content.get("format") != FORMAT:
        raise ReradError(f"the format is {content.get('format')!r}, not {FORMAT!r}", where=where, remedy=REMEDY)
    nodes = tuple(f"node {number}" for number in range(1, 1 + int(_value(content, "nodes", int, where))))
    cells = _value(content, "cells", Mapping, where)
    if not nodes or not cells:
        raise ReradError("there is no node or no cell", where=where, remedy=REMEDY)
    return Architecture(
        space=_value(content, "space", str, where),
        dims=_value(content, "dims", int, where),
        cells=tuple(_cell(name, nodes, edges, f"{where}: cells.{name}") for name, edges in cells.items()),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy=REMEDY) from error


def _mapping(genotype: Any, where: str) -> Mapping[str, Any]:
    if hasattr(genotype, "as_dict"):
        genotype = genotype.as_dict()
    if not isinstance(genotype, Mapping):
        raise ReradError(f"a {type(genotype).__name__} is no genotype", where=where, remedy=REMEDY)
    return genotype


def _value(content: Any, key: str, kind: type, where: str) -> Any:
    value = content.get(key) if isinstance(content, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ReradError(f"{key!r} is {value!r}", where=where, remedy=REMEDY)
    return value


def _cell(name: str, nodes: tuple[str, ...], edges: Any, where: str) -> Cell:
    if not isinstance(edges, list):
        raise ReradError(f"a {type(edges).__name__} is no list of edges", where=where, remedy=REMEDY)
    places = (*INPUTS, *nodes)
    found = [_edge(edge, places, f"{where}.{index}") for index, edge in enumerate(edges)]
    return Cell(name, nodes, tuple(sorted(found, key=lambda e: (places.index(e.target), places.index(e.source)))))


def _edge(edge: Any, places: tuple[str, ...], where: str) -> Edge:
    source, target = (_value(edge, key, str, where) for key in ("from", "to"))
    if target not in places[len(INPUTS) :] or source not in places[: places.index(target)]:
        raise ReradError(
            f"it leads from {source!r} to {target!r}",
            where=where,
            remedy="An edge leads from an input or an earlier node to a node",
        )
    weight = edge.get("weight")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int | float)):
        raise ReradError(f"'weight' is {weight!r}", where=where, remedy="Write a number, or null for a random draw")
    return Edge(source, target, _value(edge, "operation", str, where), None if weight is None else float(weight))
