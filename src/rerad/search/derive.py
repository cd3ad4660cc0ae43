"""From weights of operations to a genotype, and a genotype by lot from the same space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.space import INPUTS, ZERO, Edge, Space


def derive_genotype(space: Space, weights: Mapping[str, Sequence[Sequence[float]]]) -> Genotype:
    """Return the genotype of ``weights``: cell → edges in the order of the space → softmax over the operations.

    An edge gets its operation with the largest weight, zero aside; a node keeps the edges whose operations have the
    largest weights. Of equals the first stays, also of edges whose weights are all even and whose sets differ in size.

    Source: DARTS, section 2.4 (Liu 2019).
    """
    return _genotype(space, {cell: _derived(space, cell, weights[cell]) for cell in space.cells})


def random_genotype(space: Space, seed: int) -> Genotype:
    """Return a genotype by lot: every set of edges of a node, and every operation but zero, is as likely."""
    random = np.random.default_rng(seed)
    cells = {}
    for cell in space.cells:
        found = []
        for node in range(len(INPUTS), len(INPUTS) + space.nodes):
            edges = [edge for edge in space.edges(cell) if edge.target == node]
            kept = sorted(random.choice(len(edges), size=min(space.keep, len(edges)), replace=False))
            for edge in (edges[index] for index in kept):
                names = [name for name in edge.operations if name != ZERO]
                found.append(Chosen(edge.source, node, names[random.integers(len(names))]))
        cells[cell] = found
    return _genotype(space, cells)


def most_common(genotypes: Sequence[Genotype]) -> int:
    """Return the place of the last genotype whose structure most have had; of equals the one that led first."""
    counts = Counter(genotype.structure for genotype in genotypes)
    leader = counts.most_common(1)[0][0]
    return max(index for index, genotype in enumerate(genotypes) if genotype.structure == leader)


def times_seen(genotypes: Sequence[Genotype]) -> int:
    """Return how many genotypes have had the structure of the last one."""
    return sum(genotype.structure == genotypes[-1].structure for genotype in genotypes)


def _genotype(space: Space, cells: Mapping[str, Sequence[Chosen]]) -> Genotype:
    return Genotype(space.name, space.dims, space.nodes, {cell: tuple(edges) for cell, edges in cells.items()})


def _derived(space: Space, cell: str, weights: Sequence[Sequence[float]]) -> list[Chosen]:
    edges = space.edges(cell)
    best = [_best(edge, shares) for edge, shares in zip(edges, weights, strict=True)]
    # Rounded: 1 / 6 times 6 and 1 / 5 times 5, from single precision, are equal.
    ranks = [
        round(weight * len(edge.operations), 6) if space.relative else weight
        for edge, (_, weight) in zip(edges, best, strict=True)
    ]
    found = []
    for node in range(len(INPUTS), len(INPUTS) + space.nodes):
        into = [number for number, edge in enumerate(edges) if edge.target == node]
        kept = sorted(into, key=lambda number: -ranks[number])[: space.keep]
        found += [Chosen(edges[number].source, node, *best[number]) for number in sorted(kept)]
    return found


def _best(edge: Edge, shares: Sequence[float]) -> tuple[str, float]:
    """Return the operation with the largest weight, and that."""
    places = [place for place, name in enumerate(edge.operations) if name != ZERO]
    best = max(places, key=lambda place: shares[place])
    return edge.operations[best], round(shares[best], 9)
