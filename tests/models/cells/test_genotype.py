"""Genotypes: written and read back, and refused by file and key where they are none."""

import copy
import json

import pytest
from genotypes import any_genotype

import rerad.models
from rerad.core.errors import ReradError
from rerad.models import mmnas
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.space import Space, state_name, state_number

SPACE = mmnas.space({}, dims=3)


def test_what_is_saved_is_what_is_loaded(tmp_path):
    genotype = any_genotype(SPACE)
    genotype.save(tmp_path / "found.json")
    assert Genotype.load(tmp_path / "found.json") == genotype
    content = json.loads((tmp_path / "found.json").read_text())
    assert content["format"] == "rerad genotype 1"
    assert set(content["cells"]["normal"][0]) == {"from", "to", "operation", "weight"}
    assert content["cells"]["normal"][0]["from"] == "input 0"
    assert content["cells"]["normal"][-1]["to"] == "node 3"
    assert rerad.models.Genotype is Genotype


def test_states_have_names():
    assert [state_name(state) for state in range(4)] == ["input 0", "input 1", "node 1", "node 2"]
    assert [state_number(state_name(state)) for state in range(9)] == list(range(9))


PLAIN = any_genotype(SPACE).as_dict()


def changed(**keys):
    return {**copy.deepcopy(PLAIN), **keys}


def edge(**keys):
    content = copy.deepcopy(PLAIN)
    content["cells"]["normal"][1] |= keys
    return content


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (changed(format="rerad genotype 2"), r"found\.json: format: 'rerad genotype 1' was expected"),
        (changed(dims=4), r"found\.json: dims: 4 is not one of \[2, 3\]"),
        (changed(cells={}), r"found\.json: cells: "),
        (changed(nods=3), r"found\.json: \(top level\): Additional properties"),
        ([], r"found\.json: \(top level\): \[\] is not of type 'object'"),
        (edge(weight=2), r"found\.json: cells\.normal\[1\]\.weight: 2 is greater"),
        (edge(**{"from": "input 2"}), r"found\.json: cells\.normal\[1\]\.from: 'input 2' is no input and no node"),
        (edge(**{"to": "node 0"}), r"cells\.normal\[1\]\.to: 'node 0'"),
        (edge(**{"from": "node 3"}), r"cells\.normal: an edge from node 3 to node 1"),
        (edge(**{"to": "node 9"}), r"cells\.normal: an edge from input 1 to node 9 in a cell of 3 nodes"),
        (edge(**{"from": "input 0"}), r"cells\.normal: an edge stands there twice"),
        (changed(nodes=4), r"cells\.normal: node 4 has no edge"),
    ],
)
def test_what_is_no_genotype_is_named_by_file_and_key(tmp_path, content, told):
    (tmp_path / "found.json").write_text(json.dumps(content))
    with pytest.raises(ReradError, match=told):
        Genotype.load(tmp_path / "found.json")


def test_a_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "found.json").write_text("{")
    with pytest.raises(ReradError, match=r"found\.json: cannot be read as JSON"):
        Genotype.load(tmp_path / "found.json")
    with pytest.raises(ReradError, match=r"gone\.json: cannot be read as JSON"):
        Genotype.load(tmp_path / "gone.json")


def test_a_genotype_of_another_space_is_refused():
    genotype = any_genotype(SPACE)
    genotype.check_space(SPACE, where="here")
    for other, told in (
        (mmnas.space({}, dims=2), "here: dims: 3 does not fit the network's 2"),
        (mmnas.space({"nodes": 4}, dims=3), "here: nodes: 3 does not fit the network's 4"),
        (Space("mmnas", 3, 3, {"normal": SPACE.cells["normal"]}), "here: cells: cells normal, reduction where"),
        (
            mmnas.space({"operations": ["skip", "zero"]}, dims=3),
            r"here: cells\.normal, input . to node .: no operation",
        ),
    ):
        with pytest.raises(ReradError, match=told):
            genotype.check_space(other, where="here")


def test_a_structure_is_edges_and_operations_and_not_weights():
    genotype = any_genotype(SPACE)
    edges = {cell: tuple(e._replace(weight=0.9) for e in reversed(found)) for cell, found in genotype.cells.items()}
    assert Genotype("mmnas", 3, 3, edges).structure == genotype.structure
    first = genotype.cells["normal"][0]
    other = {**genotype.cells, "normal": (first._replace(operation="skip"), *genotype.cells["normal"][1:])}
    assert Genotype("mmnas", 3, 3, other).structure != genotype.structure


def test_the_share_of_skips_is_counted_over_a_cell_or_all():
    skips = (Chosen(0, 2, "skip"), Chosen(1, 2, "skip"))
    others = (Chosen(0, 2, "skip"), Chosen(1, 2, "max pooling 3"))
    genotype = Genotype("mmnas", 3, 1, {"normal": skips, "reduction": others})
    assert genotype.skip_share() == 0.75
    assert genotype.skip_share("reduction") == 0.5


def test_a_space_has_two_three_four_edges_and_operations_by_their_beginning():
    assert [(e.source, e.target) for e in SPACE.edges("normal")] == [
        (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4)
    ]  # fmt: skip
    by_source = {"input 0": ("down",), "input 1": ("up",), "node": ("skip", "zero")}
    mixed = Space("other", 3, 2, {"down": by_source})
    assert [edge.operations for edge in mixed.edges("down")] == [
        ("down",),
        ("up",),
        ("down",),
        ("up",),
        ("skip", "zero"),
    ]
