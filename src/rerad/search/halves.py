"""Which training cases teach the weights and which the architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rerad.core.errors import ReradError


def halves(cases: Sequence[int], classes: Sequence[Any], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the cases of the weights and those of α, in order: ``share`` of each class is α's, but never all or none.

    ``classes`` (cases,) may be one for all, where nobody knows more. A class of one case is the weights'.

    Raises:
        ReradError: no class has two cases.
    """
    random = np.random.default_rng(seed)
    alphas: set[int] = set()
    for value in sorted(set(classes)):
        own = [case for case, label in zip(cases, classes, strict=True) if label == value]
        count = min(max(round(share * len(own)), 1), len(own) - 1)
        alphas |= {own[index] for index in random.permutation(len(own))[:count]}
    if not alphas:
        told = f"{len(cases)} training cases are too few to search"
        raise ReradError(told, where="splits.csv", remedy="Bring more cases: α learns from others than the weights")
    return [case for case in cases if case not in alphas], [case for case in cases if case in alphas]
