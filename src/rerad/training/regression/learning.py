"""Train an autoencoder or a network on gene expression by the one loop, from a checkpoint as far as there is one."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rerad.core.errors import ReradError
from rerad.core.seeds import derive
from rerad.models import dense
from rerad.models.autoencoder import Autoencoder
from rerad.training import checkpoint
from rerad.training.loop import State, Task, fit
from rerad.training.recipe import Recipe
from rerad.training.regression.data import Cohort, Prepared
from rerad.training.regression.samples import profiles, reconstructed

State_ = Mapping[str, Tensor]


def learnt(
    build: Callable[[], nn.Module],
    task: Task,
    path: Path,
    identity: Mapping[str, str],
    finish: Callable[[nn.Module, State], dict[str, Any]],
) -> dict[str, Any]:
    """Return what ``finish`` makes of a trained network; one that was finished before a kill is not trained again."""
    saved = checkpoint.read(path, identity)
    if saved and "finished" in saved:
        return {**saved["finished"], "resumed_s": saved["finished"]["spent_s"]}
    with own_random(task.inputs.device):
        network = build()
        save = functools.partial(checkpoint.write, path, identity)
        state, clock = fit(network, task, saved=saved, save=save, path=path)
        finished = {**finish(network, state), "spent_s": clock.spent_s}
    checkpoint.write(path, identity, {"finished": finished})
    return {**finished, "resumed_s": clock.before_s}


def own_random(device: torch.device) -> contextlib.AbstractContextManager[None]:
    """Leave torch's random numbers after the block as they were before."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])


def autoencoder_task(
    cohort: Cohort, ready: Prepared, recipe: Recipe, device: torch.device, seed: int, name: str
) -> Task:
    """Return what an autoencoder learns: the genes of the patients that may teach it.

    Raises:
        ReradError: there is nobody.
    """
    if not ready.pretraining:
        remedy = "Leave out the variants fold_safe and nested, or bring patients without images"
        raise ReradError("nobody without images is there to teach the autoencoder", where=name, remedy=remedy)
    return Task(reconstructed(cohort, ready, recipe, device), ready.pretraining, [], None, seed, name)


def build_autoencoder(task: Task, settings: Mapping[str, Any], activation: str) -> Autoencoder:
    """Return an autoencoder at its start, with the ``widths`` of a network's settings, on the device."""
    torch.manual_seed(derive(task.seed, "start"))
    widths = settings.get("widths", dense.DEFAULTS["widths"])
    return Autoencoder(task.inputs.shape[0], widths, activation).to(task.inputs.device)


def network_task(
    cohort: Cohort,
    ready: Prepared,
    recipe: Recipe,
    device: torch.device,
    train: list[int],
    test: list[int],
    seed: int,
    name: str,
) -> Task:
    """Return what a network learns: the features of the cases ``train``, judged on ``test``."""
    return Task(profiles(cohort, ready, recipe, device), train, test, None, seed, name)


def build_network(task: Task, settings: Mapping[str, Any], outputs: int, encoder: State_ | None) -> nn.Module:
    """Return a network at its start, its first layers those of an autoencoder if there is one, on the device."""
    torch.manual_seed(derive(task.seed, "start"))
    network = dense.build(settings, genes=task.inputs.shape[0], outputs=outputs)
    if encoder is not None:
        dense.load_encoder(network, encoder)
    return network.to(task.inputs.device)
