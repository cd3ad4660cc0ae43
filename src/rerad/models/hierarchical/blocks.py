"""Convolutions in two and three dimensions with their norm and activation."""

from __future__ import annotations

from torch import nn

from rerad.models.normalisation import needs_bias, norm_layer

CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def convolve(
    axes: int, taken: int, given: int, *, kernel: int, stride: int = 1, norm: str, activation: nn.Module | None = None
) -> nn.Sequential:
    """Return convolution, norm and activation (ELU unless given); stride 1 keeps the size, stride = kernel tiles."""
    convolution = CONVOLUTIONS[axes](
        taken, given, kernel, stride=stride, padding=kernel // 2 if stride == 1 else 0, bias=needs_bias(norm)
    )
    return nn.Sequential(convolution, norm_layer(norm, given), activation or nn.ELU(inplace=True))


def enlarge(axes: int, taken: int, given: int, *, norm: str) -> nn.Sequential:
    """Return a transposed convolution that doubles every side, with norm and ELU."""
    convolution = TRANSPOSED[axes](taken, given, 2, stride=2, bias=needs_bias(norm))
    return nn.Sequential(convolution, norm_layer(norm, given), nn.ELU(inplace=True))
