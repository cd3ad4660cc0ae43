"""A found architecture, as a person can read it and a program check it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rerad.core.errors import ConfigError, ReradError
from rerad.core.files import write_json
from rerad.models.cells.space import INPUTS, SKIP, Space, state_name, state_number

FORMAT = "rerad genotype 1"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["format", "space", "dims", "nodes", "cells"],
    "properties": {
        "format": {"const": FORMAT},
        "space": {"type": "string"},
        "dims": {"enum": [2, 3]},
        "nodes": {"type": "integer", "minimum": 1},
        "cells": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["from", "to", "operation", "weight"],
                    "properties": {
                        "from": {"type": "string"},
                        "to": {"type": "string"},
                        "operation": {"type": "string", "minLength": 1},
                        "weight": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
                    },
                },
            },
        },
    },
}


class Chosen(NamedTuple):
    """An edge of a found cell between two states (see :class:`~rerad.models.cells.space.Edge`).

    ``weight``: of the operation among the candidates at the derivation; None where it was drawn by lot.
    """

    source: int
    target: int
    operation: str
    weight: float | None = None


@dataclass(frozen=True)
class Genotype:
    """The cells of a network: from one or two dimensions' search space, with ``nodes`` nodes each.

    Example: ``Genotype.load("genotype.json").cells["normal"][0].operation``
    """

    space: str
    dims: int
    nodes: int
    cells: Mapping[str, tuple[Chosen, ...]]

    @classmethod
    def load(cls, path: str | Path) -> Genotype:
        """Read a genotype.

        Raises:
            ReradError: the file cannot be read or is no genotype; it names file and key.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ReradError(f"cannot be read as JSON ({error})", where=str(path), remedy=_REMEDY) from error
        return cls.from_dict(content, where=str(path))

    @classmethod
    def from_dict(cls, content: Any, *, where: str) -> Genotype:
        """Return the genotype of its plain form; ``where`` is told in errors.

        Raises:
            ReradError: it is no genotype; it names the key.
        """
        _check_form(content, where)
        cells = {}
        for cell, edges in content["cells"].items():
            cells[cell] = tuple(_edge(edge, f"{where}: cells.{cell}[{i}]") for i, edge in enumerate(edges))
            _check_cell(cells[cell], content["nodes"], f"{where}: cells.{cell}")
        return cls(content["space"], content["dims"], content["nodes"], cells)

    def save(self, path: str | Path) -> None:
        """Write the genotype as JSON."""
        write_json(path, self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Return the genotype's plain form."""
        cells = {
            cell: [
                {"from": state_name(e.source), "to": state_name(e.target), "operation": e.operation, "weight": e.weight}
                for e in edges
            ]
            for cell, edges in self.cells.items()
        }
        return {"format": FORMAT, "space": self.space, "dims": self.dims, "nodes": self.nodes, "cells": cells}

    @property
    def structure(self) -> str:
        """Return a text that two genotypes share if and only if they build the same network."""
        cells = {cell: sorted(edge[:3] for edge in edges) for cell, edges in self.cells.items()}
        return json.dumps([self.space, self.dims, self.nodes, cells], sort_keys=True)

    def skip_share(self, cell: str | None = None) -> float:
        """Return the share of skip connections among the edges of a cell, or of all."""
        edges = [edge for name, found in self.cells.items() if cell in (None, name) for edge in found]
        return sum(edge.operation == SKIP for edge in edges) / len(edges)

    def check_space(self, space: Space, *, where: str) -> None:
        """Refuse a genotype that is not of a search space.

        Raises:
            ReradError: another space or size, a cell missing, or an operation that an edge does not have.
        """
        for key in ("space", "dims", "nodes"):
            wanted = space.name if key == "space" else getattr(space, key)
            if getattr(self, key) != wanted:
                what = f"{getattr(self, key)!r} does not fit the network's {wanted!r}"
                raise ReradError(what, where=f"{where}: {key}", remedy="Search again with this network's settings")
        if set(self.cells) != set(space.cells):
            wanted = ", ".join(space.cells)
            what = f"cells {', '.join(self.cells)} where the space {space.name} has {wanted}"
            raise ReradError(what, where=f"{where}: cells", remedy=_REMEDY)
        for cell, edges in self.cells.items():
            known = {(edge.source, edge.target): edge.operations for edge in space.edges(cell)}
            for edge in edges:
                allowed = known[edge.source, edge.target]
                if edge.operation not in allowed:
                    place = f"{where}: cells.{cell}, {state_name(edge.source)} to {state_name(edge.target)}"
                    remedy = f"The space {space.name} has {', '.join(allowed)}"
                    raise ReradError(f"no operation {edge.operation!r}", where=place, remedy=remedy)


def read_genotype(content: Any, space: Space, *, where: str = "network.genotype") -> Genotype:
    """Return the genotype that a network's settings hold, for its search space.

    Raises:
        ConfigError: there is none.
        ReradError: it is no genotype, or of another space.
    """
    if content is None:
        what, remedy = "the network has no genotype", "Give the method a search, or a genotype"
        raise ConfigError(what, where=where, remedy=remedy)
    genotype = Genotype.from_dict(content, where=where)
    genotype.check_space(space, where=where)
    return genotype


_REMEDY = f"Wanted is the JSON of a search, with format {FORMAT!r}"


def _check_form(content: Any, where: str) -> None:
    from jsonschema import Draft202012Validator

    errors = sorted(Draft202012Validator(SCHEMA).iter_errors(content), key=lambda error: str(error.json_path))
    if errors:
        place = f"{where}: {errors[0].json_path.removeprefix('$').removeprefix('.') or '(top level)'}"
        raise ReradError(errors[0].message, where=place, remedy=_REMEDY)


def _edge(content: Mapping[str, Any], where: str) -> Chosen:
    states = []
    for key in ("from", "to"):
        try:
            states.append(state_number(content[key]))
        except ValueError as error:
            told = f"Write {', '.join(INPUTS)}, node 1, node 2, …"
            raise ReradError(str(error), where=f"{where}.{key}", remedy=told) from error
    return Chosen(states[0], states[1], content["operation"], content["weight"])


def _check_cell(edges: tuple[Chosen, ...], nodes: int, where: str) -> None:
    last = len(INPUTS) + nodes - 1
    for edge in edges:
        if not (len(INPUTS) <= edge.target <= last and edge.source < edge.target):
            told = f"an edge from {state_name(edge.source)} to {state_name(edge.target)} in a cell of {nodes} nodes"
            raise ReradError(told, where=where, remedy="Edges end at a node and begin before it")
    pairs = [(edge.source, edge.target) for edge in edges]
    if len(set(pairs)) < len(pairs):
        raise ReradError("an edge stands there twice", where=where, remedy="Keep one operation on an edge")
    idle = set(range(len(INPUTS), last + 1)) - {edge.target for edge in edges}
    if idle:
        raise ReradError(f"{state_name(min(idle))} has no edge", where=where, remedy="Every node needs one")
