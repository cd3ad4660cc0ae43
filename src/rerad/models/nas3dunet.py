"""NAS-3D-U-Net: downward and upward cells of one searched structure each, joined as a U."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from rerad.core.errors import ConfigError
from rerad.models.cells.alphas import Alphas
from rerad.models.cells.cell import KEEP_ALL, CellMaker, Levers, found_cells, searched_cells
from rerad.models.cells.genotype import read_genotype
from rerad.models.cells.operations import AFTER, Style, norm, way_of
from rerad.models.cells.space import DOWN, INPUTS, KEEP, NODE, UP, Space
from rerad.models.hierarchical.blocks import CONVOLUTIONS
from rerad.models.initialise import initialise
from rerad.models.normalisation import needs_bias
from rerad.models.options import complete, spatial_axes
from rerad.models.output import Output, mean_activation
from rerad.models.padding import check_sides

NORMAL = "normal"
# Table 1. Convolutions have kernels of 3; poolings of 2 are those of the released code.
CONVOLVED = ("convolution 3", "dilated 3", "separable 3", "squeeze excitation 3")
CANDIDATES = {
    DOWN: [*(f"down {name}" for name in CONVOLVED), "down max pooling 2", "down average pooling 2"],
    UP: [f"up {name}" for name in CONVOLVED],
    NORMAL: [*CONVOLVED, "identity"],
}
DEFAULTS: dict[str, Any] = {
    "channels": 4,  # of a node of the last upward cell: the paper's m, the number of modalities
    "nodes": 3,  # section 3.3
    "zoom": 2,  # section 3.3: θ, a node's channels from one level to the next
    "depth": 4,  # Fig. 3: downward cells; there is one upward cell more
    "norm": "group:16|1",  # released code
    "operations": CANDIDATES,
    "regions": 3,  # WT, TC, ET
    "dropout": 0.5,  # released code; of whole channels before the last convolution
    "search_dropout": 0.1,  # released code
    "genotype": None,  # what a search found
}
TASKS = ("segmentation",)
DROPOUTS = {2: nn.Dropout2d, 3: nn.Dropout3d}


def build(
    settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0
) -> Nas3dUnet:
    """Build the found network for patches of ``shape`` (z, y, x) or (y, x); ``settings`` override ``DEFAULTS``.

    Raises:
        ConfigError: an unknown setting or value, no genotype, or a patch that cannot be halved often enough.
        ReradError: the genotype is none of this network's space.

    Source: section 2.4 of the paper; what it leaves open from its released code (woodywff/nas_3d_unet).
    """
    options = complete(settings, DEFAULTS)
    axes = spatial_axes(shape)
    genotype = read_genotype(options["genotype"], space(settings, dims=axes))
    style = Style(axes, options["norm"], affine=True, relu=AFTER)
    network = Nas3dUnet(options, channels, shape, style, found_cells(genotype, style), options["dropout"])
    initialise(network)
    return network


def supernet(
    settings: dict[str, Any],
    *,
    channels: tuple[str, ...],
    shape: tuple[int, ...],
    columns: int = 0,
    levers: Levers = KEEP_ALL,
) -> Nas3dUnet:
    """Build the network with all candidates on every edge, for a search; its norms scale and shift (released code).

    Raises:
        ConfigError: an unknown setting or value, or a patch that cannot be halved often enough.
    """
    options = complete(settings, DEFAULTS)
    axes = spatial_axes(shape)
    known = space(settings, dims=axes)
    style = Style(axes, options["norm"], affine=True, relu=AFTER)
    cells = searched_cells(known, style, levers)
    network = Nas3dUnet(options, channels, shape, style, cells, options["search_dropout"], Alphas(known))
    initialise(network)
    return network


def space(settings: dict[str, Any], *, dims: int) -> Space:
    """Return what the search chooses from: what is larger than a node comes down to it, what is smaller comes up.

    Raises:
        ConfigError: an unknown setting, or an operation that does not do so.

    Source: Fig. 5 and Table 1 of the paper.
    """
    options = complete(settings, DEFAULTS)
    operations = options["operations"]
    for way, wanted in ((DOWN, DOWN), (UP, UP), (NORMAL, KEEP)):
        _check_way(operations[way], wanted, f"network.operations.{way}")
    down, up, normal = (tuple(operations[way]) for way in (DOWN, UP, NORMAL))
    older, newer = INPUTS
    cells = {DOWN: {older: down, newer: down, NODE: normal}, UP: {older: normal, newer: up, NODE: normal}}
    return Space("nas3dunet", dims, options["nodes"], cells, relative=True)


class Nas3dUnet(nn.Module):
    """P0 and P1 → D1 (P0, P1) → D2 (P1, D1) → … → U1 (D3, D4) → U2 (D2, U1) → … → U5 (P0, U4) → last convolution.

    P1 and every downward cell halve the sides, every upward cell doubles those of its newer input.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        channels: tuple[str, ...],
        shape: tuple[int, ...],
        style: Style,
        make: Mapping[str, CellMaker],
        dropout: float,
        alphas: Alphas | None = None,
    ) -> None:
        super().__init__()
        check_sides(shape, 2 ** (options["depth"] + 1))
        self.keep_maps = False
        self.alphas = alphas
        nodes, last = options["nodes"], options["channels"]
        widths = [last * options["zoom"] ** level for level in range(1, options["depth"] + 1)]
        self.stems = nn.ModuleList(
            _layers(len(channels), nodes * last, kernel, stride, style) for kernel, stride in ((1, 1), (3, 2))
        )
        given = [nodes * last, nodes * last]
        downs, ups = [], []
        for width in widths:
            # A downward cell has its inputs at the newer one's size.
            inputs = [_prepared(given[-2], width, 2, style), _prepared(given[-1], width, 1, style)]
            downs.append(make[DOWN](inputs, width))
            given.append(nodes * width)
        newer = given.pop()
        for width in (*reversed(widths), last):
            inputs = [_prepared(given.pop(), width, 1, style), _prepared(newer, width, 1, style)]
            ups.append(make[UP](inputs, width))
            newer = nodes * width
        self.downs, self.ups = nn.ModuleList(downs), nn.ModuleList(ups)
        self.head = nn.Sequential(DROPOUTS[style.axes](dropout), CONVOLUTIONS[style.axes](newer, options["regions"], 1))

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return every region's ``voxels``, before the sigmoid, of ``images`` (batch, channels, *shape)."""
        down, up = (self.alphas.weights(kind) if self.alphas is not None else None for kind in (DOWN, UP))
        maps = [stem(images) for stem in self.stems]
        for cell in self.downs:
            maps.append(cell(maps[-2], maps[-1], down))
        newer = maps.pop()
        for cell in self.ups:
            newer = cell(maps.pop(), newer, up)
        return Output(voxels=self.head(newer), maps=mean_activation(newer) if self.keep_maps else None)


def _check_way(names: list[str], wanted: str, where: str) -> None:
    found = way_of(names, where=where)
    if found != wanted:
        what = f"{names[0]!r} where operations {'keep the size of a map' if wanted == KEEP else f'go {wanted}'}"
        remedy = "Begin its name with it" if wanted else f"Leave out the word {found}"
        raise ConfigError(what, where=where, remedy=remedy)


def _layers(taken: int, given: int, kernel: int, stride: int, style: Style) -> nn.Sequential:
    convolution = CONVOLUTIONS[style.axes](
        taken, given, kernel, stride=stride, padding=kernel // 2, bias=needs_bias(style.norm)
    )
    return nn.Sequential(convolution, norm(given, style))


def _prepared(taken: int, given: int, stride: int, style: Style) -> nn.Module:
    """Return what a cell does to an input: ReLU, convolution of 1, norm (Fig. 5: pre0, pre1)."""
    return nn.Sequential(nn.ReLU(), *_layers(taken, given, 1, stride, style))
