"""A genotype is read from whatever holds it, and refused by name where it does not hold together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drawn_genotypes import drawn_genotype

from rerad.core.errors import ReradError
from rerad.models.cells.genotype import Genotype
from rerad.search.graph import Edge, architecture

EDGES = [
    {"from": "node 1", "to": "node 2", "operation": "skip", "weight": None},
    {"from": "input 1", "to": "node 1", "operation": "dilated 5", "weight": 0.25},
    {"from": "input 0", "to": "node 2", "operation": "max pooling 3", "weight": 1},
    {"from": "input 0", "to": "node 1", "operation": "convolution 3", "weight": 0.5},
]
PLAIN = {"format": "rerad genotype 1", "space": "mmnas", "dims": 2, "nodes": 2, "cells": {"normal": EDGES}}


def test_edges_stand_by_their_node_and_then_by_their_source() -> None:
    found = architecture(PLAIN)
    assert (found.space, found.dims, [cell.name for cell in found.cells]) == ("mmnas", 2, ["normal"])
    cell = found.cell("normal")
    assert cell.nodes == ("node 1", "node 2")
    assert cell.edges == (
        Edge("input 0", "node 1", "convolution 3", 0.5),
        Edge("input 1", "node 1", "dilated 5", 0.25),
        Edge("input 0", "node 2", "max pooling 3", 1.0),
        Edge("node 1", "node 2", "skip", None),
    )


def test_a_mapping_an_object_and_a_file_are_the_same(tmp_path: Path) -> None:
    plain = drawn_genotype(4, nodes=4)
    (tmp_path / "genotype.json").write_text(json.dumps(plain))
    whole = Genotype.from_dict(plain, where="x")
    assert architecture(plain) == architecture(whole) == architecture(tmp_path / "genotype.json")
    assert architecture(plain) == architecture(str(tmp_path / "genotype.json"))


def test_no_genotype_and_no_cell() -> None:
    with pytest.raises(ReradError, match=r"^mine"):
        architecture({**PLAIN, "format": "darts"}, "mine")
    with pytest.raises(ReradError, match=r"there is no cell 'up'.*It has: normal, reduction"):
        architecture(drawn_genotype()).cell("up")
