"""Train the networks that predict features of the tumour from gene expression, fold by fold and variant by variant."""

from __future__ import annotations

import logging
import shutil
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from rerad.core.cost import gpu_cost
from rerad.core.seeds import derive
from rerad.core.versions import deciding_versions
from rerad.training import checkpoint
from rerad.training.chosen import choices
from rerad.training.code import training_code
from rerad.training.device import arithmetic, claimed, named_out_of_memory
from rerad.training.job import Job, Trained
from rerad.training.loop import State, Task
from rerad.training.prediction import judge
from rerad.training.predictions import HISTORY, REGRESSION
from rerad.training.recipe import Recipe
from rerad.training.regression.data import Cohort, Prepared, prepared, read_cohort
from rerad.training.regression.learning import (
    autoencoder_task,
    build_autoencoder,
    build_network,
    learnt,
    network_task,
)
from rerad.training.regression.recipe import Plan, choice_for, chosen_rates, read_plan
from rerad.training.regression.rows import regression_rows

log = logging.getLogger(__name__)


class Work(NamedTuple):
    """What the folds of a job share; ``found`` leads from folds to what a search chose; ``code`` is a digest."""

    job: Job
    plan: Plan
    cohort: Cohort
    found: dict[str, Any]
    device: torch.device
    code: str


def train_folds(job: Job) -> Trained:
    """Train a network, after its autoencoder if it has one, on the training side of each fold; predict both sides.

    What was finished before a kill is not trained again, what was begun goes on; on the CPU the numbers are those of
    the training that was never killed.

    Raises:
        ConfigError: the recipe.
        ReradError: data, memory, or a loss that is no number.
    """
    plan, cohort = read_plan(job.settings), read_cohort(job)
    done = []
    with claimed(job.device, share=job.gpu_share) as device, arithmetic(plan.network), gpu_cost(device) as spent:
        work = Work(job, plan, cohort, choices(job.chosen), device, training_code(job.settings))
        shape = (cohort.values.shape[1],)
        for fold in job.folds:
            for variant in plan.variants:
                with named_out_of_memory(job.method, shape, plan.network, lower=("network.widths", "recipe.batch")):
                    done.append(_train(work, fold, variant))
            log.info("%s: fold %d trained", job.method, fold)
    resumed = round(sum(one["resumed_s"] for one in done), 3)
    gpu = {"gpu_s": round(spent["gpu_s"] + resumed, 3)} if "gpu_s" in spent else {}
    return Trained(
        regression=pd.DataFrame([row for one in done for row in one["rows"]], columns=REGRESSION),
        history=pd.DataFrame([row for one in done for row in one["history"]], columns=HISTORY),
        cost={**spent, **gpu, "resumed_s": resumed, "threads": plan.network.threads},
    )


def clean_up(job: Job) -> None:
    """Remove the checkpoints of a chunk whose results are written."""
    shutil.rmtree(job.folder / "checkpoints", ignore_errors=True)


def _train(work: Work, fold: int, variant: str) -> dict[str, Any]:
    """Return rows and history of one fold's variant in plain data."""
    job, cohort = work.job, work.cohort
    choice = choice_for(work.found, fold, variant)
    train, test = (cohort.side(fold, role) for role in ("train", "test"))
    ready = prepared(cohort, variant, test)
    first = pretrained(work, ready, fold, variant, choice.get("autoencoder", {}))
    recipe = chosen_rates(work.plan.network, choice.get("network", {}))
    # The same start and order for all variants, so that they differ by what they see alone.
    seed = derive(job.seed, job.cohort, job.method, fold, "train")
    task = network_task(cohort, ready, recipe, work.device, train, test, seed, f"{job.method}, fold {fold}, {variant}")
    last = learnt(
        lambda: build_network(task, job.settings["network"], len(cohort.features), first.get("encoder")),
        task,
        job.folder / "checkpoints" / f"fold{fold}_{variant}.pt",
        {
            **identity(work, recipe, task),
            "split": checkpoint.digest([fold, train, test]),
            "autoencoder": first.get("identity", ""),
        },
        lambda network, state: _outcome(network, state, task, work, ready, fold, variant),
    )
    return {
        "rows": last["rows"],
        "history": [*_history(first.get("history", []), fold, variant), *_history(last["history"], fold, variant)],
        "resumed_s": first.get("resumed_s", 0.0) + last["resumed_s"],
    }


def pretrained(work: Work, ready: Prepared, fold: int, variant: str, choice: dict[str, Any]) -> dict[str, Any]:
    """Return the encoder of a trained autoencoder and its history; nothing without pre-training.

    That of the published variant is the same in all folds and for all methods with the same recipe.
    """
    if work.plan.autoencoder is None:
        return {}
    job, recipe = work.job, chosen_rates(work.plan.autoencoder, choice)
    own = [] if variant == "published" else [fold]
    seed = derive(job.seed, job.cohort, "autoencoder", *own)
    name = "_".join(["autoencoder", variant, *map(str, own)])
    task = autoencoder_task(work.cohort, ready, recipe, work.device, seed, f"{job.method}, {name}")
    known = identity(work, recipe, task)
    found = learnt(
        lambda: build_autoencoder(task, job.settings["network"], work.plan.activation),
        task,
        job.folder / "checkpoints" / f"{name}.pt",
        {**known, "split": checkpoint.digest([fold if own else 0, ready.pretraining])},
        lambda network, state: {
            "encoder": {key: value.cpu() for key, value in network.get_submodule("encoder").state_dict().items()},
            "history": _measured(state, {"loss": "autoencoder_mse", "lr": "autoencoder_lr"}),
        },
    )
    return {**found, "identity": checkpoint.digest(known)}


def identity(work: Work, recipe: Recipe, task: Task) -> dict[str, str]:
    """Return what a checkpoint must agree with, by names that a person understands."""
    job = work.job
    return {
        "recipe": checkpoint.digest([recipe.numbers, work.plan.activation]),
        "network": checkpoint.digest([job.settings["model"], job.settings["network"]]),
        "seed": checkpoint.digest([task.seed, job.cohort]),
        "data": task.inputs.digest(),
        "code": work.code,
        "device": work.device.type,
        **deciding_versions(),
    }


def _outcome(
    network: nn.Module, state: State, task: Task, work: Work, ready: Prepared, fold: int, variant: str
) -> dict[str, Any]:
    """Return the rows of both sides by the trained network, and of the test side by the epoch that was best there.

    Raises:
        ReradError: a prediction is no number; it names the case.
    """
    lead = {"fold": fold, "seed": work.job.seed, "variant": variant}
    rows: list[dict[str, Any]] = []
    for role, cases in (("train", task.train), ("test", task.test)):
        for one in judge(network, task.inputs, cases, None):
            assert one.values is not None
            told = {**lead, "role": role, "selection": "last"}
            rows += regression_rows(work.cohort, one.case, one.values * ready.largest, told)
    told = {**lead, "role": "test", "selection": "best_test"}
    for case, values in zip(task.test if state.best.fitted else [], state.best.values, strict=True):
        rows += regression_rows(work.cohort, case, np.array(values) * ready.largest, told)
    return {"rows": rows, "history": _measured(state, {"loss": "mae", "lr": "lr"})}


def _measured(state: State, names: dict[str, str]) -> list[list[Any]]:
    """Return the history of a training (epoch, split, quantity, value) under other names, what has none left out."""
    return [[epoch, split, names[name], value] for epoch, split, name, value in state.history if name in names]


def _history(measured: list[list[Any]], fold: int, variant: str) -> list[dict[str, Any]]:
    """Return rows of history.csv; quantities of other variants than the published end with their name."""
    suffix = "" if variant == "published" else f"_{variant}"
    return [
        {"fold": fold, "epoch": epoch, "split": split, "quantity": f"{name}{suffix}", "value": value}
        for epoch, split, name, value in measured
    ]
