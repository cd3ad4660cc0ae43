"""Which training cases teach the weights and which the architecture."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

log = logging.getLogger(__name__)


def halves(cases: Sequence[int], classes: Sequence[Any], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the cases of the weights and those of α, in order: ``share`` of each class is α's, but never all or none.

    ``classes`` (cases,) may be one for all, where nobody knows more. A class of one case is the weights'; if all
    classes are, they are one for all. A single case teaches both, and a warning says so.
    """
    if len(cases) == 1:
        log.warning("there is one training case: α learns from the case of the weights, and overfits with them")
        return list(cases), list(cases)
    if len(set(classes)) == len(cases):
        classes = [0] * len(cases)
    random = np.random.default_rng(seed)
    alphas: set[int] = set()
    for value in sorted(set(classes)):
        own = [case for case, label in zip(cases, classes, strict=True) if label == value]
        count = min(max(round(share * len(own)), 1), len(own) - 1)
        alphas |= {own[index] for index in random.permutation(len(own))[:count]}
    return [case for case in cases if case not in alphas], [case for case in cases if case in alphas]
