"""The layers of a network with their output sizes, as Table SI prints them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from rerad.models import chmfl

# Table SI leaves these out.
NOT_PRINTED = ("Residual", "Fully_Connected")


def table_si(
    settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0
) -> list[dict[str, Any]]:
    """Return the layers of the CHMFL network of these settings, none of it computed or held in memory.

    Rows: ``module``, ``layer``, ``details`` (kernel size, stride, padding), ``output_size`` (batch of one, channels,
    *shape), ``parameters``, and ``printed``: whether the paper's Table SI has such a row. Its softmax is part of our
    loss.
    """
    with torch.device("meta"):
        network = chmfl.build(settings, channels=channels, shape=shape, columns=columns)
        images = torch.empty(1, len(channels), *shape)
        table = torch.empty(1, columns) if columns else None
    rows = chmfl.layers(network)
    sizes = output_sizes(network, [block for _, _, block in rows], images, table)
    return [
        {
            "module": module,
            "layer": layer,
            "details": describe(block),
            "output_size": "×".join(map(str, size)),
            "parameters": sum(value.numel() for value in block.parameters()),
            "printed": not layer.startswith(NOT_PRINTED),
        }
        for (module, layer, block), size in zip(rows, sizes, strict=True)
    ]


def output_sizes(
    network: nn.Module, blocks: list[nn.Module], images: Tensor, table: Tensor | None = None
) -> list[tuple[int, ...]]:
    """Return the size of the output of each block in one pass of ``network``."""
    found: dict[int, tuple[int, ...]] = {}

    def keep(block: nn.Module, _: Any, output: Tensor) -> None:
        found[id(block)] = tuple(output.shape)

    handles = [block.register_forward_hook(keep) for block in blocks]
    network(images, table)
    for handle in handles:
        handle.remove()
    return [found[id(block)] for block in blocks]


def describe(block: nn.Module) -> str:
    """Return the layers of a block in the paper's words: Conv3d (5×5×5, 1, 2); BatchNorm; ELU."""
    return "; ".join(_layer(part) for part in block.modules() if not list(part.children()) and _layer(part))


def _layer(part: nn.Module) -> str:
    if isinstance(part, _ConvNd):
        kernel = "×".join(map(str, part.kernel_size))
        return f"{type(part).__name__} ({kernel}, {part.stride[0]}, {part.padding[0]})"
    if isinstance(part, _BatchNorm):
        return "BatchNorm"
    if isinstance(part, nn.GroupNorm):
        return f"GroupNorm ({part.num_groups})"
    if isinstance(part, nn.Linear):
        return f"Linear ({part.in_features}, {part.out_features})"
    return type(part).__name__
