"""V-Net for the segmentation of Table SIV: MONAI's, with the images as its input channels."""

from __future__ import annotations

from typing import Any

import torch
from monai.networks.nets import vnet as monai
from torch import Tensor, nn

from rerad.core.errors import ConfigError
from rerad.models.initialise import initialise
from rerad.models.normalisation import replace_batch_norm
from rerad.models.options import complete, spatial_axes
from rerad.models.output import Output
from rerad.models.padding import crop, pad

DEFAULTS: dict[str, Any] = {
    "width": 16,  # Milletari 2016
    "norm": "batch",
    "dropout": 0.5,  # MONAI's
}
TASKS = ("segmentation",)
SIDES = 16


def build(settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0) -> Vnet:
    """Build V-Net for volumes (z, y, x) or slices (y, x); sides that are no multiples of 16 are filled up inside.

    Raises:
        ConfigError: an unknown setting, or a width that is no multiple of the number of channels.

    Source: Milletari, Navab and Ahmadi, 3DV 2016; monai.networks.nets.VNet.
    """
    network = Vnet(complete(settings, DEFAULTS), channels, shape)
    initialise(network)
    return network


class Vnet(nn.Module):
    """MONAI's V-Net with two output channels; it shows no maps."""

    def __init__(self, options: dict[str, Any], channels: tuple[str, ...], shape: tuple[int, ...]) -> None:
        super().__init__()
        self.keep_maps = False
        width, taken = options["width"], len(channels)
        if width % taken:
            raise ConfigError(
                f"V-Net of width {width} cannot repeat {taken} channels evenly",
                where="network.width",
                remedy=f"Use a multiple of {taken}",
            )
        self.network = scaled(spatial_axes(shape), taken, width, options["dropout"])
        replace_batch_norm(self.network, options["norm"])

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return the logits of every voxel of ``images`` (batch, channels, *shape)."""
        return Output(voxels=crop(self.network(pad(images, SIDES)), tuple(images.shape[2:])))


def scaled(axes: int, channels: int, width: int, dropout: float) -> nn.Module:
    """Return MONAI's V-Net at ``width`` channels in its first block.

    MONAI's class has 16; its blocks, put in the places of the original's, take any width.
    """
    # The blocks are about to be replaced: without memory, without draws from the generator.
    with torch.device("meta"):
        network = monai.VNet(axes, channels, 2)
    act = ("elu", {"inplace": True})
    w1, w2, w4, w8, w16 = (width << level for level in range(5))
    up = (dropout, dropout)
    network.in_tr = monai.InputTransition(axes, channels, w1, act)
    network.down_tr32 = monai.DownTransition(axes, w1, 1, act)
    network.down_tr64 = monai.DownTransition(axes, w2, 2, act)
    network.down_tr128 = monai.DownTransition(axes, w4, 3, act, dropout_prob=dropout)
    network.down_tr256 = monai.DownTransition(axes, w8, 2, act, dropout_prob=dropout)
    network.up_tr256 = monai.UpTransition(axes, w16, w16, 2, act, dropout_prob=up)
    network.up_tr128 = monai.UpTransition(axes, w16, w8, 2, act, dropout_prob=up)
    network.up_tr64 = monai.UpTransition(axes, w8, w4, 1, act, dropout_prob=(None, dropout))
    network.up_tr32 = monai.UpTransition(axes, w4, w2, 1, act, dropout_prob=(None, dropout))
    network.out_tr = monai.OutputTransition(axes, w2, 2, act)
    return network
