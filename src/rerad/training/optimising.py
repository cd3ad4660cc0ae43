"""The optimisers of a recipe and how their learning rates change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn, optim
from torch.optim import lr_scheduler

from rerad.training.eager import Adam, Sgd
from rerad.training.keras_sgd import KerasSgd, decayed
from rerad.training.recipe import Recipe


def make_optimiser(recipe: Recipe, network: nn.Module) -> optim.Optimizer:
    """Return the optimiser over all parameters that learn; a network with ``constrain`` does so after a step."""
    optimiser = optimiser_of(recipe.optimiser, [value for value in network.parameters() if value.requires_grad])
    constrain = getattr(network, "constrain", None)
    if constrain is not None:
        optimiser.register_step_post_hook(lambda *_: constrain())
    return optimiser


def optimiser_of(settings: Mapping[str, Any], parameters: Sequence[nn.Parameter]) -> optim.Optimizer:
    """Return the optimiser of a recipe's settings, in torch's fused form: one pass over the parameters a step."""
    given = {key: value for key, value in settings.items() if key != "name" and value is not None}
    if settings["name"] == "keras_sgd":
        return KerasSgd(parameters, **given)
    return {"adam": Adam, "sgd": Sgd}[settings["name"]](parameters, fused=True, **given)


def make_scheduler(recipe: Recipe, optimiser: optim.Optimizer) -> Any:
    """Return the recipe's schedule of the learning rate."""
    return scheduler_of(recipe.schedule, recipe.epochs, optimiser)


def scheduler_of(settings: Mapping[str, Any], epochs: int, optimiser: optim.Optimizer) -> Any:
    """Return the schedule of a learning rate, which :func:`follow` steps once an epoch."""
    if settings["name"] == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimiser, epochs, eta_min=settings.get("lr_min") or 0.0)
    if settings["name"] == "step":
        return lr_scheduler.StepLR(optimiser, settings["every"], gamma=settings["factor"])
    if settings["name"] == "plateau":
        return lr_scheduler.ReduceLROnPlateau(optimiser, patience=settings["patience"], factor=settings["factor"])
    return lr_scheduler.LambdaLR(optimiser, lambda epoch: 1.0)


def follow(scheduler: Any, settings: Mapping[str, Any], loss: float) -> None:
    """End an epoch for a schedule; ``plateau`` watches the training loss, the others do not."""
    scheduler.step(*([loss] if settings["name"] == "plateau" else []))


def rate_of(optimiser: optim.Optimizer) -> float:
    """Return the learning rate of the next step."""
    group = optimiser.param_groups[0]
    return decayed(group) if isinstance(optimiser, KerasSgd) else float(group["lr"])
