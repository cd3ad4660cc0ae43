"""A genotype is read from whatever holds it, and refused by name where it does not hold together."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from drawn_genotypes import drawn_genotype

from rerad.core.errors import ReradError
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
    object_ = SimpleNamespace(as_dict=lambda: plain)
    assert architecture(plain) == architecture(object_) == architecture(tmp_path / "genotype.json")
    assert architecture(plain) == architecture(str(tmp_path / "genotype.json"))


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (["format"], "darts", "the format is 'darts'"),
        (["space"], None, "'space' is None"),
        (["dims"], "3", "'dims' is '3'"),
        (["nodes"], True, "'nodes' is True"),
        (["nodes"], 0, "no node or no cell"),
        (["cells"], {}, "no node or no cell"),
        (["cells"], [], r"'cells' is \[\]"),
        (["cells", "normal"], {}, "cells.normal: a dict is no list"),
        (["cells", "normal", 0], "skip", "cells.normal.0: 'from' is None"),
        (["cells", "normal", 1, "operation"], 3, "cells.normal.1: 'operation' is 3"),
        (["cells", "normal", 1, "from"], "node 1", "it leads from 'node 1' to 'node 1'"),
        (["cells", "normal", 1, "from"], "node 2", "it leads from 'node 2' to 'node 1'"),
        (["cells", "normal", 1, "to"], "node 3", "it leads from 'input 1' to 'node 3'"),
        (["cells", "normal", 1, "to"], "input 1", "it leads from 'input 1' to 'input 1'"),
        (["cells", "normal", 2, "weight"], "much", "'weight' is 'much'"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_named(keys: list, value: Any, said: str) -> None:
    broken: Any = copy.deepcopy(PLAIN)
    place = broken
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(ReradError, match=f"^mine.*{said}"):
        architecture(broken, "mine")


def test_no_genotype_at_all(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('{"format": "rerad')
    with pytest.raises(ReradError, match=r"torn\.json: cannot be read"):
        architecture(tmp_path / "torn.json")
    with pytest.raises(ReradError, match=r"none\.json: cannot be read"):
        architecture(tmp_path / "none.json")
    with pytest.raises(ReradError, match="a list is no genotype"):
        architecture([])
    with pytest.raises(ReradError, match=r"there is no cell 'up'.*It has: normal, reduction"):
        architecture(drawn_genotype()).cell("up")
