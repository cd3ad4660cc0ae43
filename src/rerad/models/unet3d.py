"""3D-U-Net, the network that NAS-3D-U-Net is compared with: Isensee's of BraTS 2017, as its users rebuilt it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rerad.core.errors import ConfigError
from rerad.models.hierarchical.blocks import CONVOLUTIONS
from rerad.models.initialise import initialise
from rerad.models.normalisation import GroupNorm
from rerad.models.options import complete, spatial_axes
from rerad.models.output import Output, mean_activation
from rerad.models.padding import check_sides

DEFAULTS: dict[str, Any] = {
    "width": 16,  # Isensee 2017: channels of the first level, doubled with every other
    "depth": 5,  # Isensee 2017: levels
    "heads": 3,  # Isensee 2017: levels that segment, the finest ones
    "context": "preactivation",  # Isensee 2017; the released code of the paper's reference 36 has postactivation
    "dropout": 0.3,  # Isensee 2017
    "regions": 3,  # WT, TC, ET
}
TASKS = ("segmentation",)
SLOPE = 0.01  # Isensee 2017: of the leaky ReLU
DROPOUTS = {2: nn.Dropout2d, 3: nn.Dropout3d}


def build(settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0) -> Unet3d:
    """Build the network for patches of ``shape`` (z, y, x) or (y, x); ``settings`` override ``DEFAULTS``.

    Raises:
        ConfigError: an unknown setting or value, or a patch that cannot be halved often enough.

    Source: Isensee et al., BrainLes 2017; the up-sampling is that of the paper's reference 36 (woodywff/brats_2019).
    """
    network = Unet3d(complete(settings, DEFAULTS), channels, shape)
    initialise(network)
    return network


class Unet3d(nn.Module):
    """Context modules on the way down, localisation modules on the way up, one segmentation from several levels."""

    def __init__(self, options: dict[str, Any], channels: tuple[str, ...], shape: tuple[int, ...]) -> None:
        super().__init__()
        axes, depth, heads = spatial_axes(shape), options["depth"], options["heads"]
        if options["context"] not in CONTEXTS:
            what, remedy = f"no context module {options['context']!r}", f"Write {' or '.join(CONTEXTS)}"
            raise ConfigError(what, where="network.context", remedy=remedy)
        if not 1 <= heads < depth:
            what = f"{heads} segmenting levels of {depth}"
            raise ConfigError(what, where="network.heads", remedy="Write 1 or more, and fewer than network.depth")
        check_sides(shape, 2 ** (depth - 1))
        self.keep_maps = False
        widths = [options["width"] << level for level in range(depth)]
        context = CONTEXTS[options["context"]]
        self.contexts = nn.ModuleList(
            context(axes, taken, width, options["dropout"], stride=2 if level else 1)
            for level, (taken, width) in enumerate(zip([len(channels), *widths], widths, strict=False))
        )
        levels = list(enumerate(widths))[-2::-1]
        self.enlarged = nn.ModuleList(_activated(axes, 2 * width, width, 3) for _, width in levels)
        self.localised = nn.ModuleList(
            nn.Sequential(_activated(axes, 2 * width, width, 3), _activated(axes, width, width, 1))
            for _, width in levels
        )
        self.heads = nn.ModuleList(
            CONVOLUTIONS[axes](width, options["regions"], 1) for level, width in levels if level < heads
        )

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return every region's ``voxels``, before the sigmoid, of ``images`` (batch, channels, *shape)."""
        skipped = [images]
        for context in self.contexts:
            skipped.append(context(skipped[-1]))
        maps = skipped.pop()
        voxels: Tensor | None = None
        silent = len(self.localised) - len(self.heads)
        for number, (enlarged, localised) in enumerate(zip(self.enlarged, self.localised, strict=True)):
            maps = localised(torch.cat([skipped.pop(), enlarged(_doubled(maps))], dim=1))
            if number >= silent:
                found = self.heads[number - silent](maps)
                voxels = found if voxels is None else _doubled(voxels) + found
        return Output(voxels=voxels, maps=mean_activation(maps) if self.keep_maps else None)


class Preactivation(nn.Module):
    """A convolution, to which what a residual block of norms, leaky ReLUs and convolutions makes of it is added."""

    def __init__(self, axes: int, taken: int, given: int, dropout: float, *, stride: int) -> None:
        super().__init__()
        self.entry = _convolution(axes, taken, given, 3, stride)
        self.block = nn.Sequential(
            *_activation(given),
            _convolution(axes, given, given, 3),
            DROPOUTS[axes](dropout),
            *_activation(given),
            _convolution(axes, given, given, 3),
        )
        self.exit = nn.Sequential(*_activation(given))

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (batch, given, *shape) of ``maps`` (batch, taken, *stride times the shape)."""
        entered = self.entry(maps)
        return self.exit(entered + self.block(entered))


class Postactivation(nn.Module):
    """A convolution, norm and leaky ReLU, to which what two more of them make of it is added."""

    def __init__(self, axes: int, taken: int, given: int, dropout: float, *, stride: int) -> None:
        super().__init__()
        self.entry = _activated(axes, taken, given, 3, stride)
        first, second = (_activated(axes, given, given, 3) for _ in range(2))
        self.block = nn.Sequential(first, DROPOUTS[axes](dropout), second)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (batch, given, *shape) of ``maps`` (batch, taken, *stride times the shape)."""
        entered = self.entry(maps)
        return entered + self.block(entered)


CONTEXTS = {"preactivation": Preactivation, "postactivation": Postactivation}


def _convolution(axes: int, taken: int, given: int, kernel: int, stride: int = 1) -> nn.Module:
    """Return a convolution without bias, which the norm that follows each but the last ones takes out again."""
    return CONVOLUTIONS[axes](taken, given, kernel, stride=stride, padding=kernel // 2, bias=False)


def _activation(channels: int) -> list[nn.Module]:
    # A group a channel: instance normalisation, which also takes maps of a single voxel.
    return [GroupNorm(channels, channels), nn.LeakyReLU(SLOPE, inplace=True)]


def _activated(axes: int, taken: int, given: int, kernel: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(_convolution(axes, taken, given, kernel, stride), *_activation(given))


def _doubled(maps: Tensor) -> Tensor:
    """Return maps with every voxel twice along each axis."""
    return functional.interpolate(maps, scale_factor=2, mode="nearest")
