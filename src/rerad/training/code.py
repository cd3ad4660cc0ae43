"""Which code trained a method."""

from __future__ import annotations

from rerad.core.digest import code_digest
from rerad.models import MODELS


def training_code(model: str) -> str:
    """Return the digest of the code that trains a model."""
    return code_digest(["rerad.training.tabular", MODELS[model]])
