"""Which code trains a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.digest import code_digest
from rerad.models import MODELS, NETWORKS

EXTERNAL = "external"  # the model of a method whose scores come from a file


def is_network(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry in its study is that of a network."""
    return settings["model"] in NETWORKS


def is_external(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry in its study is that of one that was trained elsewhere."""
    return settings["model"] == EXTERNAL


def trainer(settings: Mapping[str, Any]) -> str:
    """Return the name of the module that trains a method; networks need heavy libraries, tables do not."""
    if is_external(settings):
        return "rerad.training.external"
    return "rerad.training.network" if is_network(settings) else "rerad.training.tabular"


def training_modules(settings: Mapping[str, Any]) -> list[str]:
    """Return the modules that, with all they import, decide a method's numbers."""
    model = [] if is_external(settings) else [MODELS[settings["model"]]]
    return ["rerad.training.train", trainer(settings), *model]


def training_code(settings: Mapping[str, Any]) -> str:
    """Return the digest of the code that trains a method."""
    return code_digest(training_modules(settings))
