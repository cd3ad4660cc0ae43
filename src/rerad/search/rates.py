"""Choose learning rates and decays of the networks on gene expression: as published, and without the test cases."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from torch import nn

from rerad.core.cost import gpu_cost
from rerad.core.errors import ConfigError, NoNumberError
from rerad.core.seeds import derive
from rerad.search.code import search_code
from rerad.search.found import TABLE_HISTORY, Searched
from rerad.search.recipe import searches_once
from rerad.training import checkpoint
from rerad.training.code import training_code
from rerad.training.device import arithmetic, claimed
from rerad.training.job import Job
from rerad.training.loop import Task, fit
from rerad.training.recipe import Recipe
from rerad.training.regression.data import Prepared, prepared, read_cohort, without_images
from rerad.training.regression.learning import (
    autoencoder_task,
    build_autoencoder,
    build_network,
    network_task,
    own_random,
)
from rerad.training.regression.networks import Work, identity, pretrained
from rerad.training.regression.recipe import RATES, chosen_rates, read_plan

log = logging.getLogger(__name__)
Rates = dict[str, float]


class Grids(NamedTuple):
    """Candidates of the autoencoder (none: its recipe stands) and of the network, and how many folds judge them."""

    autoencoder: list[Rates]
    network: list[Rates]
    folds: int
    inner_folds: int
    nested: bool


class Losses:
    """Validation losses that were measured, on disk: a search that was killed measures none of them again."""

    def __init__(self, path: Path, known: Mapping[str, str]) -> None:
        self.path, self.known = path, known
        self.values: dict[str, float] = checkpoint.read(path, known) or {}

    def get(self, key: str, measure: Callable[[], float]) -> float:
        """Return a loss, measured now if it is not known."""
        if key not in self.values:
            self.values[key] = measure()
            checkpoint.write(self.path, self.known, self.values)
        return self.values[key]


def choose_folds(job: Job) -> Searched:
    """Choose the rates of every fold: those with the lowest mean validation loss after the last epoch.

    ``published``: the autoencoder's on folds of all patients, then the network's on the folds that are reported.
    ``nested``: the autoencoder's on folds of the patients without images, then the network's on folds of the training
    cases of each fold. A candidate whose loss is no number loses. In ``history`` fold 0 stands for all.

    Raises:
        ConfigError: recipe or grids.
        ReradError: the data do not do, or no candidate has a loss.
    """
    plan, cohort, grids = read_plan(job.settings), read_cohort(job), read_grids(job.settings)
    every = sorted(int(fold) for fold in cohort.data.splits["fold"].unique())
    folds = every if searches_once(job.settings) else job.folds
    history: list[dict[str, Any]] = []
    with claimed(job.device, share=job.gpu_share) as device, arithmetic(plan.network), gpu_cost(device) as spent:
        work = Work(job, plan, cohort, {}, device, training_code(job.settings))
        published = _published(work, grids, every, history)
        found: dict[str, dict[str, Any]] = {str(fold): {"published": published} for fold in folds}
        if grids.nested:
            ready = without_images(cohort)
            first = _choose_autoencoder(work, grids, ready, "nested_autoencoder", history) if plan.autoencoder else {}
            for fold in folds:
                found[str(fold)]["nested"] = _nested(work, grids, fold, first, history)
    cost = {**spent, "threads": plan.network.threads}
    return Searched(found, pd.DataFrame(history, columns=TABLE_HISTORY), cost=cost)


def clean_up(job: Job) -> None:
    """Remove the losses of a search whose choice is written."""
    shutil.rmtree(job.folder / "search", ignore_errors=True)


def read_grids(entry: Mapping[str, Any]) -> Grids:
    """Return the checked grids of a method's ``search``: ``autoencoder`` and ``network`` with ``lr`` and ``decay``.

    Raises:
        ConfigError: naming the key.
    """
    given = entry["search"]
    grids = []
    for name in ("autoencoder", "network"):
        axes = given.get(name) or {}
        if axes and set(axes) != set(RATES):
            remedy = "Give lists of lr and of decay"
            raise ConfigError(f"{', '.join(axes)} are no rates", where=f"search.{name}", remedy=remedy)
        pairs = product(*(axes[key] for key in RATES)) if axes else ()
        grids.append([dict(zip(RATES, pair, strict=True)) for pair in pairs])
    if not grids[1]:
        raise ConfigError("no candidates", where="search.network", remedy="Give lists of lr and of decay")
    return Grids(
        grids[0], grids[1], given.get("autoencoder_folds", 10), given.get("inner_folds", 5), given.get("nested", True)
    )


def deal(members: Sequence[int], folds: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Return shuffled folds of some patients, each as (train, test); every one is tested once."""
    order = np.random.default_rng(seed).permutation(np.asarray(members)).tolist()
    tests = [sorted(order[fold::folds]) for fold in range(min(folds, len(order)))]
    return [(sorted(set(members) - set(test)), test) for test in tests]


def _published(work: Work, grids: Grids, folds: Sequence[int], history: list[dict[str, Any]]) -> dict[str, Rates]:
    ready = prepared(work.cohort, "published", [])
    first = _choose_autoencoder(work, grids, ready, "autoencoder", history) if work.plan.autoencoder else {}
    encoder = pretrained(work, ready, folds[0], "published", first).get("encoder")
    sides = [(work.cohort.side(fold, "train"), work.cohort.side(fold, "test")) for fold in folds]
    chosen = _choose_network(work, grids, ready, encoder, sides, 0, history)
    return {"autoencoder": first, "network": chosen}


def _nested(work: Work, grids: Grids, fold: int, first: Rates, history: list[dict[str, Any]]) -> dict[str, Rates]:
    ready = prepared(work.cohort, "nested", work.cohort.side(fold, "test"))
    encoder = pretrained(work, ready, fold, "nested", first).get("encoder")
    seed = derive(work.job.seed, work.job.cohort, work.job.method, fold, "inner")
    sides = deal(work.cohort.side(fold, "train"), grids.inner_folds, seed)
    return {"autoencoder": first, "network": _choose_network(work, grids, ready, encoder, sides, fold, history)}


def _choose_autoencoder(work: Work, grids: Grids, ready: Prepared, step: str, history: list[dict[str, Any]]) -> Rates:
    if not grids.autoencoder:
        return {}
    assert work.plan.autoencoder is not None
    job, recipe = work.job, _judged_last(work.plan.autoencoder)
    whole = autoencoder_task(work.cohort, ready, recipe, work.device, derive(job.seed, job.cohort, step), step)
    sides = deal(ready.pretraining, grids.folds, whole.seed)

    def build(task: Task) -> nn.Module:
        return build_autoencoder(task, job.settings["network"], work.plan.activation)

    return _best(work, whole, sides, grids.autoencoder, build, step, 0, history)


def _choose_network(
    work: Work,
    grids: Grids,
    ready: Prepared,
    encoder: Mapping[str, Any] | None,
    sides: Sequence[tuple[list[int], list[int]]],
    fold: int,
    history: list[dict[str, Any]],
) -> Rates:
    job, recipe = work.job, _judged_last(work.plan.network)
    seed = derive(job.seed, job.cohort, job.method, fold, "search")
    whole = network_task(work.cohort, ready, recipe, work.device, [], [], seed, f"{job.method}, fold {fold}")

    def build(task: Task) -> nn.Module:
        return build_network(task, job.settings["network"], len(work.cohort.features), encoder)

    return _best(work, whole, sides, grids.network, build, "nested_network" if fold else "network", fold, history)


def _best(
    work: Work,
    whole: Task,
    sides: Sequence[tuple[list[int], list[int]]],
    candidates: Sequence[Rates],
    build: Callable[[Task], nn.Module],
    step: str,
    fold: int,
    history: list[dict[str, Any]],
) -> Rates:
    """Return the candidate with the lowest mean loss over the test sides, the first of equals."""
    known = {**identity(work, whole.inputs.recipe, whole), "code": search_code(work.job.settings)}
    known["split"] = checkpoint.digest([step, fold, sides])
    losses = Losses(work.job.folder / "search" / f"{step}_{fold}.pt", known)
    means = []
    for rates in candidates:
        recipe = chosen_rates(whole.inputs.recipe, rates)
        found = []
        for place, (train, test) in enumerate(sides):
            inputs = replace(whole.inputs, recipe=recipe)  # type: ignore[type-var]
            task = replace(whole, inputs=inputs, train=train, test=test, seed=derive(whole.seed, place))
            found.append(losses.get(f"{_told(rates)}, {place}", lambda task=task: _loss(build, task)))  # type: ignore[misc]
        means.append(float(np.mean(found)))
        log.info("%s, fold %d: %s: %.4f", step, fold, _told(rates), means[-1])
    if not np.isfinite(means).any():
        raise NoNumberError("no candidate has a loss", where=f"search, {step}", remedy="Lower the learning rates")
    best = int(np.argmin(means))
    history += [
        dict(zip(TABLE_HISTORY, (fold, step, number, _told(rates), mean, int(number == best)), strict=True))
        for number, (rates, mean) in enumerate(zip(candidates, means, strict=True))
    ]
    return dict(candidates[best])


def _loss(build: Callable[[Task], nn.Module], task: Task) -> float:
    """Return the validation loss after the last epoch, infinite where the training breaks."""
    with own_random(task.inputs.device):
        try:
            state, _ = fit(build(task), task)
        except NoNumberError:
            return math.inf
    loss = next(value for _, split, name, value in reversed(state.history) if (split, name) == ("test", "loss"))
    return loss if math.isfinite(loss) else math.inf


def _judged_last(recipe: Recipe) -> Recipe:
    return replace(recipe, evaluate_every=recipe.epochs, segment_every=recipe.epochs)


def _told(rates: Rates) -> str:
    return f"lr {rates['lr']:g}, decay {rates['decay']:g}"
