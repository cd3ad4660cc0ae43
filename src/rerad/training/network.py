"""Train a network fold by fold: build, learn, judge; all folds share the data and none sees another's."""

from __future__ import annotations

import functools
import hashlib
import importlib
import io
import logging
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn

from rerad.core.cost import gpu_cost
from rerad.core.errors import ConfigError
from rerad.core.files import atomic, sha256
from rerad.core.seeds import derive
from rerad.core.versions import deciding_versions
from rerad.models import model as model_of
from rerad.training import checkpoint
from rerad.training.cases import Data, read_data, side, standardised
from rerad.training.chosen import choice_of, choices
from rerad.training.code import input_module, training_code
from rerad.training.companion import fit_companion
from rerad.training.device import arithmetic, claimed, memory_format, named_out_of_memory
from rerad.training.inputs import Inputs
from rerad.training.job import Job, Trained
from rerad.training.kept import is_kept, remove_models_of_others
from rerad.training.loop import Task, fit
from rerad.training.outcome import outcome
from rerad.training.predictions import CLASSIFICATION, HISTORY, SEGMENTATION, SYNTHESIS
from rerad.training.recipe import Recipe, channels_of, read_recipe

log = logging.getLogger(__name__)


class Work(NamedTuple):
    """What the folds of a job share; what a search has ``chosen`` for a fold is laid over the network's settings."""

    job: Job
    module: ModuleType
    inputs: Inputs
    data: Data
    chosen: dict[str, Any]
    identity: dict[str, str]

    def settings(self, fold: int) -> dict[str, Any]:
        """Return the settings of the network of a fold."""
        return {**self.job.settings["network"], **choice_of(self.chosen, fold, self.job.settings)}


def train_folds(job: Job) -> Trained:
    """Train a network on the training side of each fold and judge the cases of both sides.

    A fold that was finished before a kill is not trained again, one that was begun goes on; on the CPU the numbers are
    those of the training that was never killed.

    Raises:
        ConfigError: the recipe.
        ReradError: data, memory, or a loss that is no number.
    """
    remove_models_of_others(job)
    recipe = read_recipe(job.settings)
    module = model_of(job.settings["model"])
    if job.arrays is None or not hasattr(module, "build"):
        what = f"{job.settings['model']} is no network, or there are no arrays"
        raise ConfigError(what, where=f"model of {job.method}", remedy="Drop the entry's key network")
    if job.threads < recipe.threads:
        log.warning("the recipe has %d threads and this job %d cores: it will be slow", recipe.threads, job.threads)
    chosen = choices(job.chosen)
    data = read_data(job.features if recipe.table else None, job.cases, job.splits, job.settings)
    found = []
    with claimed(job.device, share=job.gpu_share) as device, arithmetic(recipe), gpu_cost(device) as spent:
        inputs = open_inputs(job, data, recipe, device)
        work = Work(job, module, inputs, data, chosen, identity_of(job, recipe, inputs, training_code(job.settings)))
        shape = (len(channels_of(job.settings, recipe)), *inputs.shape)
        for fold in job.folds:
            with named_out_of_memory(job.method, shape, recipe):
                found.append(_fold(work, fold))
            log.info("%s: fold %d trained", job.method, fold)
    resumed = round(sum(fold["resumed_s"] for fold in found), 3)
    # Seconds of killed processes of this training count as well.
    gpu = {"gpu_s": round(spent["gpu_s"] + resumed, 3)} if "gpu_s" in spent else {}
    return _joined(found, {**spent, **gpu, "resumed_s": resumed, "threads": recipe.threads})


def open_inputs(job: Job, data: Data, recipe: Recipe, device: torch.device) -> Inputs:
    """Open the arrays of a cohort as the recipe's input.

    Raises:
        ConfigError: the cohort does not have a modality.
        ReradError: the arrays are broken, or do not fit the table of cases.
    """
    opened: Inputs = importlib.import_module(input_module(job.settings)).open_inputs(job, data, recipe, device)
    return opened


def _fold(work: Work, fold: int) -> dict[str, Any]:
    """Return the finished fold in plain data and tensors, from its checkpoint as far as there is one."""
    job, inputs = work.job, work.inputs
    place = {name: index for index, name in enumerate(inputs.names)}
    train, test = ([place[name] for name in side(work.data, fold, role).table.index] for role in ("train", "test"))
    path, model_file = job.folder / "checkpoints" / f"fold{fold}.pt", job.folder / "models" / f"fold{fold}.pt"
    network_digest = checkpoint.digest([job.settings["model"], work.settings(fold), job.settings.get("companion")])
    identity = {**work.identity, "network": network_digest, "split": checkpoint.digest([fold, train, test])}
    saved = checkpoint.read(path, identity)
    if saved and "finished" in saved:
        if not job.keep_model or is_kept(job, fold, saved["finished"]["model"]):
            log.info("%s: fold %d was finished before", job.method, fold)
            return {**saved["finished"], "resumed_s": saved["finished"]["spent_s"]}
        log.warning("%s: fold %d was finished, but its model was not kept: training starts anew", job.method, fold)
        saved = None
    model_file.unlink(missing_ok=True)
    seed = derive(job.seed, job.cohort, job.method, fold, "train")
    fuse = fit_companion(work.module, job.settings, work.data, train, derive(seed, "companion"))
    task = Task(inputs, train, test, table_of(inputs, train), seed, f"{job.method}, fold {fold}", fuse)
    with torch.random.fork_rng(devices=[inputs.device] if inputs.device.type == "cuda" else []):
        network = _build(work, fold, seed)
        save = functools.partial(checkpoint.write, path, identity)
        state, clock = fit(network, task, saved=saved, save=save, path=path)
        kept = _keep(network, work, fold, model_file) if job.keep_model else None
        finished = outcome(network, task, state, fold=fold, seed=job.seed)
    finished |= {"spent_s": clock.spent_s, "model": kept}
    checkpoint.write(path, identity, {"finished": finished})
    return {**finished, "resumed_s": clock.before_s}


def table_of(inputs: Inputs, train: list[int]) -> Tensor | None:
    """Return the features that a network gets as well, standardised on its training cases, on the device."""
    if not inputs.recipe.table:
        return None
    return torch.from_numpy(standardised(inputs.table, train)).to(inputs.device)


def _build(work: Work, fold: int, seed: int) -> nn.Module:
    """Return the network at its start, which is drawn on the CPU whatever the device."""
    job, inputs = work.job, work.inputs
    channels = channels_of(job.settings, inputs.recipe)
    torch.manual_seed(derive(seed, "start"))
    network = work.module.build(
        work.settings(fold), channels=channels, shape=inputs.shape, columns=inputs.table.shape[1]
    )
    if job.weights is not None:
        if not hasattr(work.module, "load_weights"):
            what = f"the network {job.settings['model']} takes no weights"
            raise ConfigError(what, where=f"recipe.weights of {job.method}", remedy="Write weights: null")
        work.module.load_weights(network, job.weights)
    placed: nn.Module = network.to(device=inputs.device, memory_format=memory_format(inputs.recipe, len(inputs.shape)))
    return placed


def identity_of(job: Job, recipe: Recipe, inputs: Inputs, code: str) -> dict[str, str]:
    """Return what a checkpoint must agree with, by names that a person understands; ``code`` is a digest."""
    return {
        "recipe": checkpoint.digest(recipe.numbers),
        "weights": sha256(job.weights) if job.weights else "",
        "seed": checkpoint.digest([job.seed, job.cohort, job.method]),
        "data": inputs.digest(),
        "code": code,
        "device": inputs.device.type,
        **deciding_versions(),
    }


def _keep(network: nn.Module, work: Work, fold: int, path: Path) -> str:
    """Write a trained model and return its SHA-256."""
    buffer = io.BytesIO()
    about = {
        "model": work.job.settings["model"],
        "network": work.settings(fold),
        "channels": list(channels_of(work.job.settings, work.inputs.recipe)),
        "shape": list(work.inputs.shape),
        "columns": work.inputs.table.shape[1],
        **work.inputs.about(),
    }
    torch.save({**about, "state": network.state_dict()}, buffer)
    with atomic(path) as part:
        part.write_bytes(buffer.getbuffer())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


def clean_up(job: Job) -> None:
    """Remove the checkpoints of a chunk whose results are written."""
    shutil.rmtree(job.folder / "checkpoints", ignore_errors=True)


def _joined(found: list[dict[str, Any]], cost: dict[str, Any]) -> Trained:
    def table(key: str, columns: list[str]) -> pd.DataFrame:
        return pd.DataFrame([row for fold in found for row in fold.get(key, [])], columns=columns)

    artefacts = {name: arrays for fold in found for name, arrays in fold["artefacts"].items()}
    return Trained(
        classification=table("classification", CLASSIFICATION),
        segmentation=table("segmentation", SEGMENTATION),
        history=table("history", HISTORY),
        synthesis=table("synthesis", SYNTHESIS),
        artefacts=artefacts,
        cost=cost,
    )
