"""What every network gives back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Output(NamedTuple):
    """The heads of a network; None where it has no such head.

    ``logits`` (batch, 2) and ``voxels`` (batch, 2, *shape) before softmax, or, of a network for regions that overlap,
    ``voxels`` (batch, regions, *shape) before the sigmoid, in the order of the task's regions (WT, TC, ET of gliomas);
    ``features`` (batch, n) the last hidden vector before the classifier; ``maps`` (batch, *spatial) the mean absolute
    activation, over channels, of the last feature map at the finest resolution of the network: the decoder's end where
    there is a decoder, else the first level of the encoders. The network computes it only where its attribute
    ``keep_maps`` is true. ``values`` (batch, outputs) is all that a regression gives.
    """

    logits: Tensor | None = None
    voxels: Tensor | None = None
    features: Tensor | None = None
    maps: Tensor | None = None
    values: Tensor | None = None


def mean_activation(*maps: Tensor) -> Tensor:
    """Return the mean absolute activation (batch, *spatial) over the channels of all ``maps`` (batch, n, *spatial)."""
    sums = [part.detach().abs().sum(dim=1) for part in maps]
    return torch.stack(sums).sum(dim=0) / sum(part.shape[1] for part in maps)
