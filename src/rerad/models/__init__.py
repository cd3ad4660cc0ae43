"""Models: one file each, and the parts they share.

A model of tables is a module with ``fit(table, target, *, chosen, recipe, seed) -> Fitted`` and, where something is
searched, ``choose(table, target, *, settings, seed) -> (chosen, history)``; both see one training fold only.
"""

from __future__ import annotations

import importlib
from types import ModuleType

NETWORKS: dict[str, str] = {}

MODELS = {
    "forest": "rerad.models.forest",
    "logistic": "rerad.models.logistic",
    "majority": "rerad.models.majority",
    "single_feature": "rerad.models.single_feature",
    **NETWORKS,
}


def model(name: str) -> ModuleType:
    """Import the module of a model by the name a study gives it; only then, because they need heavy libraries.

    Raises:
        KeyError: no such model.
    """
    return importlib.import_module(MODELS[name])
