"""What a network says about a whole case that it sees patch by patch."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from rerad.core.errors import ReradError
from rerad.imaging.patches import by_patches
from rerad.training.device import memory_format, precision
from rerad.training.inputs import Sample, noted
from rerad.training.judged import Judged
from rerad.training.loss import soft_dice_loss

if TYPE_CHECKING:
    from rerad.training.patches import Patches

# Patches that a network gets at a time. On the CPU torch takes a convolution of a single small sample by another way,
# several times as slow as of two; on a GPU a second patch would only need memory.
TOGETHER = {"cpu": 2}


def judge_stitched(network: nn.Module, inputs: Patches, case: int, *, whole: bool) -> Judged:
    """Return what a network says about a case: the labels of its brain cube if ``whole``, and their mean Dice.

    Probabilities are the mean over the patches that cover a voxel. ``losses`` are those of the stitched case, not of
    patches, most of which may have no tumour.

    Raises:
        ReradError: the network answers other regions than the cohort has.
    """
    stored = inputs.opened(case)
    images = np.stack([stored.images[channel] for channel in inputs.channels()])
    chance = stitched(network, inputs, torch.from_numpy(images).to(inputs.device), case)
    labels = torch.from_numpy(np.array(stored.labels)).to(inputs.device)
    truth = inputs.masks(labels[None])
    if chance.shape != truth.shape[1:]:
        told = f"the network answers {len(chance)} regions where the cohort has {truth.shape[1]}"
        raise ReradError(told, where="models", remedy="Give it one output channel a region")
    loss = float(soft_dice_loss(chance[None], truth))
    painted = inputs.paint(chance.cpu().numpy(), (images != 0).any(axis=0))
    called = inputs.masks(torch.from_numpy(painted).to(inputs.device)[None])
    judged = Judged(case, losses={"loss": loss, "loss_voxels": loss}, dice=mean_dice(called, truth))
    if whole:
        judged.mask, judged.shown = painted, inputs.largest(case)
    return judged


def stitched(network: nn.Module, inputs: Patches, images: Tensor, case: int) -> Tensor:
    """Return the probabilities (regions, z, y, x) of the images (channels, z, y, x) of a case."""
    recipe, number = inputs.recipe, itertools.count()

    def chance(patches: Tensor) -> Tensor:
        seen = [Sample(case, part) for part in itertools.islice(number, len(patches))]
        with noted(inputs, seen), precision(recipe, inputs.device):
            output = network(patches.contiguous(memory_format=memory_format(recipe, len(inputs.shape))), None)
        if output.voxels is None:
            raise ReradError("the network has no voxels to stitch", where="models", remedy="Train one that segments")
        return torch.sigmoid(output.voxels.float())

    return by_patches(chance, images, inputs.shape, together=TOGETHER.get(inputs.device.type, 1))


def mean_dice(called: Tensor, truth: Tensor) -> float:
    """Return the mean over the regions (1, regions, z, y, x) of Dice; 1 of a region that nobody has."""
    overlap = (called & truth).flatten(2).sum(dim=2)[0].double()
    size = (called.flatten(2).sum(dim=2) + truth.flatten(2).sum(dim=2))[0].double()
    return float(torch.where(size > 0, 2 * overlap / size.clamp_min(1), 1.0).mean())
