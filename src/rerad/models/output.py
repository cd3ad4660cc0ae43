"""What every network gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Output(NamedTuple):
    """The heads of a network for a batch of images (batch, channels, *shape); what it does not have is None.

    ``logits`` (batch, 2) of the case; ``voxels`` (batch, 2, *shape), logits of every voxel; ``features`` (batch, n),
    the last hidden vector before the classifier; ``maps`` (batch, *spatial), the mean absolute activation of the map
    that is shown, only if the network's attribute ``keep_maps`` is True.
    """

    logits: Tensor | None = None
    voxels: Tensor | None = None
    features: Tensor | None = None
    maps: Tensor | None = None
