"""Search the architecture of a network, fold by fold, on the training cases alone."""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import nn

from rerad.core.cost import gpu_cost
from rerad.core.errors import ConfigError
from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.models.cells.cell import Levers
from rerad.search.bilevel import search
from rerad.search.code import search_code
from rerad.search.derive import random_genotype
from rerad.search.found import NETWORK_HISTORY, Searched
from rerad.search.halves import halves
from rerad.search.recipe import SearchRecipe, draws_by_lot, read_search
from rerad.search.state import selected
from rerad.training import checkpoint
from rerad.training.cases import Data, read_data, training_side
from rerad.training.device import BF16, arithmetic, claimed, memory_format, named_out_of_memory
from rerad.training.inputs import Inputs
from rerad.training.job import Job
from rerad.training.loop import Task
from rerad.training.network import identity_of, open_inputs, table_of
from rerad.training.recipe import channels_of, read_recipe

log = logging.getLogger(__name__)
SMALLER = ("network.channels", "search.batch")
PARTIAL = 4  # of how many channels one is searched where memory is short


class Work(NamedTuple):
    """What the folds of a search share; ``device`` is held for all of them."""

    job: Job
    module: ModuleType
    recipe: SearchRecipe
    data: Data
    device: torch.device


def choose_folds(job: Job) -> Searched:
    """Find the architecture of each fold, or draw it by lot, from the training side of the fold.

    A fold that was finished before a kill is not searched again, one that was begun goes on; on the CPU the genotype
    and the history are those of the search that was never killed. Beside the genotypes stand the epochs that they are
    of, and those of the last epoch. Nothing of a test case is read.

    Raises:
        ConfigError: the search or the network.
        ReradError: data, memory, or a loss that is no number.
    """
    module = model_of(job.settings["model"])
    if not hasattr(module, "supernet"):
        what = f"the network {job.settings['model']} has no architecture to search for"
        raise ConfigError(what, where=f"search of {job.method}", remedy="Drop the entry's key search")
    if draws_by_lot(job.settings):
        return _drawn(job, module)
    recipe = read_search(job.settings)
    training = recipe.training
    if job.threads < training.threads:
        log.warning("the search has %d threads and this job %d cores: it will be slow", training.threads, job.threads)
    data = read_data(job.features if training.table else None, job.cases, job.splits, job.settings)
    found = {}
    with claimed(job.device, share=job.gpu_share) as device, arithmetic(training), gpu_cost(device) as spent:
        work = Work(job, module, recipe, data, device)
        for fold in job.folds:
            found[fold] = _fold(work, fold)
            log.info("%s: fold %d searched", job.method, fold)
    resumed = round(sum(one["resumed_s"] for one in found.values()), 3)
    # Seconds of killed processes of this search count as well.
    gpu = {"gpu_s": round(spent["gpu_s"] + resumed, 3)} if "gpu_s" in spent else {}
    return Searched(
        folds={str(fold): {"genotype": one["genotype"]} for fold, one in found.items()},
        history=pd.DataFrame([row for one in found.values() for row in one["history"]], columns=NETWORK_HISTORY),
        beside={
            "epochs": {str(fold): one["epoch"] for fold, one in found.items()},
            "last": {str(fold): {"genotype": one["last"]} for fold, one in found.items()},
        },
        cost={**spent, **gpu, "resumed_s": resumed, "threads": training.threads, "epoch_s": _epoch_s(found.values())},
    )


def _epoch_s(found: Iterable[dict[str, Any]]) -> float | None:
    """Return the mean seconds of an epoch: the paper tells them."""
    folds = list(found)
    epochs = sum(one["epochs"] for one in folds)
    return round(sum(one["spent_s"] for one in folds) / epochs, 3) if epochs else None


def clean_up(job: Job) -> None:
    """Remove the checkpoints of a chunk whose results are written."""
    shutil.rmtree(job.folder / "search_checkpoints", ignore_errors=True)


def _drawn(job: Job, module: ModuleType) -> Searched:
    """Return one draw a fold, which no case and no other fold influences."""
    space = module.space(job.settings["network"], dims=read_recipe(job.settings).axes)
    folds = {}
    for fold in job.folds:
        genotype = random_genotype(space, derive(job.seed, job.cohort, job.method, fold, "search"))
        folds[str(fold)] = {"genotype": genotype.as_dict()}
    return Searched(folds=folds, history=pd.DataFrame(columns=NETWORK_HISTORY))


def _fold(work: Work, fold: int) -> dict[str, Any]:
    """Return the finished fold in plain data, from its checkpoint as far as there is one."""
    job, training = work.job, work.recipe.training
    data = training_side(work.data, fold)
    inputs = open_inputs(job, data, training, work.device)
    shape = (len(channels_of(job.settings, training)), *inputs.shape)
    seed = derive(job.seed, job.cohort, job.method, fold, "search")
    cases = range(len(inputs.names))
    weights, alphas = halves(cases, data.classes, work.recipe.alpha_share, derive(seed, "halves"))
    path = job.folder / "search_checkpoints" / f"fold{fold}.pt"
    identity = {
        **identity_of(job, training, inputs, search_code(job.settings)),
        "search": checkpoint.digest(work.recipe.numbers),
        "network": checkpoint.digest([job.settings["model"], job.settings["network"]]),
        "split": checkpoint.digest([fold, weights, alphas]),
    }
    saved = checkpoint.read(path, identity)
    if saved and "finished" in saved:
        log.info("%s: fold %d was finished before", job.method, fold)
        return {**saved["finished"], "resumed_s": saved["finished"]["spent_s"]}
    task = Task(inputs, weights, alphas, table_of(inputs, list(cases)), seed, f"{job.method}, fold {fold}")
    space = work.module.space(job.settings["network"], dims=len(inputs.shape))
    with (
        named_out_of_memory(job.method, shape, training, lower=SMALLER, write=_levers(work.recipe)),
        torch.random.fork_rng(devices=[work.device] if work.device.type == "cuda" else []),
    ):
        network = _supernet(work, inputs, seed)
        save = functools.partial(checkpoint.write, path, identity)
        state, clock = search(network, task, work.recipe, space, saved=saved, save=save, path=path)
    epoch = selected(state, work.recipe)
    finished = {
        "genotype": state.genotypes[epoch - 1].as_dict(),
        "last": state.genotypes[-1].as_dict(),
        "epoch": epoch,
        "epochs": len(state.genotypes),
        "history": [[fold, *row] for row in state.history],
        "spent_s": clock.spent_s,
    }
    checkpoint.write(path, identity, {"finished": finished})
    return {**finished, "resumed_s": clock.before_s}


def _levers(recipe: SearchRecipe) -> list[str]:
    """Return the keys, with their values, that still make a search smaller."""
    checkpointing = [] if recipe.activation_checkpointing else ["activation_checkpointing: true"]
    partial = [f"partial_channels: {PARTIAL}"] if recipe.partial_channels < PARTIAL else []
    return [*checkpointing, *partial, BF16]


def _supernet(work: Work, inputs: Inputs, seed: int) -> nn.Module:
    """Return the network at its start, which is drawn on the CPU whatever the device."""
    job, recipe = work.job, work.recipe
    torch.manual_seed(derive(seed, "start"))
    network = work.module.supernet(
        job.settings["network"],
        channels=channels_of(job.settings, recipe.training),
        shape=inputs.shape,
        columns=inputs.table.shape[1],
        levers=Levers(recipe.partial_channels, recipe.activation_checkpointing),
    )
    network.alphas.draw(recipe.alpha_start, derive(seed, "alpha"))
    axes = len(inputs.shape)
    placed: nn.Module = network.to(device=work.device, memory_format=memory_format(recipe.training, axes))
    return placed
