"""Derivation by hand, draws by lot, and how often an architecture was seen."""

from collections import Counter

import pytest

from rerad.models import nas3dunet
from rerad.models.cells.alphas import Alphas
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.space import Space
from rerad.search.derive import derive_genotype, most_common, random_genotype, times_seen
from rerad.search.halves import halves

OPERATIONS = ("convolution 3", "skip", "zero")
SPACE = Space("toy", 3, 2, {"normal": dict.fromkeys(("input 0", "input 1", "node"), OPERATIONS)})


def test_the_two_edges_with_the_largest_weights_stay_with_their_best_operations():
    weights = [
        [0.2, 0.5, 0.3],  # input 0 → node 1: skip
        [0.4, 0.1, 0.5],  # input 1 → node 1: convolution, for zero does not count
        [0.3, 0.1, 0.6],  # input 0 → node 2: 0.3, the weakest of three
        [0.1, 0.4, 0.5],  # input 1 → node 2: skip 0.4
        [0.7, 0.2, 0.1],  # node 1 → node 2: convolution 0.7
    ]
    genotype = derive_genotype(SPACE, {"normal": weights})
    assert genotype.cells["normal"] == (
        Chosen(0, 2, "skip", 0.5),
        Chosen(1, 2, "convolution 3", 0.4),
        Chosen(1, 3, "skip", 0.4),
        Chosen(2, 3, "convolution 3", 0.7),
    )


def test_of_equals_the_first_stays():
    third = [1 / 3] * 3
    genotype = derive_genotype(SPACE, {"normal": [third] * 5})
    assert [edge[:3] for edge in genotype.cells["normal"]] == [
        (s, t, "convolution 3") for s, t in ((0, 2), (1, 2), (0, 3), (1, 3))
    ]


@pytest.mark.parametrize(("relative", "kept"), [(False, {0, 1}), (True, {0, 2})])
def test_weights_count_relative_to_the_size_of_their_set(relative, kept):
    """0.4 of two operations is less than equal shares; 0.3 of five is more."""
    by_source = {"input 0": ("a",), "input 1": ("a", "b"), "node": tuple("abcde")}
    space = Space("toy", 3, 2, {"down": by_source}, relative=relative)
    weights = [[1.0], [0.6, 0.4], [1.0], [0.4, 0.45], [0.3, 0.2, 0.2, 0.2, 0.1]]
    genotype = derive_genotype(space, {"down": weights})
    assert {edge.source for edge in genotype.cells["down"] if edge.target == 3} == kept


def test_even_weights_of_sets_of_different_sizes_are_equal():
    space = nas3dunet.space({}, dims=3)
    genotype = derive_genotype(space, Alphas(space).numbers())
    assert {cell: [edge[:2] for edge in edges] for cell, edges in genotype.cells.items()} == {
        cell: [(0, 2), (1, 2), (0, 3), (1, 3), (0, 4), (1, 4)] for cell in ("down", "up")
    }


def test_the_glioma_study_ranks_edges_by_hand():
    """Sets of six (down), four (up) and five (normal): a weight counts in units of a sixth, a fourth, a fifth."""
    space = nas3dunet.space({"nodes": 2}, dims=3)

    def edge(size: int, place: int, weight: float) -> list[float]:
        rest = (1 - weight) / (size - 1)
        return [weight if number == place else rest for number in range(size)]

    weights = {
        # Into node 2: 1.5 units, 1.44 units, 1.5 units and a little.
        "down": [edge(6, 0, 0.3), edge(6, 4, 0.3), edge(6, 1, 0.25), edge(6, 3, 0.24), edge(5, 4, 0.301)],
        # Into node 2: 1.6, 1.44 and 1.5 units; the plain weights would leave node 1 out.
        "up": [edge(5, 2, 0.3), edge(4, 0, 0.3), edge(5, 3, 0.32), edge(4, 1, 0.36), edge(5, 0, 0.3)],
    }
    genotype = derive_genotype(space, weights)
    assert genotype.cells["down"] == (
        Chosen(0, 2, "down convolution 3", 0.3),
        Chosen(1, 2, "down max pooling 2", 0.3),
        Chosen(0, 3, "down dilated 3", 0.25),
        Chosen(2, 3, "identity", 0.301),
    )
    assert genotype.cells["up"] == (
        Chosen(0, 2, "separable 3", 0.3),
        Chosen(1, 2, "up convolution 3", 0.3),
        Chosen(0, 3, "squeeze excitation 3", 0.32),
        Chosen(2, 3, "convolution 3", 0.3),
    )


def test_every_draw_is_as_likely():
    draws = [random_genotype(SPACE, seed) for seed in range(600)]
    assert len({draw.structure for draw in draws}) == 2**4 * 3
    edges = Counter((e.source, e.target) for draw in draws for e in draw.cells["normal"])
    assert edges[0, 2] == edges[1, 2] == 600
    assert all(abs(edges[source, 3] - 400) < 60 for source in range(3))  # 5 standard deviations
    names = Counter(e.operation for draw in draws for e in draw.cells["normal"])
    assert names.keys() == {"convolution 3", "skip"}
    assert abs(names["skip"] - 1200) < 125
    assert {e.weight for draw in draws for e in draw.cells["normal"]} == {None}
    assert random_genotype(SPACE, 7) == random_genotype(SPACE, 7)


def genotype(*names: str) -> Genotype:
    return Genotype("toy", 3, 1, {"normal": tuple(Chosen(source, 2, name, 0.5) for source, name in enumerate(names))})


def test_how_often_an_architecture_was_seen():
    first, second = genotype("skip", "skip"), genotype("skip", "convolution 3")
    assert times_seen([first, second, first, first]) == 3
    assert times_seen([first, second]) == 1
    assert most_common([first, second, first, second, second]) == 4
    assert most_common([first, second, second, first]) == 3  # of equals the first


def test_halves_are_stratified_and_complete():
    target = [0, 1] * 20
    weights, alphas = halves(range(40), target, 0.5, 3)
    assert sorted(weights + alphas) == list(range(40))
    assert [sum(target[case] for case in side) for side in (weights, alphas)] == [10, 10]
    assert (weights, alphas) == halves(range(40), target, 0.5, 3)
    assert alphas != halves(range(40), target, 0.5, 4)[1]
    fifth = halves(range(40), target, 0.2, 0)[1]
    assert [sum(target[case] == label for case in fifth) for label in (0, 1)] == [4, 4]
    assert list(map(len, halves([5, 6, 7, 8], [0, 0, 1, 1], 0.01, 0))) == [2, 2]  # never all or none of a class
