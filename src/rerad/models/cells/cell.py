"""A cell: a small graph from two inputs to one output, searched or found."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from rerad.models.cells.edges import ChosenEdge, MixedEdge
from rerad.models.cells.genotype import Chosen, Genotype
from rerad.models.cells.operations import Style, norm
from rerad.models.cells.space import INPUTS, Edge, Space
from rerad.models.hierarchical.blocks import CONVOLUTIONS
from rerad.models.normalisation import needs_bias


class Levers(NamedTuple):
    """What makes a search smaller: one channel of ``partial`` is searched; activations are computed twice, not kept."""

    partial: int = 1
    checkpointing: bool = False


KEEP_ALL = Levers()
CellMaker = Callable[[Sequence[nn.Module], int], "Cell"]


class Cell(nn.Module):
    """Edges between states: two inputs, then nodes, each the sum of its edges; the output is all nodes' channels.

    Its forward pass takes weights edge by edge where the edges are mixtures.
    """

    def __init__(
        self, inputs: Sequence[nn.Module], edges: Sequence[tuple[int, int, nn.Module]], levers: Levers
    ) -> None:
        super().__init__()
        self.inputs = nn.ModuleList(inputs)
        self.ends = [(source, target) for source, target, _ in edges]
        self.edges = nn.ModuleList(edge for _, _, edge in edges)
        self.rectified = {source for (source, _), edge in zip(self.ends, self.edges, strict=True) if edge.rectified}
        self.checkpointing = levers.checkpointing

    def forward(self, older: Tensor, newer: Tensor, weights: Sequence[Tensor] | None = None) -> Tensor:
        """Return the nodes' maps (batch, channels of all, *shape) from the maps of two earlier layers."""
        states = [prepare(given) for prepare, given in zip(self.inputs, (older, newer), strict=True)]
        rectified: dict[int, Tensor] = {}
        last = max(target for _, target in self.ends)
        for node in range(len(INPUTS), last + 1):
            total: Tensor | None = None
            for number, (source, target) in enumerate(self.ends):
                if target != node:
                    continue
                if source not in rectified:
                    state = states[source]
                    rectified[source] = functional.relu(state) if source in self.rectified else state
                weight = None if weights is None else weights[number]
                found = self._along(self.edges[number], states[source], rectified[source], weight)
                total = found if total is None else total + found
            assert total is not None
            states.append(total)
        return torch.cat(states[len(INPUTS) :], dim=1)

    def _along(self, edge: nn.Module, values: Tensor, rectified: Tensor, weight: Tensor | None) -> Tensor:
        if not (self.checkpointing and torch.is_grad_enabled()):
            return edge(values, rectified, weight)

        def contexts() -> tuple[contextlib.AbstractContextManager, contextlib.AbstractContextManager]:
            return contextlib.nullcontext(), seen_once(edge)

        # Nothing on an edge draws random numbers, so that none need to be kept for the second pass.
        return checkpoint(
            edge, values, rectified, weight, use_reentrant=False, preserve_rng_state=False, context_fn=contexts
        )


@contextlib.contextmanager
def seen_once(network: nn.Module) -> Iterator[None]:
    """Leave running statistics as they are: a second pass over the same maps must not count again."""
    norms = [part for part in network.modules() if isinstance(part, _BatchNorm)]
    kept = [part.momentum for part in norms]
    try:
        for part in norms:
            part.momentum = 0.0
        yield
    finally:
        for part, momentum in zip(norms, kept, strict=True):
            part.momentum = momentum


def found_cells(genotype: Genotype, style: Style) -> dict[str, CellMaker]:
    """Return for every kind of cell of a genotype what makes one of inputs and channels of a node."""

    def maker(kind: str) -> CellMaker:
        return lambda inputs, channels: found_cell(genotype.cells[kind], inputs, channels, style)

    return {kind: maker(kind) for kind in genotype.cells}


def searched_cells(space: Space, style: Style, levers: Levers) -> dict[str, CellMaker]:
    """Return for every kind of cell of a space what makes one, all candidates on its edges."""

    def maker(kind: str) -> CellMaker:
        return lambda inputs, channels: searched_cell(kind, inputs, channels, space, style, levers)

    return {kind: maker(kind) for kind in space.cells}


def searched_cell(
    kind: str, inputs: Sequence[nn.Module], channels: int, space: Space, style: Style, levers: Levers
) -> Cell:
    """Return a cell whose edges are mixtures of all their candidates."""

    def mixed(edge: Edge) -> tuple[int, int, nn.Module]:
        return edge.source, edge.target, MixedEdge(edge.operations, channels, style, partial=levers.partial)

    return Cell(inputs, [mixed(edge) for edge in space.edges(kind)], levers)


def found_cell(edges: Sequence[Chosen], inputs: Sequence[nn.Module], channels: int, style: Style) -> Cell:
    """Return a cell of a genotype."""
    made = [(edge.source, edge.target, ChosenEdge(edge.operation, channels, style)) for edge in edges]
    return Cell(inputs, made, KEEP_ALL)


def adapt(taken: int, given: int, halvings: int, style: Style) -> nn.Module:
    """Return what brings maps to ``given`` channels and halves every side as often as told: ReLU, convolution, norm."""
    steps = [Halve(taken if step == 0 else given, given, style) for step in range(halvings)]
    if steps:
        return nn.Sequential(*steps)
    convolution = CONVOLUTIONS[style.axes](taken, given, 1, bias=needs_bias(style.norm))
    return nn.Sequential(nn.ReLU(), convolution, norm(given, style))


class Halve(nn.Module):
    """Halve every side: two convolutions of 1 with stride 2, the second one voxel further, side by side.

    Source: DARTS, FactorizedReduce (Liu 2019). Sides are even: the network fills its images up.
    """

    def __init__(self, taken: int, given: int, style: Style) -> None:
        super().__init__()
        convolution, bias = CONVOLUTIONS[style.axes], needs_bias(style.norm)
        sizes = (given - given // 2, given // 2)
        self.convolutions = nn.ModuleList(
            convolution(taken, size, 1, stride=2, bias=bias) for size in sizes if size > 0
        )
        self.norm = norm(given, style)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (batch, given, *half the shape)."""
        maps = functional.relu(maps)
        shifted = maps
        for axis in range(2, maps.dim()):
            shifted = shifted.narrow(axis, 1, shifted.shape[axis] - 1)
        parts = [convolution(given) for convolution, given in zip(self.convolutions, (maps, shifted), strict=False)]
        return self.norm(torch.cat(parts, dim=1))
