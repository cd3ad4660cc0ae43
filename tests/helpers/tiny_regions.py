"""The smallest networks of overlapping regions: one that is built, and one that is searched for."""

from __future__ import annotations

import torch
from torch import nn

from rerad.models.cells.alphas import Alphas
from rerad.models.cells.genotype import Genotype
from rerad.models.cells.space import Space
from rerad.models.output import Output

TASKS = ("segmentation",)
KERNELS = {"convolution 1": 1, "convolution 3": 3}


def space(settings, *, dims):
    return Space("tiny_regions", dims, 1, {"down": dict.fromkeys(("input 0", "input 1", "node"), tuple(KERNELS))})


def build(settings, *, channels, shape, columns=0):
    kernel = settings.get("kernel", 3)
    if "genotype" in settings:
        found = Genotype.from_dict(settings["genotype"], where="network.genotype")
        kernel = KERNELS[found.cells["down"][0].operation]
    return Regions(len(channels), kernel, settings)


def supernet(settings, *, channels, shape, columns, levers):
    return Searched(len(channels), space(settings, dims=len(shape)), settings)


class Regions(nn.Module):
    """One convolution, dropout, and an output channel a region."""

    def __init__(self, channels, kernel, settings):
        super().__init__()
        width = settings.get("width", 4)
        self.first = nn.Conv3d(channels, width, kernel, padding=kernel // 2)
        self.dropout = nn.Dropout(settings.get("dropout", 0.1))
        self.last = nn.Conv3d(width, settings.get("regions", 3), 1)

    def forward(self, images, table=None):
        return Output(voxels=self.last(self.dropout(torch.relu(self.first(images / 50)))))


class Searched(nn.Module):
    """Two edges, each a mixture of two convolutions."""

    def __init__(self, channels, space, settings):
        super().__init__()
        self.alphas = Alphas(space)
        self.edges = nn.ModuleList(
            nn.ModuleList(nn.Conv3d(channels, 4, kernel, padding=kernel // 2) for kernel in KERNELS.values())
            for _ in space.edges("down")
        )
        self.dropout = nn.Dropout(settings.get("dropout", 0.1))
        self.last = nn.Conv3d(4, settings.get("regions", 3), 1)

    def forward(self, images, table=None):
        mixed = sum(
            weight * candidate(images / 50)
            for edge, weights in zip(self.edges, self.alphas.weights("down"), strict=True)
            for candidate, weight in zip(edge, weights, strict=True)
        )
        return Output(voxels=self.last(self.dropout(torch.relu(mixed))))
