"""A model of handcrafted features whose scores are fused with a network's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.errors import ConfigError
from rerad.training.threads import one_thread

Fuse = Callable[[Sequence[int], NDArray[np.float64]], NDArray[np.float64]]


def fit_companion(
    module: ModuleType, entry: Mapping[str, Any], table: pd.DataFrame, target: NDArray, train: Sequence[int], seed: int
) -> Fuse | None:
    """Fit a network's companion on the training cases; return what fuses its scores with the network's, case by case.

    A module with ``companion(table, target, *, settings, seed) -> Fitted`` and ``fuse(network, features, *, settings)``
    has one; ``settings`` is the entry's ``companion``. ``table`` (cases, features) holds all cases, ``train`` are rows.
    None for a network without.

    Raises:
        ConfigError: the entry lacks ``companion``, or the modalities whose features it learns from.
    """
    if not hasattr(module, "companion"):
        return None
    if "companion" not in entry or not len(table.columns):
        missing = "recipe.table" if "companion" in entry else "companion"
        raise ConfigError("missing key", where=missing, remedy=f"The network {entry['model']} has a model of features")
    settings = entry["companion"]
    with one_thread():
        fitted = module.companion(table.iloc[list(train)], target[list(train)], settings=settings, seed=seed)
        scores = np.asarray(fitted.score(table), dtype=float)
    return lambda cases, found: np.asarray(module.fuse(found, scores[list(cases)], settings=settings), dtype=float)
