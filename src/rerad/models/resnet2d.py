"""2-D ResNets: one encoder for each image with late concatenation, and CHMFL on the same encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rerad.models import pretrained
from rerad.models.hierarchical.blocks import convolve, enlarge
from rerad.models.hierarchical.decoder import Decoder, output_transition
from rerad.models.hierarchical.head import Head, pool
from rerad.models.initialise import initialise
from rerad.models.normalisation import replace_batch_norm
from rerad.models.options import complete, fusion_of, modalities, spatial_axes
from rerad.models.output import Output, mean_activation
from rerad.models.padding import crop
from rerad.models.pretrained import BLOCKS, load_encoder, read_weights, resnet

DEFAULTS: dict[str, Any] = {
    "depth": 18,
    "width": 64,  # He 2016
    "norm": "batch",
    "fusion": "last",  # mean of the last stage, as the original; "hierarchical": maxima of all stages
    "decoder": False,
    "decoder_width": 16,  # as CHMFL
    "residual": [2, 2, 1, 1],  # as CHMFL
    "hidden": [],  # the original's single layer; CHMFL: 256, 64
    "dropout": 0.0,  # CHMFL: 0.5
}


def tasks(settings: dict[str, Any]) -> tuple[str, ...]:
    """Return what a network of these settings is trained for."""
    return ("classification", "segmentation") if complete(settings, DEFAULTS)["decoder"] else ("classification",)


def build(settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0) -> Resnet:
    """Build the network for slices of ``shape`` (y, x) of any size.

    ``fusion`` hierarchical with ``decoder`` is CHMFL+ResNet: the maxima of the stem and the four stages of both
    encoders enter the head; the decoder is CHMFL's, whose skips are brought to its widths by convolutions of 1, with
    one more enlargement since a ResNet's stem halves the image.

    Raises:
        ConfigError: an unknown setting or value, or images that are no slices.

    Source: supplementary section SIII (transfer learning) of the paper, which gives no details.
    """
    network = Resnet(complete(settings, DEFAULTS), channels, shape)
    initialise(network)
    return network


def write_weights(path: Path, settings: dict[str, Any], seed: int) -> None:
    """Write a phantom of the published weights, random ones in their layout, for a network of these settings."""
    options = complete(settings, DEFAULTS)
    pretrained.write_weights(path, options["depth"], options["width"], seed)


def load_weights(network: Resnet, path: Path) -> None:
    """Load published weights (torchvision's layout) from a file into the encoders of all images.

    Raises:
        WeightsError: the file does not fit; the fault is listed.
    """
    state = read_weights(path, network.depth, network.width)
    for encoder in network.encoders:
        load_encoder(encoder, state)


class Resnet(nn.Module):
    """One ResNet encoder for each image, a head, and where asked CHMFL's decoder."""

    def __init__(self, options: dict[str, Any], channels: tuple[str, ...], shape: tuple[int, ...]) -> None:
        super().__init__()
        axes, norm = spatial_axes(shape, (2,)), options["norm"]
        self.keep_maps = False
        self.depth, self.width, self.fusion = options["depth"], options["width"], fusion_of(options)
        self.inputs, seen = modalities(channels)
        self.encoders = nn.ModuleList(resnet(self.depth, self.width, channels=seen, classes=None) for _ in self.inputs)
        replace_batch_norm(self.encoders, norm)
        branches = len(self.inputs)
        sizes = [branches * size for size in stage_sizes(self.depth, self.width)]
        self.skips, self.decoder, self.last, self.output = None, None, None, None
        if options["decoder"]:
            widths = [options["decoder_width"] << level for level in (3, 2, 1, 0)]
            joined = [branches * width for width in widths]
            self.skips = nn.ModuleList(
                convolve(axes, size, skip, kernel=1, norm=norm)
                for size, skip in zip(sizes[-2::-1], joined, strict=True)
            )
            self.decoder = Decoder(axes, sizes[-1], widths=widths, skips=joined, depths=options["residual"], norm=norm)
            self.last = enlarge(axes, self.decoder.given, widths[-1], norm=norm)
            self.output = output_transition(axes, widths[-1], norm)
        fused = sum(sizes) if self.fusion == "hierarchical" else sizes[-1]
        self.head = Head(fused, options["hidden"], options["dropout"])

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return all heads for ``images`` (batch, channels, y, x)."""
        encoded = [stages(encoder, images[:, seen]) for encoder, seen in zip(self.encoders, self.inputs, strict=True)]
        levels = [torch.cat(level, dim=1) for level in zip(*encoded, strict=True)]
        fused = pool(levels) if self.fusion == "hierarchical" else levels[-1].mean(dim=(2, 3))
        features, logits = self.head(fused)
        finest, voxels = levels[0], None
        if self.decoder is not None:
            assert self.skips is not None
            assert self.last is not None
            assert self.output is not None
            skips = [[skip(level)] for skip, level in zip(self.skips, levels[-2::-1], strict=True)]
            finest = crop(self.last(self.decoder(levels[-1], skips)), tuple(images.shape[2:]))
            voxels = self.output(finest)
        return Output(logits, voxels, features, mean_activation(finest) if self.keep_maps else None)


def stages(encoder: Any, images: Tensor) -> list[Tensor]:
    """Return the maps of the stem (half size) and the four stages (to a 32nd) of a ResNet."""
    maps = [encoder.act(encoder.bn1(encoder.conv1(images)))]
    taken = encoder.maxpool(maps[0])
    for stage in (encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4):
        taken = stage(taken)
        maps.append(taken)
    return maps


def stage_sizes(depth: int, width: int) -> list[int]:
    """Return the channels of the stem and the four stages."""
    expansion = 4 if BLOCKS[depth][0] == "bottleneck" else 1
    return [width, *(expansion * (width << stage) for stage in range(4))]
