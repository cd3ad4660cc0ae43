"""The smallest network with everything that training must carry through a kill: batch norm, dropout, both heads."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from rerad.models.output import Output

TASKS = ("classification", "segmentation")


def build(settings, *, channels, shape, columns=0):
    return Tiny(settings, len(channels), len(shape), columns)


def load_weights(network, path: Path) -> None:
    network.first.load_state_dict(torch.load(path, weights_only=True))


class Tiny(nn.Module):
    def __init__(self, settings, channels, axes, columns):
        super().__init__()
        width = settings.get("width", 2)
        convolution, norm = (nn.Conv3d, nn.BatchNorm3d) if axes == 3 else (nn.Conv2d, nn.BatchNorm2d)
        self.keep_maps = False
        self.axes = axes
        self.first = convolution(channels, width, 3, padding=1)
        self.norm = norm(width)
        self.voxels = convolution(width, 2, 1) if settings.get("voxels", True) else None
        self.dropout = nn.Dropout(settings.get("dropout", 0.5))
        self.hidden = nn.Linear(2 * width + columns, 4)
        self.logits = nn.Linear(4, 2) if settings.get("logits", True) else None

    def forward(self, images, table=None):
        maps = torch.relu(self.norm(self.first(images)))
        flat = maps.flatten(2)
        pooled = torch.cat([flat.mean(dim=2), flat.amax(dim=2), *([] if table is None else [table])], dim=1)
        features = torch.relu(self.hidden(self.dropout(pooled)))
        return Output(
            None if self.logits is None else self.logits(features),
            None if self.voxels is None else self.voxels(maps),
            features,
            maps.abs().mean(dim=1) if self.keep_maps else None,
        )
