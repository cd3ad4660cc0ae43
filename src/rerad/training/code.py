"""Which code trains a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.digest import code_digest
from rerad.models import MODELS, NETWORKS, REGRESSORS

EXTERNAL = "external"  # the model of a method whose scores come from a file
# What opens the cases of a network of images, by its recipe's ``input``; the rest lie on one grid.
OPENED_BY = {"patches": "rerad.training.patches", "windows": "rerad.training.windows"}

# What a network may be trained for, by the same; the rest tell classes, masks or both.
PREDICTED_BY = {"patches": ("segmentation",), "windows": ("synthesis",)}


def is_network(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry in its study is that of a network of images."""
    return settings["model"] in NETWORKS


def is_external(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry in its study is that of one that was trained elsewhere."""
    return settings["model"] == EXTERNAL


def is_regressor(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry in its study is that of a model that predicts numbers from gene expression."""
    return settings["model"] in REGRESSORS


def learns_in_epochs(settings: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry is that of a network, of images or of gene expression."""
    return is_network(settings) or settings["model"] == "dense"


def trainer(settings: Mapping[str, Any]) -> str:
    """Return the name of the module that trains a method; networks need heavy libraries, tables do not."""
    if is_external(settings):
        return "rerad.training.external"
    if is_network(settings):
        return "rerad.training.network"
    if not is_regressor(settings):
        return "rerad.training.tabular"
    return f"rerad.training.regression.{'networks' if learns_in_epochs(settings) else 'tables'}"


def input_module(settings: Mapping[str, Any]) -> str:
    """Return the name of the module that opens the cases of a network of images; only some need heavy libraries."""
    return OPENED_BY.get(settings["recipe"].get("input", ""), "rerad.training.volumes")


def predicted_tasks(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tasks of which a method may have predictions: no others, and those of its model among them."""
    if is_regressor(settings):
        return ("regression",)
    if not is_network(settings):
        return ("classification",)
    return PREDICTED_BY.get(settings["recipe"].get("input", ""), ("classification", "segmentation"))


def training_modules(settings: Mapping[str, Any]) -> list[str]:
    """Return the modules that, with all they import, decide a method's numbers."""
    model = [] if is_external(settings) else [MODELS[settings["model"]]]
    opened = [input_module(settings)] if is_network(settings) else []
    return ["rerad.training.train", trainer(settings), *opened, *model]


def training_code(settings: Mapping[str, Any]) -> str:
    """Return the digest of the code that trains a method."""
    return code_digest(training_modules(settings))
