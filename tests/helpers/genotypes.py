"""Genotypes for tests: random ones, and one that has every operation."""

from __future__ import annotations

import numpy as np

from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.space import ZERO, Space


def any_genotype(space: Space, seed: int = 0) -> Genotype:
    """Return a genotype with two edges a node; the operations of the space come round in turn."""
    random = np.random.default_rng(seed)
    cells = {}
    turn = seed
    for cell in space.cells:
        found = []
        for target in range(2, 2 + space.nodes):
            edges = [edge for edge in space.edges(cell) if edge.target == target]
            for index in sorted(random.choice(len(edges), size=min(2, len(edges)), replace=False)):
                names = [name for name in edges[index].operations if name != ZERO]
                found.append(Chosen(edges[index].source, target, names[turn % len(names)], 0.25))
                turn += 1
        cells[cell] = tuple(found)
    return Genotype(space.name, space.dims, space.nodes, cells)
