"""Which training cases teach the weights and which the architecture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def halves(cases: Sequence[int], target: Sequence[int], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the cases of the weights and those of α, in order: ``share`` of each class is α's, but never all or none.

    ``target`` (cases,) holds their classes.
    """
    random = np.random.default_rng(seed)
    alphas: set[int] = set()
    for value in sorted(set(target)):
        own = [case for case, label in zip(cases, target, strict=True) if label == value]
        count = min(max(round(share * len(own)), 1), len(own) - 1)
        alphas |= {own[index] for index in random.permutation(len(own))[:count]}
    return [case for case in cases if case not in alphas], [case for case in cases if case in alphas]
