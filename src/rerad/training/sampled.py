"""What a network says about a case on a grid, from all of its samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.models.output import Output
from rerad.training.device import memory_format, precision
from rerad.training.inputs import Inputs, Sample
from rerad.training.judged import Judged
from rerad.training.loss import losses


def judge_samples(network: nn.Module, inputs: Inputs, case: int, table: Tensor | None, *, whole: bool) -> Judged:
    """Return what a network in evaluation says about a case: means over its samples; mask and map if ``whole``."""
    judged = Judged(case, shown=inputs.largest(case) if whole else 0)
    own = inputs.samples([case])
    scores, features, parts = [], [], []
    overlap = np.zeros(3)
    if whole:
        judged.mask = np.zeros(inputs.truth(case).shape, dtype=bool)
    for chosen in _portions(own, inputs.recipe.batch):
        output, part, found = _forward(network, inputs, chosen, table)
        parts.append({name: value * len(chosen) / len(own) for name, value in part.items()})
        if output.logits is not None:
            scores.append(torch.softmax(output.logits.double(), dim=1)[:, 1].cpu().numpy())
        if output.features is not None and whole:
            features.append(output.features.float().cpu().numpy())
        if found is not None:
            overlap += found[1]
        if whole:
            _keep(judged, chosen, output, None if found is None else found[0])
    judged.losses = {name: float(sum(part[name] for part in parts)) for name in parts[0]}
    judged.score = float(np.concatenate(scores).mean()) if scores else None
    judged.features = np.concatenate(features).mean(axis=0) if features else None
    if found is None:
        judged.mask = None
    else:
        judged.dice = float(2 * overlap[0] / max(overlap[1] + overlap[2], 1.0))
    return judged


def _portions(own: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    for start in range(0, len(own), size):
        yield own[start : start + size]


def _forward(
    network: nn.Module, inputs: Inputs, chosen: Sequence[Sample], table: Tensor | None
) -> tuple[Output, dict[str, float], tuple[Tensor, NDArray] | None]:
    """Return the output, its losses, and the predicted mask with (intersection, predicted, true) voxels."""
    given = inputs.batch(chosen, table)
    recipe = inputs.recipe
    images = given.images.contiguous(memory_format=memory_format(recipe, len(inputs.shape)))
    with precision(recipe, inputs.device):
        output = network(images, given.table)
    part = {name: float(value) for name, value in losses(output, given.target, given.mask, recipe.loss).items()}
    if output.voxels is None:
        return output, part, None
    mask, truth = output.voxels[:, 1] > output.voxels[:, 0], given.mask > 0
    counts = torch.stack([(mask & truth).sum(), mask.sum(), truth.sum()])
    return output, part, (mask, counts.cpu().numpy().astype(float))


def _keep(judged: Judged, chosen: Sequence[Sample], output: Output, mask: Tensor | None) -> None:
    """Put masks where their slices are, and keep the map of the slice that is shown."""
    for index, sample in enumerate(chosen):
        if mask is not None and judged.mask is not None:
            place = slice(None) if sample.part < 0 else sample.part
            judged.mask[place] = mask[index].cpu().numpy()
        if output.maps is None:
            continue
        map_ = output.maps[index].float()
        if sample.part < 0:
            depth = judged.mask.shape[0] if judged.mask is not None else 1
            judged.map = map_[judged.shown * len(map_) // depth].cpu().numpy()
        elif sample.part == judged.shown:
            judged.map = map_.cpu().numpy()
