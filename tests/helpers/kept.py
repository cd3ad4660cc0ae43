"""What a network keeps for its gradient, counted on tensors without memory."""

from __future__ import annotations

import torch
from torch import nn


def kept_gigabytes(network: nn.Module, images: torch.Tensor) -> float:
    """Return the size of all tensors that a forward pass saves, in GB; parameters that are saved count as well."""
    kept: dict[int, torch.Tensor] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        kept[value.untyped_storage()._cdata] = value  # held, so that no other takes its place
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        network(images)
    return sum(value.untyped_storage().nbytes() for value in kept.values()) / 1e9
