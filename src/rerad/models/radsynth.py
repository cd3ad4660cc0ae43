"""RadSynth: one value of a texture map from the patch around a voxel, and the same for a whole image at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, unfold

from rerad.core.errors import CaseError, ConfigError
from rerad.models.options import complete
from rerad.models.output import Output

DEFAULTS: dict[str, Any] = {
    "filters": [128, 64, 32, 16],
    "dropout": 0.2,
}
TASKS = ("synthesis",)
PATCH = 5
# A slice of the large layer at a time: 4 × (128 + 64) numbers a pixel.
PIXELS = 2**14


def build(
    settings: dict[str, Any],
    *,
    channels: Sequence[str] = ("MR",),
    shape: tuple[int, ...] = (PATCH, PATCH),
    columns: int = 0,
) -> RadSynth:
    """Build the network for patches of 5 × 5 of one image.

    Raises:
        ConfigError: an unknown setting, not four layers, or another input.

    Source: Parekh and Jacobs 2019, section 2.3 and Fig. 1. Zero padding ("same") is not stated but needed: 5 → 2 → 1.
    """
    options = complete(settings, DEFAULTS)
    if len(options["filters"]) != 4:
        raise ConfigError(
            f"{len(options['filters'])} layers cannot be used", where="network.filters", remedy="Give four numbers"
        )
    if len(channels) != 1 or tuple(shape) != (PATCH, PATCH) or columns:
        told = f"{len(channels)} images in patches of {' × '.join(map(str, shape))} and {columns} features"
        raise ConfigError(f"no {told}", where="radsynth", remedy="Give patches of 5 × 5 of one image (input: windows)")
    return RadSynth(options["filters"], options["dropout"])


class RadSynth(nn.Module):
    """Four convolutions of 3 × 3, each with normalisation and ReLU; pooling after the first two; one linear layer."""

    def __init__(self, filters: list[int], dropout: float) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in zip([1, *filters], filters, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in filters)
        self.pool = nn.MaxPool2d(2, 2)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(filters[-1], 1)

    def forward(self, patches: Tensor, table: Tensor | None = None) -> Output:
        """Return a value for each of ``patches`` (batch, 1, 5, 5); there is no table."""
        del table
        found = patches
        for layer, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            found = relu(norm(convolution(found)))
            if layer < 2:
                found = self.pool(found)
        return Output(values=self.output(self.dropout(found.flatten(1))))

    def map(self, image: Tensor) -> Tensor:
        """Return the value at the centre of every patch of an image (y, x): shape (y - 4, x - 4)."""
        return dense(self, image)


@torch.no_grad()
def by_patches(network: RadSynth, image: Tensor, *, batch: int) -> Tensor:
    """Return the network's value at the centre of every patch of an image (y, x): shape (y - 4, x - 4).

    Patch by patch, ``batch`` at a time: the plain way, which :func:`dense` must equal.
    """
    height, width = image.shape
    patches = image.unfold(0, PATCH, 1).unfold(1, PATCH, 1).reshape(-1, 1, PATCH, PATCH)
    found = [network(part).values[:, 0] for part in patches.split(batch)]
    return torch.cat(found).reshape(height - PATCH + 1, width - PATCH + 1)


@torch.no_grad()
def dense(network: RadSynth, image: Tensor, *, pixels: int = PIXELS) -> Tensor:
    """Return what :func:`by_patches` returns, with the work that neighbouring patches share done once.

    A patch is padded with zeros of its own, so its first row and column see a kernel without its upper row or left
    column. (Its last ones are not pooled.) Four convolutions over the image, with whole and with cut kernels, have
    all that any patch needs; each patch takes its four maxima from there. The second layer then sees 2 × 2 numbers and
    zeros around them: a matrix product. From the third on only the centre of a kernel meets anything but zeros.

    Args:
        network: in evaluation mode.
        image: shape (y, x), each side at least 5.
        pixels: how many at once, about; memory grows with it.

    Raises:
        ConfigError: the network is in training mode, where patches depend on each other.
        CaseError: the image is smaller than a patch.
    """
    if network.training:
        raise ConfigError("the network is in training mode", where="radsynth.dense", remedy="Call eval() first")
    if min(image.shape) < PATCH:
        raise CaseError(f"{tuple(image.shape)} holds no patch of 5 × 5", where="image", remedy="Give a larger one")
    height, width = image.shape[0] - PATCH + 1, image.shape[1] - PATCH + 1
    rows = max(1, pixels // width)
    parts = [_strip(network, image[top : top + rows + PATCH - 1]) for top in range(0, height, rows)]
    return torch.cat(parts)


def _strip(network: RadSynth, image: Tensor) -> Tensor:
    height, width = image.shape[0] - PATCH + 1, image.shape[1] - PATCH + 1
    quarters = _first_layer(network, image, height, width)
    found = _second_layer(network, quarters)
    for layer in (2, 3):
        weight, bias = _folded(network, layer)
        found = relu(torch.addmm(bias[:, None], weight[:, :, 1, 1], found))
    return (network.output.weight @ found + network.output.bias[:, None]).reshape(height, width)


def _first_layer(network: RadSynth, image: Tensor, height: int, width: int) -> Tensor:
    """Return the pooled first layer of every patch: shape (4, filters, patches), quarters row by row."""
    weight, bias = _folded(network, 0)
    seen = unfold(image[None, None], 3, padding=1)[0]  # a product with it keeps 32 bits on a GPU, a convolution may not

    def layer(cut_top: bool, cut_left: bool) -> Tensor:
        cut = weight.clone()
        if cut_top:
            cut[:, :, 0] = 0
        if cut_left:
            cut[:, :, :, 0] = 0
        return relu(torch.addmm(bias[:, None], cut.flatten(1), seen)).reshape(-1, *image.shape)

    whole, top, left, corner = layer(False, False), layer(True, False), layer(False, True), layer(True, True)

    def at(values: Tensor, y: int, x: int) -> Tensor:
        return values[:, y : y + height, x : x + width]

    found = []
    for y in (0, 2):
        for x in (0, 2):
            upper_left = corner if (y, x) == (0, 0) else top if y == 0 else left if x == 0 else whole
            upper_right = top if y == 0 else whole
            lower_left = left if x == 0 else whole
            most = torch.maximum(at(upper_left, y, x), at(upper_right, y, x + 1))
            most = torch.maximum(most, at(lower_left, y + 1, x))
            found.append(torch.maximum(most, at(whole, y + 1, x + 1)).flatten(1))
    return torch.stack(found)


def _second_layer(network: RadSynth, quarters: Tensor) -> Tensor:
    """Return the pooled second layer of every patch: shape (filters, patches)."""
    weight, bias = _folded(network, 1)
    given = quarters.flatten(0, 1)
    found = None
    for y in (0, 1):
        for x in (0, 1):
            taps = [weight[:, :, 1 + v - y, 1 + u - x] for v in (0, 1) for u in (0, 1)]
            values = torch.addmm(bias[:, None], torch.cat(taps, dim=1), given)
            found = values if found is None else torch.maximum(found, values)
    assert found is not None
    return relu(found)


def _folded(network: RadSynth, layer: int) -> tuple[Tensor, Tensor]:
    """Return weights and bias of a convolution with the normalisation after it."""
    convolution, norm = network.convolutions[layer], network.norms[layer]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert convolution.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = (convolution.bias - norm.running_mean) * scale + norm.bias
    return convolution.weight * scale[:, None, None, None], bias
