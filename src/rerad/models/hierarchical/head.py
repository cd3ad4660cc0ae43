"""From maps to a prediction of the patient: pooling and the fully connected layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn


class Head(nn.Module):
    """Fully connected layers, an activation and dropout after each but the last, which gives the logits.

    Source: section II.D of the paper: 992 → 256 → 64 → 2, ReLU, dropout 0.5. A ReLU after the last layer as well, as
    its text can be read, would leave no logit below zero.
    """

    def __init__(
        self,
        taken: int,
        hidden: list[int],
        dropout: float,
        activation: Callable[[], nn.Module] = nn.ReLU,
        classes: int = 2,
    ) -> None:
        super().__init__()
        sizes = [taken, *hidden]
        self.hidden = nn.ModuleList(
            nn.Sequential(nn.Linear(before, after), activation()) for before, after in pairwise(sizes)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(sizes[-1], classes)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last hidden vector, before dropout, and the logits of ``values`` (batch, taken)."""
        dropped = values
        for layer in self.hidden:
            values = layer(dropped)
            dropped = self.dropout(values)
        return values, self.classifier(dropped)


def pool(maps: list[Tensor]) -> Tensor:
    """Return the maximum of each channel (batch, channels of all maps) of ``maps`` (batch, channels, *spatial)."""
    # The same maximum as an adaptive max-pooling to one voxel, with a gradient that is deterministic on a GPU as well.
    return torch.cat([part.amax(dim=tuple(range(2, part.dim()))) for part in maps], dim=1)
