"""What stands on an edge: the mixture of all candidates while searching, one operation afterwards."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rerad.core.errors import ConfigError
from rerad.models.cells.operations import MAX_POOLING, Style, is_rectified, operation, way_of
from rerad.models.cells.space import DOWN, KEEP, ZERO


class ChosenEdge(nn.Module):
    """An edge with one operation."""

    def __init__(self, name: str, channels: int, style: Style) -> None:
        super().__init__()
        self.rectified = is_rectified(name, style)
        self.operation = operation(name, channels, style)

    def forward(self, values: Tensor, rectified: Tensor, weights: Tensor | None = None) -> Tensor:
        """Return the operation of a state (batch, channels, *shape) or of the same after a ReLU."""
        return self.operation(rectified if self.rectified else values)


class MixedEdge(nn.Module):
    """An edge with all candidates, each times its weight (MM-NAS, Eq. 1 and 2).

    With ``partial`` k > 1 only one channel of k goes through them; the others pass by, and channels are shuffled so
    that the next edge takes others (PC-DARTS, Xu 2020). Where the candidates halve the sides, the others' maxima do, as
    there; where they double them, every voxel comes twice along each axis.
    """

    def __init__(self, names: tuple[str, ...], channels: int, style: Style, *, partial: int = 1) -> None:
        super().__init__()
        if channels % partial:
            what = f"{partial} does not divide the {channels} channels of a node"
            raise ConfigError(what, where="search.partial_channels", remedy="Write a divisor of network.channels")
        self.partial, self.share = partial, channels // partial
        self.names = names
        # Whether each candidate takes the state after a ReLU.
        self.after_relu = [is_rectified(name, style) for name in names if name != ZERO]
        self.rectified = any(self.after_relu)
        self.passing = _passing(way_of(names), style.axes)
        self.candidates = nn.ModuleDict({name: operation(name, self.share, style) for name in names if name != ZERO})

    def forward(self, values: Tensor, rectified: Tensor, weights: Tensor) -> Tensor:
        """Return the sum over candidates for ``weights`` (candidates,), of a state and of the same after a ReLU."""
        if self.partial == 1:
            return self._mixed(values, rectified, weights)
        mixed = self._mixed(values[:, : self.share], rectified[:, : self.share], weights)
        whole = torch.cat([mixed, self.passing(values[:, self.share :]).to(mixed.dtype)], dim=1)
        return whole.unflatten(1, (self.partial, self.share)).transpose(1, 2).flatten(1, 2)

    def _mixed(self, values: Tensor, rectified: Tensor, weights: Tensor) -> Tensor:
        shares = [weight for name, weight in zip(self.names, weights.unbind(), strict=True) if name != ZERO]
        parts = [
            weight * candidate(rectified if after_relu else values)
            for candidate, after_relu, weight in zip(self.candidates.values(), self.after_relu, shares, strict=True)
        ]
        return sum(parts[1:], parts[0])


def _passing(way: str, axes: int) -> nn.Module:
    if way == KEEP:
        return nn.Identity()
    return MAX_POOLING[axes](2) if way == DOWN else nn.Upsample(scale_factor=2, mode="nearest")
