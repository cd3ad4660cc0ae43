"""Models: one file each, and the parts they share.

A model of tables is a module with ``fit(table, target, *, chosen, recipe, seed) -> Fitted`` and, where something is
searched, ``choose(table, target, *, settings, seed) -> (chosen, history)``; both see one training fold only.

A network of images (a name in ``NETWORKS``) is a module with ``build(settings, *, channels, shape, columns=0)``, whose
module maps images (batch, channels, *shape) and a table (batch, columns) or None to an ``Output``, and with ``TASKS``
or ``tasks(settings)``: which of classification, segmentation, synthesis it is trained for. ``task_names`` reads either.
One that is searched for takes its ``genotype`` among the settings and also has ``space(settings, *, dims) -> Space``
and ``supernet(settings, *, channels, shape, columns, levers)``, a network with all candidates and their ``alphas``.

A regressor (a name in ``REGRESSORS``) predicts several numbers a case from its gene expression: ``dense`` with
``build(settings, *, genes, outputs)`` is a network, the others have ``fit(table, target, *, chosen, recipe, seed) ->
Regressed``.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.models.cells.genotype import Genotype
    from rerad.models.elastic_net import elastic_net_path
    from rerad.models.penalised.crossed import elastic_net_cv, elastic_net_nested

__all__ = [
    "MODELS",
    "NETWORKS",
    "REGRESSORS",
    "Genotype",
    "elastic_net_cv",
    "elastic_net_nested",
    "elastic_net_path",
    "model",
    "task_names",
]

NETWORKS = {
    "chmfl": "rerad.models.chmfl",
    "cnlpc": "rerad.models.cnlpc",
    "local_sd": "rerad.models.local_sd",
    "mcl3d": "rerad.models.mcl3d",
    "mmnas": "rerad.models.mmnas",
    "mor_cnn3d": "rerad.models.mor_cnn3d",
    "nas3dunet": "rerad.models.nas3dunet",
    "radsynth": "rerad.models.radsynth",
    "resnet2d": "rerad.models.resnet2d",
    "unet3d": "rerad.models.unet3d",
    "vnet": "rerad.models.vnet",
}

REGRESSORS = {
    "dense": "rerad.models.dense",
    "linear": "rerad.models.linear",
    "mean": "rerad.models.mean",
    "median": "rerad.models.median",
}

# What is public but heavier than names, imported when it is first asked for.
PUBLIC = {
    "Genotype": "rerad.models.cells.genotype",
    "elastic_net_cv": "rerad.models.penalised.crossed",
    "elastic_net_nested": "rerad.models.penalised.crossed",
    "elastic_net_path": "rerad.models.elastic_net",
}

MODELS = {
    "forest": "rerad.models.forest",
    "logistic": "rerad.models.logistic",
    "majority": "rerad.models.majority",
    "many_objective": "rerad.models.many_objective",
    "single_feature": "rerad.models.single_feature",
    **NETWORKS,
    **REGRESSORS,
}


def model(name: str) -> ModuleType:
    """Import the module of a model by the name a study gives it; only then, because they need heavy libraries.

    Raises:
        KeyError: no such model.
    """
    return importlib.import_module(MODELS[name])


def task_names(name: str, settings: dict[str, Any]) -> tuple[str, ...]:
    """Return the tasks of a network with the settings of its entry's ``network``.

    Raises:
        KeyError: no such model.
        ConfigError: a setting that it does not have.
    """
    module = model(name)
    return module.tasks(settings) if hasattr(module, "tasks") else module.TASKS


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(importlib.import_module(PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
