"""A model of handcrafted features beside a network: its scores join those of the network (MOR + 3D CNN)."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from rerad.core.seeds import derive
from rerad.training.cases import Data, side
from rerad.training.recipe import Recipe


def joined(
    rows: list[dict[str, Any]], module: ModuleType, data: Data, recipe: Recipe, *, fold: int, seed: int
) -> list[dict[str, Any]]:
    """Return a fold's rows of classification with the scores fused; unchanged if the network has no companion.

    The companion is fitted on the training side alone. Which epoch is the best on the test fold was decided by the
    network's own scores.
    """
    if not hasattr(module, "companion"):
        return rows
    learn = side(data, fold, "train")
    fitted = module.companion(learn.table, learn.target, settings=dict(recipe.features), seed=derive(seed, "companion"))
    found = dict(zip(data.table.index, fitted.score(data.table), strict=True))
    own = np.array([row["score"] for row in rows])
    theirs = np.array([found[row["case"]] for row in rows])
    fused = module.fuse(own, theirs, settings=dict(recipe.evidence))
    return [{**row, "score": float(score)} for row, score in zip(rows, fused, strict=True)]
