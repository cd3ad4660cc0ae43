"""Genotypes as their JSON holds them, for the tests of what draws them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

OPERATIONS = (
    "convolution 3", "convolution 5", "separable 3", "separable 5", "dilated 3", "dilated 5", "max pooling 3",
    "average pooling 3", "skip",
)  # fmt: skip


def drawn_genotype(
    seed: int = 0,
    *,
    nodes: int = 3,
    edges: int = 2,
    cells: Sequence[str] = ("normal", "reduction"),
    operations: Sequence[str] = OPERATIONS,
    weights: bool = True,
    space: str = "mmnas",
) -> dict[str, Any]:
    """Return a genotype with ``edges`` edges a node, at random."""
    chance = random.Random(seed)

    def cell() -> list[dict[str, Any]]:
        found = []
        for node in range(1, nodes + 1):
            places = ["input 0", "input 1", *(f"node {earlier}" for earlier in range(1, node))]
            for place in chance.sample(places, min(edges, len(places))):
                weight = round(chance.uniform(0.1, 0.3), 4) if weights else None
                operation = chance.choice(list(operations))
                found.append({"from": place, "to": f"node {node}", "operation": operation, "weight": weight})
        return found

    return {
        "format": "rerad genotype 1", "space": space, "dims": 3, "nodes": nodes, "cells": {name: cell() for name in cells},
    }  # fmt: skip
