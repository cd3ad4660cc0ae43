"""A model of handcrafted features whose scores are fused with a network's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ConfigError
from rerad.training.cases import Data
from rerad.training.threads import one_thread

Fuse = Callable[[Sequence[int], NDArray[np.float64]], NDArray[np.float64]]


def fit_companion(
    module: ModuleType, entry: Mapping[str, Any], data: Data, train: Sequence[int], seed: int
) -> Fuse | None:
    """Fit a network's companion on the training cases; return what fuses its scores with the network's, case by case.

    A module with ``companion(table, target, *, settings, seed) -> Fitted`` and ``fuse(network, features, *, settings)``
    has one; ``settings`` is the entry's ``companion``. ``data`` holds all cases, ``train`` are rows.
    None for a network without.

    Raises:
        ConfigError: the entry lacks ``companion``, or the modalities whose features it learns from.
    """
    if not hasattr(module, "companion"):
        return None
    if "companion" not in entry or not len(data.table.columns):
        missing = "recipe.table" if "companion" in entry else "companion"
        raise ConfigError("missing key", where=missing, remedy=f"The network {entry['model']} has a model of features")
    if data.target is None:
        what = "the companion of a network needs targets, and the cohort has none"
        raise ConfigError(what, where="companion", remedy="Drop the entry's key companion")
    settings, rows, target = entry["companion"], list(train), data.target.to_numpy()
    with one_thread():
        fitted = module.companion(data.table.iloc[rows], target[rows], settings=settings, seed=seed)
        scores = np.asarray(fitted.score(data.table), dtype=float)
    return lambda cases, found: np.asarray(module.fuse(found, scores[list(cases)], settings=settings), dtype=float)
