"""Agreement of architectures: counted by hand, and by many draws."""

import json

import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.agreement import Found, agreement, by_chance, read_found, shared
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.space import Space
from rerad.search.derive import random_genotype

NAMES = ("a", "b", "c", "zero")
SPACE = Space(
    "toy", 3, 3, {cell: dict.fromkeys(("input 0", "input 1", "node"), NAMES) for cell in ("normal", "reduction")}
)


def genotype(normal: str, reduction: str) -> Genotype:
    """Return a genotype of one node: the operations of the edges from input 0 and input 1."""
    cells = {
        cell: tuple(Chosen(i, 2, name) for i, name in enumerate(names))
        for cell, names in (("normal", normal), ("reduction", reduction))
    }
    return Genotype("toy", 3, 1, cells)


def test_equal_edges_are_counted_with_their_operations():
    first, second = genotype("ab", "ab"), genotype("ab", "ba")
    assert shared(first, first) == 1
    assert shared(first, second) == 0.5
    assert shared(first, second, "normal") == 1
    assert shared(first, second, "reduction") == 0
    weighted = Genotype(
        "toy", 3, 1, {cell: tuple(e._replace(weight=0.3) for e in edges) for cell, edges in first.cells.items()}
    )
    assert shared(first, weighted) == 1
    moved = Genotype("toy", 3, 2, {"normal": (Chosen(0, 2, "a"), Chosen(0, 3, "a"))})
    other = Genotype("toy", 3, 2, {"normal": (Chosen(0, 2, "a"), Chosen(2, 3, "a"))})
    assert shared(moved, other) == 0.5


def test_chance_is_what_many_draws_have_in_common():
    draws = [random_genotype(SPACE, seed) for seed in range(1200)]
    shares = [shared(a, b) for a, b in zip(draws[::2], draws[1::2], strict=True)]
    # Nodes with 2, 3 and 4 edges into them, 3 operations: 2 / (m x 3).
    assert by_chance(SPACE) == pytest.approx(np.mean([2 / (m * 3) for m in (2, 3, 4)]))
    assert np.mean(shares) == pytest.approx(by_chance(SPACE), abs=4 * np.std(shares) / len(shares) ** 0.5)
    assert by_chance(SPACE, "normal") == pytest.approx(by_chance(SPACE))


def test_folds_are_compared_within_a_seed_and_seeds_within_a_fold():
    one = Space("toy", 3, 1, SPACE.cells)
    found = [
        Found("m", 0, 1, genotype("ab", "ab")),
        Found("m", 0, 2, genotype("ab", "ba")),
        Found("m", 0, 3, genotype("bb", "ab")),
        Found("m", 1, 1, genotype("ab", "ab")),
        Found("m", 1, 2, genotype("cc", "cc")),
    ]
    table = agreement(found, one).set_index(["cell", "between"])
    # Seed 0: 0.5, 0.75, 0.25; seed 1: 0.
    assert table.loc["all", "folds"][["pairs", "share", "low", "high"]].tolist() == [4, pytest.approx(0.375), 0, 0.75]
    # Fold 1: 1; fold 2: 0.
    assert table.loc["all", "seeds"][["pairs", "share", "sd"]].tolist() == [2, 0.5, 0.5]
    assert table.loc["normal", "folds"]["share"] == pytest.approx((1 + 0.5 + 0.5 + 0) / 4)
    assert table["networks"].unique().tolist() == [5]
    lonely = agreement(found[:1], one)
    assert lonely["share"].isna().all()
    assert lonely["pairs"].sum() == 0
    assert agreement([], one)["skip_share"].isna().all()


def test_genotypes_are_read_with_their_place(tmp_path):
    path = tmp_path / "trained" / "sts" / "mmnas3d" / "seed4" / "all" / "chosen.json"
    path.parent.mkdir(parents=True)
    plain = genotype("ab", "ba").as_dict()
    path.write_text(json.dumps({"failed": None, "folds": {"2": {"genotype": plain}}, "last": {}}))
    assert read_found(path) == [Found("mmnas3d", 4, 2, genotype("ab", "ba"))]
    path.write_text(json.dumps({"failed": "no memory", "folds": {}}))
    assert read_found(path) == []
    path.write_text(json.dumps({"failed": None, "folds": {"2": {"genotype": {**plain, "dims": 5}}}}))
    with pytest.raises(ReradError, match=r"chosen\.json: folds\.2\.genotype: dims: 5"):
        read_found(path)
    path.write_text(json.dumps({"failed": None, "folds": {"1": {"lambda": 3}}}))
    with pytest.raises(ReradError, match="Only searches of architectures can be compared"):
        read_found(path)
