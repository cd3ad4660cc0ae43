"""MOR+3D CNN: a 3-D CNN of twelve convolutions, whose score is fused with that of a many-objective feature model.

An approximation of Chen et al. (Phys. Med. Biol. 64 (2019) 075011): theirs are a CNN of twelve convolutions, a feature
model with sensitivity and specificity as objectives and the fusion by evidential reasoning. Filters, norms, two
max-poolings, two fully connected layers, the pooling before them and the linear model of the features are ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.models import many_objective
from rerad.models.evidential import fuse_scores
from rerad.models.fitted import Fitted
from rerad.models.hierarchical.blocks import convolve
from rerad.models.hierarchical.head import Head, pool
from rerad.models.initialise import initialise
from rerad.models.options import complete, modalities, spatial_axes
from rerad.models.output import Output, mean_activation

DEFAULTS: dict[str, Any] = {
    "width": 16,  # ours: filters of the first group; doubled in each of the next two
    "norm": "batch",
    "hidden": [64],  # ours; with the classifier the two fully connected layers
    "dropout": 0.5,  # ours
}
TASKS = ("classification",)
GROUPS, DEPTH = 3, 4  # 3 groups of 4 convolutions, a pooling between groups


def build(settings: dict[str, Any], *, channels: tuple[str, ...], shape: tuple[int, ...], columns: int = 0) -> MorCnn:
    """Build the 3-D CNN for volumes of ``shape`` (z, y, x), all images stacked as channels.

    Raises:
        ConfigError: an unknown setting or images that are no volumes.
    """
    network = MorCnn(complete(settings, DEFAULTS), channels, shape)
    initialise(network)
    return network


def companion(table: pd.DataFrame, target: NDArray, *, settings: dict[str, Any], seed: int) -> Fitted:
    """Search and fit the many-objective feature model on a training fold (cases, features).

    ``settings`` are those of ``many_objective.choose``.
    """
    chosen, _ = many_objective.choose(table, target, settings=settings, seed=seed)
    return many_objective.fit(table, target, chosen=chosen, recipe=settings, seed=seed)


def fuse(cnn: NDArray, features: NDArray, *, settings: dict[str, Any]) -> NDArray[np.float64]:
    """Return the fused score (cases,) of the CNN's and the feature model's, by evidential reasoning.

    ``settings`` has ``weights`` and ``reliabilities``, each of the CNN first.
    """
    scores = np.stack([np.asarray(cnn, dtype=float), np.asarray(features, dtype=float)])
    return fuse_scores(scores, weights=settings["weights"], reliabilities=settings["reliabilities"])


class MorCnn(nn.Module):
    """Three groups of four convolutions of 3, each with norm and ReLU, max-pooling of 2 between the groups."""

    def __init__(self, options: dict[str, Any], channels: tuple[str, ...], shape: tuple[int, ...]) -> None:
        super().__init__()
        axes = spatial_axes(shape, (3,))
        modalities(channels)
        self.keep_maps = False
        taken, groups = len(channels), []
        for group in range(GROUPS):
            given = options["width"] << group
            blocks = []
            for _ in range(DEPTH):
                blocks.append(
                    convolve(axes, taken, given, kernel=3, norm=options["norm"], activation=nn.ReLU(inplace=True))
                )
                taken = given
            groups.append(nn.Sequential(*blocks))
        self.groups = nn.ModuleList(groups)
        # Rounding up leaves a voxel of the smallest image.
        self.pool = nn.MaxPool3d(2, ceil_mode=True)
        self.head = Head(taken, options["hidden"], options["dropout"])

    def forward(self, images: Tensor, table: Tensor | None = None) -> Output:
        """Return logits and features of ``images`` (batch, channels, z, y, x)."""
        finest = None
        for number, group in enumerate(self.groups):
            images = group(images if number == 0 else self.pool(images))
            finest = images if number == 0 else finest
        features, logits = self.head(pool([images]))
        assert finest is not None
        return Output(logits, None, features, mean_activation(finest) if self.keep_maps else None)
