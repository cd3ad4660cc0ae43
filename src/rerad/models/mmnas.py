"""MM-NAS: stems for PET, CT and their sum, a normal cell that fuses, reduction cells, and a small head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from rerad.core.errors import ConfigError
from rerad.models.cells.alphas import Alphas
from rerad.models.cells.cell import KEEP_ALL, CellMaker, Levers, adapt, found_cells, searched_cells
from rerad.models.cells.genotype import read_genotype
from rerad.models.cells.operations import Style
from rerad.models.cells.space import INPUTS, NODE, Space
from rerad.models.hierarchical.blocks import CONVOLUTIONS
from rerad.models.hierarchical.head import Head, pool
from rerad.models.initialise import initialise
from rerad.models.normalisation import needs_bias, norm_layer
from rerad.models.options import complete, spatial_axes
from rerad.models.output import Output, mean_activation
from rerad.models.padding import crop, pad

DEFAULTS: dict[str, Any] = {
    "channels": 8,  # ours: of a node of the normal cell; an output has as many as all its nodes
    "nodes": 3,  # ours
    "reductions": 3,  # ours: 112 x 112 x 144 becomes 7 x 7 x 9
    "stem_stride": 2,  # ours: so that a search at full size fits 11 GB
    "norm": "batch",  # statistics of the batch at evaluation too, since it is one case
    "operations": [  # section 2.4
        *[f"{kind} {kernel}" for kind in ("convolution", "separable", "dilated") for kernel in (3, 5)],
        *["max pooling 3", "average pooling 3", "skip", "zero"],
    ],
    "dropout": 0.0,  # the paper names none
    "genotype": None,  # what a search found
}
TASKS = ("classification",)
NORMAL, REDUCTION = "normal", "reduction"


def build(settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0) -> MmNas:
    """Build the found network for images of ``shape`` (z, y, x) or (y, x); ``settings`` override ``DEFAULTS``.

    Sides that the reductions do not divide are filled up with zeros inside the network.

    Raises:
        ConfigError: an unknown setting or value, other than two images, or no genotype.
        ReradError: the genotype is none of this network's space.

    Source: section 2.2 of the paper.
    """
    options = complete(settings, DEFAULTS)
    axes = spatial_axes(shape)
    genotype = read_genotype(options["genotype"], space(settings, dims=axes))
    style = Style(axes, options["norm"], affine=True)
    network = MmNas(options, channels, shape, style, found_cells(genotype, style))
    initialise(network)
    return network


def supernet(
    settings: dict[str, Any],
    *,
    channels: tuple[str, ...],
    shape: tuple[int, ...],
    columns: int = 0,
    levers: Levers = KEEP_ALL,
) -> MmNas:
    """Build the network with all candidates on every edge, for a search; norms in cells do not scale (DARTS).

    Raises:
        ConfigError: an unknown setting or value, or other than two images.
    """
    options = complete(settings, DEFAULTS)
    axes = spatial_axes(shape)
    known = space(settings, dims=axes)
    style = Style(axes, options["norm"], affine=False)
    network = MmNas(options, channels, shape, style, searched_cells(known, style, levers), Alphas(known))
    initialise(network)
    return network


def space(settings: dict[str, Any], *, dims: int) -> Space:
    """Return what the search chooses from: the same operations on all edges of both kinds of cells.

    Raises:
        ConfigError: an unknown setting.
    """
    options = complete(settings, DEFAULTS)
    everywhere = dict.fromkeys((*INPUTS, NODE), tuple(options["operations"]))
    return Space("mmnas", dims, options["nodes"], {NORMAL: everywhere, REDUCTION: everywhere})


class MmNas(nn.Module):
    """N1 (PET, CT) → R1 (PET + CT, N1) → R2 (N1, R1) → R3 (R1, R2) → … → two convolutions → fully connected layer.

    A reduction cell takes its inputs at half the newer one's size; its operations have stride one (section 2.4).
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        channels: tuple[str, ...],
        shape: tuple[int, ...],
        style: Style,
        make: Mapping[str, CellMaker],
        alphas: Alphas | None = None,
    ) -> None:
        super().__init__()
        if len(channels) != 2 or "GTV" in channels:
            what = f"channels {', '.join(channels)} where the network fuses two images"
            raise ConfigError(what, where="modalities", remedy="Name two images, such as PET and CT")
        self.keep_maps = False
        self.alphas = alphas
        width, nodes = options["channels"], options["nodes"]
        self.stride = options["stem_stride"]
        self.multiple = self.stride * 2 ** options["reductions"]
        self.maps_shape = tuple(-(-side // self.stride) for side in shape)
        self.stems = nn.ModuleList(_stem(nodes * width, self.stride, style) for _ in ("PET", "CT", "PET + CT"))
        # The normal cell keeps the stem's channels: an output has those of all nodes.
        inputs = [adapt(nodes * width, width, 0, style) for _ in INPUTS]
        cells = [make[NORMAL](inputs, width)]
        older, newer = (nodes * width, 0), (nodes * width, 0)  # channels, halvings so far
        for level in range(1, options["reductions"] + 1):
            node = width << level
            inputs = [adapt(taken, node, level - before, style) for taken, before in (older, newer)]
            cells.append(make[REDUCTION](inputs, node))
            older, newer = newer, (nodes * node, level)
        self.cells = nn.ModuleList(cells)
        last = width << options["reductions"]
        self.convolutions = nn.Sequential(*_convolutions(newer[0], last, style))
        self.head = Head(last, [], options["dropout"])

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return logits and features of ``images`` (batch, 2, *shape)."""
        images = pad(images, self.multiple)
        first, second = images[:, :1], images[:, 1:]
        stems = [stem(given) for stem, given in zip(self.stems, (first, second, first + second), strict=True)]
        kinds = [NORMAL] + [REDUCTION] * (len(self.cells) - 1)
        weights = {kind: self.alphas.weights(kind) for kind in set(kinds)} if self.alphas is not None else {}
        fused = self.cells[0](stems[0], stems[1], weights.get(NORMAL))
        older, newer = stems[2], fused
        for kind, cell in zip(kinds[1:], list(self.cells)[1:], strict=True):
            older, newer = newer, cell(older, newer, weights.get(kind))
        features, logits = self.head(pool([self.convolutions(newer)]))
        maps = crop(mean_activation(fused), self.maps_shape) if self.keep_maps else None
        return Output(logits, None, features, maps)


def _stem(given: int, stride: int, style: Style) -> nn.Module:
    convolution = CONVOLUTIONS[style.axes](1, given, 3, stride=stride, padding=1, bias=needs_bias(style.norm))
    return nn.Sequential(convolution, norm_layer(style.norm, given))


def _convolutions(taken: int, given: int, style: Style) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before in (taken, given):
        convolution = CONVOLUTIONS[style.axes](before, given, 3, padding=1, bias=needs_bias(style.norm))
        layers += [convolution, norm_layer(style.norm, given), nn.ReLU(inplace=True)]
    return layers
