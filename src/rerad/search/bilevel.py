"""The search loop: a step of α on its cases, then a step of the weights on theirs, first order.

Source: DARTS, algorithm 1 with ξ = 0 (Liu 2019); Eq. 3 and 4 of the MM-NAS paper.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rerad.core.seeds import derive
from rerad.models.cells.alphas import Alphas, entropy
from rerad.models.cells.space import Space
from rerad.search.derive import derive_genotype
from rerad.search.recipe import SearchRecipe
from rerad.search.state import ALPHA, WEIGHTS, Learners, State, is_over, restore, whole_state
from rerad.training.checkpoint import Clock
from rerad.training.inputs import Sample, target_of
from rerad.training.loop import MEASURED, Task, epoch_order, learned, means_of, no_number, train_step
from rerad.training.optimising import follow, make_scheduler, optimiser_of, scheduler_of
from rerad.training.prediction import judge
from rerad.training.restoring import restored
from rerad.training.selection import accuracy

log = logging.getLogger(__name__)
SPLITS = {ALPHA: "alpha", WEIGHTS: "train"}
Batches = list[list[Sample]]


def search(
    network: nn.Module,
    task: Task,
    recipe: SearchRecipe,
    space: Space,
    *,
    saved: dict[str, Any] | None = None,
    save: Callable[[dict[str, Any]], None] = lambda state: None,
    path: Path | None = None,
) -> tuple[State, Clock]:
    """Search with a supernet, in place, from the beginning or from a saved state, read from ``path``, that fits it.

    ``task.train`` are the cases of the weights, ``task.test`` those of α; no other case is touched. The smaller side
    comes round again until the larger one is through. After each epoch the loss on all of α's cases is measured.

    Raises:
        ReradError: a loss is no number; it names cases and epoch.
    """
    every_s, device = recipe.training.checkpoint_s, task.inputs.device
    state, clock = State(), Clock(every_s)
    learners = _beginners(network, recipe, task)
    if saved:
        begun = restored(functools.partial(restore, saved, network, learners, device, every_s), network, path)
        if begun:
            state, clock = begun
            log.info("%s goes on at epoch %d, step %d", task.name, state.epoch, state.step + 1)
        else:
            learners = _beginners(network, recipe, task)

    while not is_over(state, recipe):
        sides = {
            ALPHA: _batches(task, task.test, state.epoch, "alpha"),
            WEIGHTS: _batches(task, task.train, state.epoch),
        }
        steps = max(map(len, sides.values()))
        if state.step == 0:
            state.measured = torch.full((steps, 2, len(MEASURED)), math.nan, device=device)
        network.train()
        for step in range(state.step, steps):
            for which, batches in sides.items():
                picked = batches[step % len(batches)]
                state.measured[step, which] = side_step(
                    network, learners, which, task, picked, state.epoch, recipe.clip
                )
            state.step = step + 1
            due = clock.due() and state.step < steps
            # On a GPU reading a loss waits for it, so it is read only where the state is written anyway.
            if due or device.type == "cpu":
                _check_finite(state, sides, task)
            if due:
                save(whole_state(state, clock, network, learners, device))
                clock.written()
        _check_finite(state, sides, task)
        _end_epoch(state, network, learners, task, recipe, space, sides)
        _tell(state, clock, task, recipe)
        state.epoch, state.step = state.epoch + 1, 0
        if clock.due() and not is_over(state, recipe):
            save(whole_state(state, clock, network, learners, device))
            clock.written()
    return state, clock


def _beginners(network: nn.Module, recipe: SearchRecipe, task: Task) -> Learners:
    """Return what learns, fresh; torch's random numbers begin with the fold's."""
    torch.manual_seed(derive(task.seed, "dropout"))
    return learners_of(network, recipe)


def learners_of(network: nn.Module, recipe: SearchRecipe) -> Learners:
    """Return what learns in a supernet, with fresh optimisers."""
    alphas = list(_alphas(network).parameters())
    own = {id(alpha) for alpha in alphas}
    weights = [value for value in network.parameters() if id(value) not in own]
    by_weights = optimiser_of(recipe.training.optimiser, weights)
    by_alphas = optimiser_of(recipe.alpha_optimiser, alphas)
    schedulers = (
        scheduler_of(recipe.alpha_schedule, recipe.training.epochs, by_alphas),
        make_scheduler(recipe.training, by_weights),
    )
    return Learners(weights, alphas, (by_alphas, by_weights), schedulers)


def side_step(
    network: nn.Module,
    learners: Learners,
    which: int,
    task: Task,
    picked: Sequence[Sample],
    epoch: int,
    clip: float | None,
) -> Tensor:
    """Learn α or the weights from one batch and return what was measured; the other side stands still.

    Only gradients of the side that learns are computed, and only what they need is kept. ``clip`` is of the weights.
    """
    still = learners.weights if which == ALPHA else learners.alphas
    with _still(still):
        limit = clip if which == WEIGHTS else None
        return train_step(network, learners.optimisers[which], task, picked, epoch, clip=limit)


def _alphas(network: nn.Module) -> Alphas:
    alphas = network.alphas
    assert isinstance(alphas, Alphas)
    return alphas


@contextlib.contextmanager
def _still(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def _batches(task: Task, cases: Sequence[int], epoch: int, side: str = "weights") -> Batches:
    """Return the batches of one side in an epoch; the last one may be smaller."""
    own, size = learned(task, cases), task.inputs.recipe.batch
    order = epoch_order(derive(task.seed, side), epoch, len(own))
    return [[own[index] for index in order[start : start + size]] for start in range(0, len(own), size)]


def _check_finite(state: State, sides: dict[int, Batches], task: Task) -> None:
    bad = (~torch.isfinite(state.measured[: state.step, :, 0])).nonzero()
    if not len(bad):
        return
    step, which = bad[0].tolist()
    key, told = ("alpha_optimiser", "α") if which == ALPHA else ("optimiser", "the weights")
    picked, when = sides[which][step % len(sides[which])], f"step {step + 1} of {told}"
    raise no_number(float(state.measured[step, which, 0]), picked, state.epoch, when, task, f"Lower search.{key}.lr")


def _end_epoch(
    state: State,
    network: nn.Module,
    learners: Learners,
    task: Task,
    recipe: SearchRecipe,
    space: Space,
    sides: dict[int, Batches],
) -> None:
    """Write the epoch's means, the losses on α's cases and the architecture to the history; follow the schedules."""
    epoch, steps = state.epoch, len(state.measured)
    for which, batches in sides.items():
        sizes = torch.tensor([len(batches[step % len(batches)]) for step in range(steps)], dtype=torch.float64)
        known = means_of(state.measured[:, which], sizes)
        state.history += [(epoch, SPLITS[which], name, value) for name, value in known.items()]
        schedule = recipe.alpha_schedule if which == ALPHA else recipe.training.schedule
        if which == WEIGHTS or schedule["name"] != "constant":
            rate = float(learners.optimisers[which].param_groups[0]["lr"])
            state.history.append((epoch, SPLITS[which], "lr", rate))
        follow(learners.schedulers[which], schedule, known["loss"])
    due = epoch % recipe.training.evaluate_every == 0
    loss = _validate(state, network, task) if due else math.nan
    weights = _alphas(network).numbers()
    genotype = derive_genotype(space, weights)
    shown = {"entropy": entropy(weights), "skip_share": genotype.skip_share()}
    state.history += [(epoch, "alpha", name, value) for name, value in shown.items()]
    state.genotypes.append(genotype)
    # What is no number is no candidate.
    state.losses.append(loss if math.isfinite(loss) else math.inf)


def _validate(state: State, network: nn.Module, task: Task) -> float:
    """Write what the network says of α's cases to the history and return its mean loss."""
    judged = judge(network, task.inputs, task.test, task.table)
    values = {name: float(np.mean([one.losses[name] for one in judged])) for name in judged[0].losses}
    scores = [one.score for one in judged if one.score is not None]
    if scores:
        values["accuracy"] = accuracy(scores, [target_of(task.inputs, one.case) for one in judged])
    state.history += [(state.epoch, "validation", name, value) for name, value in values.items()]
    return values["loss"]


def _tell(state: State, clock: Clock, task: Task, recipe: SearchRecipe) -> None:
    """Log about ten lines a fold; on a terminal, one that is written over after every epoch."""
    epochs = recipe.training.epochs
    now = {(split, name): value for epoch, split, name, value in state.history if epoch == state.epoch}
    shown = [
        ("train", "loss"),
        ("alpha", "loss"),
        ("validation", "loss"),
        ("alpha", "entropy"),
        ("alpha", "skip_share"),
    ]
    values = ", ".join(f"{split} {name} {now[split, name]:.3f}" for split, name in shown if (split, name) in now)
    each = clock.spent_s / state.epoch
    left = each * (epochs - state.epoch) / 60
    line = f"{task.name}: search epoch {state.epoch} of {epochs}: {values}; {each:.1f} s an epoch, {left:.0f} min left"
    over = is_over(state, recipe)
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line[:160]}" + ("\n" if over else ""))
        sys.stderr.flush()
    if over or state.epoch == 1 or state.epoch % max(1, epochs // 10) == 0:
        log.info("%s", line)
