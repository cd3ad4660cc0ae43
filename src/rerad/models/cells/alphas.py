"""The architecture's own parameters: one vector over the candidates of every edge, shared by all cells of a kind."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from rerad.models.cells.space import Space


class Alphas(nn.Module):
    """α of every kind of cell, edge by edge in the order of the space; zero at the start."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.cells = nn.ModuleDict(
            {
                cell: nn.ParameterList(nn.Parameter(torch.zeros(len(edge.operations))) for edge in space.edges(cell))
                for cell in space.cells
            }
        )

    def draw(self, sd: float, seed: int) -> None:
        """Set α to values from N(0, sd²)."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for alpha in self.parameters():
                alpha.copy_(sd * torch.randn(alpha.shape, generator=generator))

    def weights(self, cell: str) -> list[Tensor]:
        """Return the softmax over the candidates of each edge of a kind of cell."""
        return [torch.softmax(alpha, dim=0) for alpha in cast(nn.ParameterList, self.cells[cell])]

    def numbers(self) -> dict[str, list[list[float]]]:
        """Return all weights as plain numbers, by kind of cell and edge."""
        with torch.no_grad():
            return {cell: [weights.double().tolist() for weights in self.weights(cell)] for cell in self.cells}


def entropy(weights: dict[str, list[list[float]]]) -> float:
    """Return the mean entropy of an edge's weights relative to that of equal ones: 1 at the start, 0 when decided."""
    shares = [
        -sum(weight * math.log(weight) for weight in edge if weight > 0) / math.log(len(edge))
        for edges in weights.values()
        for edge in edges
        if len(edge) > 1
    ]
    return sum(shares) / len(shares)
