"""Operations that may stand on an edge of a cell, in two and three dimensions, by the name a space gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from torch import nn

from rerad.core.errors import ConfigError
from rerad.models.cells.layers import AveragePooling, Excitation
from rerad.models.cells.space import DOWN, IDENTITY, KEEP, SKIP, UP, ZERO
from rerad.models.hierarchical.blocks import CONVOLUTIONS, TRANSPOSED
from rerad.models.normalisation import needs_bias, norm_layer

MAX_POOLING = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE_POOLING = {2: nn.AvgPool2d, 3: nn.AvgPool3d}
BEFORE, AFTER = "before", "after"
PLAIN = (SKIP, IDENTITY)  # without a kernel


class Style(NamedTuple):
    """How the operations of a network are made: dimensions, normalisation, and whether it scales and shifts.

    ``relu``: ``before`` a convolution, on the state (DARTS), or ``after`` its normalisation.
    """

    axes: int
    norm: str
    affine: bool
    relu: str = BEFORE


class Family(NamedTuple):
    """Operations that differ in their kernel: how one is made, and whether it may take the state after a ReLU.

    That ReLU is the cell's, which so computes it once for all edges of a state. ``way``: ``down`` halves every side,
    ``up`` doubles it, nothing keeps it. ``even`` tells that kernels need not be odd.
    """

    make: Callable[[int, int, Style], nn.Module]
    rectified: bool
    way: str = KEEP
    even: bool = False


def operation(name: str, channels: int, style: Style) -> nn.Module:
    """Return an operation that keeps the channels; ``zero`` has none, since it adds nothing to a sum.

    Maps that it halves have even sides.

    Raises:
        ConfigError: no such operation.
    """
    family, kernel = _parsed(name)
    return family.make(kernel, channels, style)


def is_rectified(name: str, style: Style) -> bool:
    """Tell whether an operation takes the state after a ReLU.

    Raises:
        ConfigError: no such operation.
    """
    return _parsed(name)[0].rectified and style.relu == BEFORE


def way_of(names: Iterable[str], *, where: str = "network.operations") -> str:
    """Return what the candidates of an edge do to the sides of a map: ``down``, ``up`` or nothing.

    Raises:
        ConfigError: no such operation, or operations of several ways; ``where`` is told.
    """
    ways = {_parsed(name)[0].way: name for name in names if name != ZERO}
    if len(ways) > 1:
        what = f"{' and '.join(map(repr, ways.values()))} give maps of different sizes"
        raise ConfigError(what, where=where, remedy="The candidates of an edge are all down, all up, or neither")
    return next(iter(ways), KEEP)


def norm(channels: int, style: Style) -> nn.Module:
    """Return the normalisation of a style."""
    return norm_layer(style.norm, channels, affine=style.affine)


def _parsed(name: str) -> tuple[Family, int]:
    if name in PLAIN:
        return FAMILIES[name], 1
    kind, _, kernel = name.rpartition(" ")
    family = None if kind in PLAIN else FAMILIES.get(kind)
    if family is None or not kernel.isdecimal() or int(kernel) < 1 or not (family.even or int(kernel) % 2):
        known = ", ".join(f"{kind} {2 if family.even else 3}" for kind, family in FAMILIES.items() if kind not in PLAIN)
        remedy = f"There are {known}, {', '.join(PLAIN)} and {ZERO}"
        raise ConfigError(f"no operation {name!r}", where="network.operations", remedy=remedy)
    return family, int(kernel)


def _kernels(
    kernel: int, channels: int, way: str, axes: int, *, bias: bool, dilation: int = 1, groups: int = 1
) -> nn.Module:
    """Return a convolution that keeps, halves or doubles every side.

    A transposed one with dilation 2, as NAS-3D-U-Net has it, reaches every other voxel of each axis; the rest gets its
    bias alone.
    """
    padding = dilation * (kernel // 2)
    make = partial(TRANSPOSED[axes], output_padding=1) if way == UP else CONVOLUTIONS[axes]
    stride = 1 if way == KEEP else 2
    return make(channels, channels, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias)


def _completed(layers: list[nn.Module], channels: int, style: Style) -> nn.Module:
    """Return layers with what follows them; the ReLU works in place unless it might be on the state itself."""
    relu = [nn.ReLU(inplace=bool(layers))] if style.relu == AFTER else []
    return nn.Sequential(*layers, norm(channels, style), *relu)


def _convolution(kernel: int, channels: int, style: Style, *, way: str, dilation: int = 1) -> nn.Module:
    bias = needs_bias(style.norm)
    layer = _kernels(kernel, channels, way, style.axes, bias=bias, dilation=dilation)
    return _completed([layer], channels, style)


def _separable(kernel: int, channels: int, style: Style, *, way: str) -> nn.Module:
    each = _kernels(kernel, channels, way, style.axes, groups=channels, bias=False)
    across = CONVOLUTIONS[style.axes](channels, channels, 1, bias=needs_bias(style.norm))
    return _completed([each, across], channels, style)


def _excited(kernel: int, channels: int, style: Style, *, way: str) -> nn.Module:
    layer = _kernels(kernel, channels, way, style.axes, bias=needs_bias(style.norm))
    return _completed([Excitation(channels), layer], channels, style)


def _max_pooling(kernel: int, channels: int, style: Style) -> nn.Module:
    return nn.Sequential(MAX_POOLING[style.axes](kernel, 1, kernel // 2), norm(channels, style))


def _average_pooling(kernel: int, channels: int, style: Style) -> nn.Module:
    return nn.Sequential(AveragePooling(kernel), norm(channels, style))


def _max_halving(kernel: int, channels: int, style: Style) -> nn.Module:
    return MAX_POOLING[style.axes](kernel, 2, (kernel - 1) // 2)


def _average_halving(kernel: int, channels: int, style: Style) -> nn.Module:
    return AVERAGE_POOLING[style.axes](kernel, 2, (kernel - 1) // 2, count_include_pad=False)


def _identity(kernel: int, channels: int, style: Style) -> nn.Module:
    return _completed([], channels, style)


def _ways() -> dict[str, Family]:
    """Return the families of convolutions three times: as they are, halving and doubling."""
    kinds: dict[str, Callable[..., nn.Module]] = {
        "convolution": _convolution,
        "separable": _separable,
        "dilated": partial(_convolution, dilation=2),
        "squeeze excitation": _excited,
    }
    return {
        f"{way} {kind}".strip(): Family(partial(make, way=way), rectified=True, way=way)
        for way in (KEEP, DOWN, UP)
        for kind, make in kinds.items()
    }


FAMILIES = {
    **_ways(),
    "max pooling": Family(_max_pooling, rectified=False),
    "average pooling": Family(_average_pooling, rectified=False),
    # Without a normalisation (NAS-3D-U-Net, section 2.4, and its released code).
    f"{DOWN} max pooling": Family(_max_halving, rectified=False, way=DOWN, even=True),
    f"{DOWN} average pooling": Family(_average_halving, rectified=False, way=DOWN, even=True),
    SKIP: Family(lambda kernel, channels, style: nn.Identity(), rectified=False),
    IDENTITY: Family(_identity, rectified=False),
}
