"""Train a network fold by fold: build, learn, judge; all folds share the data and none sees another's."""

from __future__ import annotations

import io
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from rerad.core.cost import gpu_cost
from rerad.core.errors import ConfigError
from rerad.core.files import atomic, sha256
from rerad.core.seeds import derive
from rerad.models import model as model_of
from rerad.training import checkpoint
from rerad.training.cases import Data, read_data, side
from rerad.training.code import training_code
from rerad.training.device import arithmetic, claimed, memory_format, named_out_of_memory
from rerad.training.job import Job, Trained, read_chosen
from rerad.training.loop import Task, fit
from rerad.training.outcome import outcome
from rerad.training.predictions import CLASSIFICATION, HISTORY, SEGMENTATION
from rerad.training.recipe import Recipe, channels_of, read_recipe
from rerad.training.volumes import Volumes, data_digest, read_volumes, standardised

log = logging.getLogger(__name__)


def train_folds(job: Job) -> Trained:
    """Train a network on the training side of each fold and judge the cases of both sides.

    A fold that was finished before a kill is not trained again, one that was begun goes on; on the CPU the numbers are
    those of the training that was never killed.

    Raises:
        ConfigError: the recipe.
        ReradError: data, memory, or a loss that is no number.
    """
    recipe = read_recipe(job.settings)
    module = model_of(job.settings["model"])
    if job.arrays is None or not hasattr(module, "build"):
        raise ConfigError(
            f"{job.settings['model']} is no network", where=f"model of {job.method}", remedy="Drop `network`"
        )
    if job.threads < recipe.threads:
        log.warning("the recipe has %d threads and this job %d cores: it will be slow", recipe.threads, job.threads)
    chosen = read_chosen(job.chosen)
    data = read_data(job.features if recipe.table else None, job.cases, job.splits, job.settings)
    found = []
    with claimed(job.device, share=job.gpu_share) as device, arithmetic(recipe), gpu_cost(device) as spent:
        volumes = read_volumes(
            job.arrays,
            job.slices,
            cases=job.cases,
            table=data.table,
            target=data.target,
            modalities=job.settings["modalities"],
            recipe=recipe,
            device=device,
        )
        shared = _identity(job, recipe, volumes)
        for fold in job.folds:
            shape = (len(channels_of(job.settings, recipe)), *volumes.shape)
            with named_out_of_memory(job.method, shape, recipe):
                settings = {**job.settings["network"], **chosen.get(str(fold), {})}
                found.append(_fold(job, module, volumes, data, fold, settings, shared))
            log.info("%s: fold %d of %d trained", job.method, fold, len(job.folds))
    return _joined(found, {**spent, "threads": recipe.threads, "trained_s": round(sum(f["spent_s"] for f in found), 3)})


def _fold(
    job: Job,
    module: ModuleType,
    volumes: Volumes,
    data: Data,
    fold: int,
    settings: dict[str, Any],
    shared: dict[str, str],
) -> dict[str, Any]:
    device = volumes.device
    place = {name: index for index, name in enumerate(volumes.names)}
    train, test = ([place[name] for name in side(data, fold, role).table.index] for role in ("train", "test"))
    path = job.folder / "checkpoints" / f"fold{fold}.pt"
    model_file = job.folder / "models" / f"fold{fold}.pt"
    identity = {
        **shared,
        "network": checkpoint.digest([job.settings["model"], settings]),
        "split": checkpoint.digest([fold, train, test]),
    }
    saved = checkpoint.load(path, identity)
    if saved and "finished" in saved and (model_file.exists() or not job.keep_model):
        log.info("%s: fold %d was finished before", job.method, fold)
        return dict(saved["finished"])
    if saved and "finished" in saved:
        log.warning("%s: fold %d was finished, but its model was not kept: training starts anew", job.method, fold)
        saved = None
    seed = derive(job.seed, job.cohort, job.method, fold, "train")
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        table = _table(volumes, train)
        network = _build(job, module, volumes, settings, seed)
        task = Task(volumes, train, test, table, seed, f"{job.method}, fold {fold}")
        save = _saver(path, identity)
        state, clock = fit(network, task, saved=saved, save=save)
        if job.keep_model:
            _keep(network, job, volumes, settings, model_file)
        finished = outcome(network, task, state, spacing_mm=job.spacing_mm, fold=fold, seed=job.seed)
    finished["spent_s"] = clock.spent_s
    save({"finished": finished})
    return finished


def _saver(path: Path, identity: dict[str, str]) -> Callable[[dict[str, Any]], None]:
    return lambda content: checkpoint.save(path, identity, content)


def _table(volumes: Volumes, train: list[int]) -> Tensor | None:
    if not volumes.recipe.table:
        return None
    return torch.from_numpy(standardised(volumes.table, train)).to(volumes.device)


def _build(job: Job, module: ModuleType, volumes: Volumes, settings: dict[str, Any], seed: int) -> nn.Module:
    """Return the network at its start, which is drawn on the CPU whatever the device."""
    recipe = volumes.recipe
    torch.manual_seed(derive(seed, "start"))
    network = module.build(
        settings,
        channels=channels_of(job.settings, recipe),
        shape=volumes.shape,
        columns=volumes.table.shape[1],
    )
    if job.weights is not None:
        if not hasattr(module, "load_weights"):
            raise ConfigError(
                f"the network {job.settings['model']} takes no weights",
                where=f"recipe.weights of {job.method}",
                remedy="Write weights: null",
            )
        module.load_weights(network, job.weights)
    placed: nn.Module = network.to(device=volumes.device, memory_format=memory_format(recipe, len(volumes.shape)))
    return placed


def _identity(job: Job, recipe: Recipe, volumes: Volumes) -> dict[str, str]:
    """Return what a checkpoint must agree with, by a name that a person understands."""
    return {
        "recipe": checkpoint.digest(recipe.numbers),
        "weights": sha256(job.weights) if job.weights else "",
        "seed": checkpoint.digest([job.seed, job.cohort, job.method]),
        "data": data_digest(volumes),
        "code": training_code(job.settings),
        "torch": f"{torch.__version__} {volumes.device.type}",
    }


def _keep(network: nn.Module, job: Job, volumes: Volumes, settings: dict[str, Any], path: Path) -> None:
    buffer = io.BytesIO()
    about = {
        "model": job.settings["model"],
        "network": settings,
        "channels": list(channels_of(job.settings, volumes.recipe)),
        "shape": list(volumes.shape),
        "columns": volumes.table.shape[1],
    }
    torch.save({**about, "state": network.state_dict()}, buffer)
    with atomic(path) as part:
        part.write_bytes(buffer.getbuffer())


def clean_up(job: Job) -> None:
    """Remove the checkpoints of a chunk whose results are written."""
    shutil.rmtree(job.folder / "checkpoints", ignore_errors=True)


def _joined(found: list[dict[str, Any]], cost: dict[str, Any]) -> Trained:
    def table(key: str, columns: list[str]) -> pd.DataFrame:
        return pd.DataFrame([row for fold in found for row in fold[key]], columns=columns)

    artefacts = {name: arrays for fold in found for name, arrays in fold["artefacts"].items()}
    return Trained(
        classification=table("classification", CLASSIFICATION),
        segmentation=table("segmentation", SEGMENTATION),
        history=table("history", HISTORY),
        artefacts=artefacts,
        cost=cost,
    )
