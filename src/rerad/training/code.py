"""Which code trains a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.digest import code_digest
from rerad.models import MODELS, NETWORKS


def is_network(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry in its study is that of a network."""
    return settings["model"] in NETWORKS


def trainer(settings: Mapping[str, Any]) -> str:
    """Return the name of the module that trains a method; networks need heavy libraries, tables do not."""
    return "rerad.training.network" if is_network(settings) else "rerad.training.tabular"


def training_modules(settings: Mapping[str, Any]) -> list[str]:
    """Return the modules that, with all they import, decide a method's numbers."""
    return ["rerad.training.train", trainer(settings), MODELS[settings["model"]]]


def training_code(settings: Mapping[str, Any]) -> str:
    """Return the digest of the code that trains a method."""
    return code_digest(training_modules(settings))
