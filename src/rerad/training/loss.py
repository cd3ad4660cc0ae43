"""The losses of a network's heads and their weighted sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from rerad.core.errors import ReradError
from rerad.models.output import Output

QUANTITIES = ("loss", "loss_classification", "loss_voxels")
EPSILON = 1e-6  # nas3dunet section 3.3
TINY = 1e-12  # a root has no slope at 0


def losses(output: Output, target: Tensor | None, mask: Tensor, settings: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return ``loss`` and its parts: (1 - w) x cross-entropy of the case + w x loss of the voxels.

    ``target`` (batch,) class indices; ``mask`` (batch, *shape), the GTV as 0 and 1. With ``settings`` w = ``voxels``
    (0.5) and ``kind`` of the voxels' loss: the mean cross-entropy over voxels, that of :func:`dice`, or with
    ``weighted_dice``, where ``mask`` is (batch, regions, *shape), that of :func:`weighted_dice`.
    A network with one head has that head's loss alone, whatever w. Chmfl, Eq. 1, with a mean in place of its sum.
    Of a regression ``target`` is (batch, outputs) and ``settings["values"]`` names its loss: the mean absolute error,
    the mean squared error or its root (:func:`rmse`).

    Raises:
        ReradError: the network has neither head, or one that the cohort has nothing for.
    """
    if output.values is not None and target is not None:
        return {"loss": _VALUE_LOSSES[settings["values"]](output.values.float(), target)}
    parts: dict[str, Tensor] = {}
    if output.logits is not None:
        if target is None:
            what = "the network classifies, and the cases have no target"
            raise ReradError(what, where="models", remedy="Train a network that segments only")
        parts["loss_classification"] = functional.cross_entropy(output.logits.float(), target)
    if output.voxels is not None:
        parts["loss_voxels"] = _VOXEL_LOSSES[settings.get("kind", "cross_entropy")](output.voxels.float(), mask)
    if not parts:
        raise ReradError("the network gives neither logits nor voxels", where="models", remedy="Give it a head")
    weight = float(settings.get("voxels", 0.5))
    if len(parts) == 1:
        return {"loss": next(iter(parts.values())), **parts}
    return {"loss": (1 - weight) * parts["loss_classification"] + weight * parts["loss_voxels"], **parts}


def voxel_cross_entropy(voxels: Tensor, mask: Tensor) -> Tensor:
    """Return the mean cross-entropy over all voxels of logits (batch, 2, *shape)."""
    return functional.cross_entropy(voxels, mask.long())


def dice(voxels: Tensor, mask: Tensor) -> Tensor:
    """Return 1 - the mean soft Dice of the foreground, 2 sum(pg) / (sum(p^2) + sum(g^2)) (Milletari 2016)."""
    chance = torch.softmax(voxels, dim=1)[:, 1].flatten(1)
    truth = mask.flatten(1).to(chance.dtype)
    overlap = (chance * truth).sum(dim=1)
    size = (chance.square() + truth.square()).sum(dim=1)
    return 1 - (2 * overlap / size.clamp_min(torch.finfo(chance.dtype).tiny)).mean()


def weighted_dice(voxels: Tensor, mask: Tensor) -> Tensor:
    """Return :func:`soft_dice_loss` of logits (batch, regions, *shape) of regions that may overlap."""
    if voxels.shape != mask.shape:
        told = f"the network answers {tuple(voxels.shape[1:])} where the cohort has {tuple(mask.shape[1:])}"
        raise ReradError(f"{told} (regions first)", where="models", remedy="Give it one output channel a region")
    return soft_dice_loss(torch.sigmoid(voxels), mask)


def soft_dice_loss(chance: Tensor, mask: Tensor) -> Tensor:
    """Return 1 - the mean over samples and regions of (ε + 2 sum(pg)) / (ε + sum(p) + sum(g)).

    ``chance`` and ``mask`` (batch, regions, *shape). The paper calls it weighted, and all its regions weigh a third.

    Source: nas3dunet, Eq. 3.
    """
    truth = mask.flatten(2).to(chance.dtype)
    chance = chance.flatten(2)
    overlap = (chance * truth).sum(dim=2)
    return 1 - ((EPSILON + 2 * overlap) / (EPSILON + chance.sum(dim=2) + truth.sum(dim=2))).mean()


def rmse(values: Tensor, target: Tensor) -> Tensor:
    """Return the root of the mean squared error over a batch (batch, outputs); smooth where there is no error.

    Source: Parekh and Jacobs 2019, section 2.3.
    """
    return (functional.mse_loss(values, target) + TINY).sqrt()


_VOXEL_LOSSES = {"cross_entropy": voxel_cross_entropy, "dice": dice, "weighted_dice": weighted_dice}
_VALUE_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mae": functional.l1_loss,
    "mse": functional.mse_loss,
    "rmse": rmse,
}
