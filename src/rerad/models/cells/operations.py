"""Operations that may stand on an edge of a cell, in two and three dimensions, by the name a space gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from rerad.core.errors import ConfigError
from rerad.models.cells.space import SKIP, ZERO
from rerad.models.hierarchical.blocks import CONVOLUTIONS
from rerad.models.normalisation import needs_bias, norm_layer

MAX_POOLING = {2: nn.MaxPool2d, 3: nn.MaxPool3d}


class Style(NamedTuple):
    """How the operations of a network are made: dimensions, normalisation, and whether it scales and shifts."""

    axes: int
    norm: str
    affine: bool


class Family(NamedTuple):
    """Operations that differ in their kernel: how one is made, and whether it takes the state after a ReLU.

    The ReLU is the cell's, which so computes it once for all edges of a state.
    """

    make: Callable[[int, int, Style], nn.Module]
    rectified: bool


def operation(name: str, channels: int, style: Style) -> nn.Module:
    """Return an operation that keeps channels and size; ``zero`` has none, since it adds nothing to a sum.

    Raises:
        ConfigError: no such operation.
    """
    family, kernel = _parsed(name)
    return family.make(kernel, channels, style)


def is_rectified(name: str) -> bool:
    """Tell whether an operation takes the state after a ReLU.

    Raises:
        ConfigError: no such operation.
    """
    return _parsed(name)[0].rectified


def norm(channels: int, style: Style) -> nn.Module:
    """Return the normalisation of a style."""
    return norm_layer(style.norm, channels, affine=style.affine)


def _parsed(name: str) -> tuple[Family, int]:
    kind, _, kernel = name.rpartition(" ")
    if name == SKIP:
        return FAMILIES[SKIP], 1
    if kind == SKIP or kind not in FAMILIES or not kernel.isdecimal() or int(kernel) % 2 == 0:
        known = ", ".join(f"{family} 3" for family in FAMILIES if family != SKIP)
        raise ConfigError(
            f"no operation {name!r}", where="network.operations", remedy=f"There are {known}, {SKIP} and {ZERO}"
        )
    return FAMILIES[kind], int(kernel)


def _convolution(kernel: int, channels: int, style: Style, *, dilation: int = 1) -> nn.Module:
    convolution = CONVOLUTIONS[style.axes](
        channels, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation, bias=needs_bias(style.norm)
    )
    return nn.Sequential(convolution, norm(channels, style))


def _dilated(kernel: int, channels: int, style: Style) -> nn.Module:
    return _convolution(kernel, channels, style, dilation=2)


def _separable(kernel: int, channels: int, style: Style) -> nn.Module:
    each = CONVOLUTIONS[style.axes](channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
    across = CONVOLUTIONS[style.axes](channels, channels, 1, bias=needs_bias(style.norm))
    return nn.Sequential(each, across, norm(channels, style))


def _max_pooling(kernel: int, channels: int, style: Style) -> nn.Module:
    return nn.Sequential(MAX_POOLING[style.axes](kernel, 1, kernel // 2), norm(channels, style))


def _average_pooling(kernel: int, channels: int, style: Style) -> nn.Module:
    return nn.Sequential(AveragePooling(kernel), norm(channels, style))


class AveragePooling(nn.Module):
    """The mean of the window around each voxel, as far as it lies inside, axis by axis.

    The same numbers as torch's pooling without its padding in the count, which takes no map smaller than its kernel;
    few sums in place of kernel³ for every voxel, and nothing to keep for the gradient.
    """

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.reach = kernel // 2

    def forward(self, values: Tensor) -> Tensor:
        """Return means of the size of ``values`` (batch, channels, *shape)."""
        for axis in range(2, values.dim()):
            values = self._along(values, axis)
        return values

    def _along(self, values: Tensor, axis: int) -> Tensor:
        side = values.shape[axis]
        behind = values.dim() - 1 - axis
        total, count = values, torch.ones(side, device=values.device, dtype=values.dtype)
        for shift in range(1, min(self.reach, side - 1) + 1):
            for start, before in ((0, shift), (shift, 0)):
                sides = (before, shift - before)
                # torch counts the axes from the last one.
                total = total + functional.pad(values.narrow(axis, start, side - shift), (0, 0) * behind + sides)
                count = count + functional.pad(torch.ones_like(count[shift:]), sides)
        return total / count.view(-1, *[1] * behind)


FAMILIES = {
    "convolution": Family(_convolution, rectified=True),
    "separable": Family(_separable, rectified=True),
    "dilated": Family(_dilated, rectified=True),
    "max pooling": Family(_max_pooling, rectified=False),
    "average pooling": Family(_average_pooling, rectified=False),
    SKIP: Family(lambda kernel, channels, style: nn.Identity(), rectified=False),
}
