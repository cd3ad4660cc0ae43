"""CNLPC (the `mmnas` paper's DLHN): convolution, non-linearity, pooling and classification of the largest slice."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn

from rerad.models.hierarchical.head import Head
from rerad.models.initialise import initialise
from rerad.models.options import complete, modalities, spatial_axes
from rerad.models.output import Output, mean_activation

DEFAULTS: dict[str, Any] = {
    "width": 64,  # filters of the first block, Diamant 2019
    "hidden": [256],  # ours
    "dropout": 0.5,  # Diamant 2019
}
TASKS = ("classification",)
POOL = 4


def build(settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0) -> Cnlpc:
    """Build the network for slices of ``shape`` (y, x).

    Three blocks of convolution (64 filters of 5, 128 of 3, 256 of 3), PReLU and max-pooling of 4. Each image has its
    own blocks; their maps are flattened and joined before the fully connected layer. Convolutions keep the size and
    pooling rounds up, unlike with the original's images of 512 × 512, so that any size is left with a pixel.

    Raises:
        ConfigError: an unknown setting or images that are no slices.

    Source: Diamant et al., Sci. Rep. 9 (2019) 2764; Fig. 3a of the MM-NAS paper for the two images.
    """
    network = Cnlpc(complete(settings, DEFAULTS), channels, shape)
    initialise(network)
    return network


class Cnlpc(nn.Module):
    """One stack of three convolutional blocks for each image, joined by the fully connected layers."""

    def __init__(self, options: dict[str, Any], channels: tuple[str, ...], shape: tuple[int, ...]) -> None:
        super().__init__()
        spatial_axes(shape, (2,))
        self.keep_maps = False
        self.inputs, seen = modalities(channels)
        width = options["width"]
        sizes = [seen, width, 2 * width, 4 * width]
        self.branches = nn.ModuleList(
            nn.ModuleList(
                nn.Sequential(nn.Conv2d(taken, given, kernel, padding=kernel // 2), nn.PReLU(given))
                for taken, given, kernel in zip(sizes[:-1], sizes[1:], (5, 3, 3), strict=True)
            )
            for _ in self.inputs
        )
        self.pool = nn.MaxPool2d(POOL, ceil_mode=True)
        left = math.prod(-(-side // POOL**3) for side in shape)
        self.head = Head(len(self.inputs) * sizes[-1] * left, options["hidden"], options["dropout"], nn.PReLU)

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return logits and features of ``images`` (batch, channels, y, x)."""
        finest, deepest = [], []
        for blocks, seen in zip(self.branches, self.inputs, strict=True):
            maps = images[:, seen]
            for number, block in enumerate(cast(nn.ModuleList, blocks)):
                maps = block(maps)
                if number == 0:
                    finest.append(maps)
                maps = self.pool(maps)
            deepest.append(maps.flatten(1))
        features, logits = self.head(torch.cat(deepest, dim=1))
        return Output(logits, None, features, mean_activation(*finest) if self.keep_maps else None)
