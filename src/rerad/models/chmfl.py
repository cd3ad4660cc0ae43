"""CHMFL and all that is built from its parts: CFL, Mask+HMFL, the plain 2-D and 3-D CNNs, other norms and widths."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn

from rerad.core.errors import ReradError
from rerad.models.hierarchical.decoder import Decoder, UpBlock, output_transition
from rerad.models.hierarchical.encoder import LEVELS, Encoder
from rerad.models.hierarchical.head import Head, pool
from rerad.models.initialise import initialise
from rerad.models.options import complete, fusion_of, modalities, spatial_axes
from rerad.models.output import Output, mean_activation
from rerad.models.padding import crop, pad, padded_shape

DEFAULTS: dict[str, Any] = {
    "width": 16,  # channels of the first level, Table SI
    "norm": "batch",  # statistics of the batch at evaluation too
    "fusion": "hierarchical",  # pools all levels; "last": the deepest alone
    "pool_last": True,  # false: the deepest level enters unpooled, as Eq. 4 can be read
    "decoder": True,
    "residual": [2, 2, 1, 1],  # convolutions of each up block, as in V-Net
    "hidden": [256, 64],  # ours; the paper gives no sizes
    "dropout": 0.5,  # section II.D
}
SIDES = 2 ** (LEVELS - 1)


def tasks(settings: dict[str, Any]) -> tuple[str, ...]:
    """Return what a network of these settings is trained for."""
    return ("classification", "segmentation") if complete(settings, DEFAULTS)["decoder"] else ("classification",)


def build(
    settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0
) -> Hierarchical:
    """Build a network for images of ``shape`` (z, y, x) or (y, x) with the given ``channels``.

    ``settings`` override ``DEFAULTS``; ``columns`` handcrafted features join the pooled ones. Sides that are no
    multiples of 16 are filled up with zeros inside the network.

    Raises:
        ConfigError: an unknown setting or value, or an image with other than 2 or 3 axes.

    Source: sections II.C and II.D and Table SI of the paper.
    """
    network = Hierarchical(complete(settings, DEFAULTS), channels, shape, columns)
    initialise(network)
    return network


def layers(network: Hierarchical) -> list[tuple[str, str, nn.Module]]:
    """Return module, layer and part of each row of Table SI, and those rows it leaves out: residuals and head."""
    rows: list[tuple[str, str, nn.Module]] = []
    for level, block in enumerate(cast(Encoder, network.encoders[0]).blocks):
        rows.append(("HMFL Module", f"Down_Conv_{level}" if level else "Input Transition", block))
    if network.decoder is not None and network.output is not None:
        for number, up in enumerate(network.decoder.blocks, 1):
            block = cast(UpBlock, up)
            rows += [
                ("CFL Module", f"Up_Conv_{number}", block.enlarge),
                ("CFL Module", f"Residual_{number}", block.residual),
            ]
        rows.append(("CFL Module", "Output Transition", network.output))
    for number, block in enumerate([*network.head.hidden, network.head.classifier], 1):
        rows.append(("Prediction", f"Fully_Connected_{number}", block))
    return rows


class Hierarchical(nn.Module):
    """One encoder for each image, their levels pooled into one prediction, and a decoder of the tumour."""

    def __init__(
        self, options: dict[str, Any], channels: tuple[str, ...], shape: tuple[int, ...], columns: int
    ) -> None:
        super().__init__()
        axes, width, norm = spatial_axes(shape), options["width"], options["norm"]
        self.keep_maps = False
        self.columns = columns
        self.fusion, self.pool_last = fusion_of(options), options["pool_last"]
        self.inputs, seen = modalities(channels)
        branches = len(self.inputs)
        self.encoders = nn.ModuleList(Encoder(axes, seen, width, norm) for _ in range(branches))
        sizes = [branches * (width << level) for level in range(LEVELS)]
        self.decoder, self.output = None, None
        if options["decoder"]:
            deepest_first = sizes[-2::-1]
            self.decoder = Decoder(
                axes,
                sizes[-1],
                widths=[size // branches for size in deepest_first],
                skips=deepest_first,
                depths=options["residual"],
                norm=norm,
            )
            self.output = output_transition(axes, self.decoder.given, norm)
        last = 1 if self.pool_last else math.prod(side // SIDES for side in padded_shape(shape, SIDES))
        fused = (sum(sizes[:-1]) if self.fusion == "hierarchical" else 0) + sizes[-1] * last
        self.head = Head(fused + columns, options["hidden"], options["dropout"])

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return all heads for ``images`` (batch, channels, *shape) and handcrafted ``table`` (batch, columns)."""
        shape = tuple(images.shape[2:])
        images = pad(images, SIDES)
        # One list of the modalities' maps for each level.
        levels = [
            list(level)
            for level in zip(
                *(encoder(images[:, seen]) for encoder, seen in zip(self.encoders, self.inputs, strict=True)),
                strict=True,
            )
        ]
        features, logits = self.head(self.fuse(levels, table))
        finest = levels[0]
        voxels = None
        if self.decoder is not None and self.output is not None:
            finest = [self.decoder(torch.cat(levels[-1], dim=1), levels[-2::-1])]
            voxels = crop(self.output(finest[0]), shape)
        maps = crop(mean_activation(*finest), shape) if self.keep_maps else None
        return Output(logits, voxels, features, maps)

    def fuse(self, levels: list[list[Tensor]], table: Tensor | None = None) -> Tensor:
        """Return the vector (batch, n) that enters the head: Eq. 4, and the handcrafted features if there are any.

        Raises:
            ReradError: handcrafted features are missing or too many.
        """
        parts = [pool(level) for level in levels[:-1]] if self.fusion == "hierarchical" else []
        parts.append(pool(levels[-1]) if self.pool_last else torch.cat(levels[-1], dim=1).flatten(1))
        found = 0 if table is None else table.shape[1]
        if found != self.columns:
            raise ReradError(
                f"{found} handcrafted features where the network expects {self.columns}",
                where="recipe.table",
                remedy="Build the network with the columns it is fed",
            )
        return torch.cat(parts if table is None else [*parts, table.to(parts[0].dtype)], dim=1)
