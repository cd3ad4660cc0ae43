"""What a network says about cases, one case at a time: no score depends on which other cases are judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rerad.training.companion import Fuse
from rerad.training.inputs import Inputs
from rerad.training.judged import Judged


def judge(
    network: nn.Module,
    inputs: Inputs,
    cases: Sequence[int],
    table: Tensor | None,
    *,
    fuse: Fuse | None = None,
    whole: bool = False,
) -> list[Judged]:
    """Return what the network says about each case, its scores fused with a companion's; masks and maps if ``whole``.

    The random numbers of the training stay as they are.
    """
    devices = [inputs.device] if inputs.device.type == "cuda" else []
    was_training = network.training
    network.eval()
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            found = [inputs.judge(network, case, table, whole=whole) for case in cases]
    finally:
        network.train(was_training)
    scores = np.array([one.score for one in found if one.score is not None])
    # What is no number is told with the name of its case, later.
    if fuse and len(scores) and np.isfinite(scores).all():
        for one, score in zip(found, fuse(cases, scores), strict=True):
            one.score = float(score)
    return found
