"""The encoder of one modality: five levels, each half the size and twice the channels of the one before."""

from __future__ import annotations

from torch import Tensor, nn

from rerad.models.hierarchical.blocks import convolve

LEVELS = 5


class Encoder(nn.Module):
    """Convolution of 5 at full size, then four of 2 with stride 2, each with norm and ELU.

    Source: Table SI of the paper, HMFL module.
    """

    def __init__(self, axes: int, channels: int, width: int, norm: str) -> None:
        super().__init__()
        blocks = [convolve(axes, channels, width, kernel=5, norm=norm)]
        for level in range(LEVELS - 1):
            blocks.append(convolve(axes, width << level, width << (level + 1), kernel=2, stride=2, norm=norm))
        self.blocks = nn.ModuleList(blocks)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the maps of all levels, the finest first, from images (batch, channels, *shape)."""
        maps = []
        for block in self.blocks:
            images = block(images)
            maps.append(images)
        return maps
