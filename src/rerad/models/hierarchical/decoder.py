"""The decoder that constrains the features: from the deepest level back to a label of every voxel."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from rerad.models.hierarchical.blocks import CONVOLUTIONS, convolve, enlarge
from rerad.models.padding import crop


class UpBlock(nn.Module):
    """Enlarge, join the modalities' maps of that level, and learn a residual of the joined map.

    Transposed convolution, norm, ELU; concatenation with the skips; ``depth`` times convolution of 5, norm, ELU; plus
    the concatenation; ELU. Gives ``up`` + ``skips`` channels.

    Source: Table SI and section II.C of the paper, in the order of V-Net's up transition (Milletari et al. 2016).
    """

    def __init__(self, axes: int, taken: int, up: int, skips: int, depth: int, norm: str) -> None:
        super().__init__()
        self.enlarge = enlarge(axes, taken, up, norm=norm)
        joined = up + skips
        self.residual = nn.Sequential(*[convolve(axes, joined, joined, kernel=5, norm=norm) for _ in range(depth)])

    def forward(self, maps: Tensor, skips: list[Tensor]) -> Tensor:
        enlarged = crop(self.enlarge(maps), tuple(skips[0].shape[2:]))
        joined = torch.cat([enlarged, *skips], dim=1)
        return functional.elu(self.residual(joined) + joined, inplace=True)


class Decoder(nn.Module):
    """One up block for each level of skips, the deepest first.

    ``taken`` channels come in; ``widths`` are those of the enlarged maps, ``skips`` those of all skips of a level
    together, ``depths`` the convolutions of the residuals. ``given`` channels come out.
    """

    def __init__(
        self, axes: int, taken: int, *, widths: list[int], skips: list[int], depths: list[int], norm: str
    ) -> None:
        super().__init__()
        blocks = []
        for width, skip, depth in zip(widths, skips, depths, strict=True):
            blocks.append(UpBlock(axes, taken, width, skip, depth, norm))
            taken = width + skip
        self.blocks = nn.ModuleList(blocks)
        self.given = taken

    def forward(self, maps: Tensor, skips: list[list[Tensor]]) -> Tensor:
        for block, skip in zip(self.blocks, skips, strict=True):
            maps = block(maps, skip)
        return maps


def output_transition(axes: int, taken: int, norm: str, classes: int = 2) -> nn.Sequential:
    """Return convolution of 5, norm, ELU and convolution of 1 to the logits of each voxel.

    Source: Table SI of the paper; its softmax is part of the loss.
    """
    return nn.Sequential(
        *convolve(axes, taken, classes, kernel=5, norm=norm), CONVOLUTIONS[axes](classes, classes, kernel_size=1)
    )
