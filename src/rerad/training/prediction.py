"""What a network says about cases, one case at a time: no score depends on which other cases are judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rerad.models.output import Output
from rerad.training.companion import Fuse
from rerad.training.device import memory_format, precision
from rerad.training.loss import losses
from rerad.training.volumes import Sample, Volumes, batch, samples


@dataclass
class Judged:
    """What came out for one case; what the network does not give is None.

    ``score``: probability of the positive class, the mean over the case's slices; ``losses`` likewise; ``mask``
    (z, y, x), predicted; ``dice`` of it; ``features`` (n,), the mean over slices; ``map`` (y', x') at the axial slice
    ``shown``, the one with the largest GTV.
    """

    case: int
    score: float | None = None
    losses: dict[str, float] = field(default_factory=dict)
    mask: NDArray[np.bool_] | None = None
    dice: float | None = None
    features: NDArray[np.float32] | None = None
    map: NDArray[np.float32] | None = None
    shown: int = 0


def judge(
    network: nn.Module,
    volumes: Volumes,
    cases: Sequence[int],
    table: Tensor | None,
    *,
    fuse: Fuse | None = None,
    whole: bool = False,
) -> list[Judged]:
    """Return what the network says about each case, its scores fused with a companion's; masks and maps if ``whole``.

    The random numbers of the training stay as they are.
    """
    devices = [volumes.device] if volumes.device.type == "cuda" else []
    was_training = network.training
    network.eval()
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            found = [_judge_case(network, volumes, case, table, whole=whole) for case in cases]
    finally:
        network.train(was_training)
    scores = np.array([one.score for one in found if one.score is not None])
    # What is no number is told with the name of its case, later.
    if fuse and len(scores) and np.isfinite(scores).all():
        for one, score in zip(found, fuse(cases, scores), strict=True):
            one.score = float(score)
    return found


def _judge_case(network: nn.Module, volumes: Volumes, case: int, table: Tensor | None, *, whole: bool) -> Judged:
    judged = Judged(case, shown=volumes.largest(case) if whole else 0)
    own = samples(volumes, [case])
    scores, features, parts = [], [], []
    overlap = np.zeros(3)
    if whole:
        judged.mask = np.zeros(volumes.arrays["GTV"].shape[1:], dtype=bool)
    for chosen in _portions(own, volumes.recipe.batch):
        output, part, found = _forward(network, volumes, chosen, table)
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
    network: nn.Module, volumes: Volumes, chosen: Sequence[Sample], table: Tensor | None
) -> tuple[Output, dict[str, float], tuple[Tensor, NDArray] | None]:
    """Return the output, its losses, and the predicted mask with (intersection, predicted, true) voxels."""
    given = batch(volumes, chosen, table)
    recipe = volumes.recipe
    images = given.images.contiguous(memory_format=memory_format(recipe, len(volumes.shape)))
    with precision(recipe, volumes.device):
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
            place = slice(None) if sample.slice < 0 else sample.slice
            judged.mask[place] = mask[index].cpu().numpy()
        if output.maps is None:
            continue
        map_ = output.maps[index].float()
        if sample.slice < 0:
            depth = judged.mask.shape[0] if judged.mask is not None else 1
            judged.map = map_[judged.shown * len(map_) // depth].cpu().numpy()
        elif sample.slice == judged.shown:
            judged.map = map_.cpu().numpy()
