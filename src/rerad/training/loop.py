"""The one loop: epochs of steps, the same numbers whether or not it was killed in between."""

from __future__ import annotations

import functools
import logging
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rerad.core.errors import NoNumberError, ReradError
from rerad.core.seeds import derive
from rerad.training.augmentation import draw
from rerad.training.checkpoint import Clock, random_states, restore_random_states
from rerad.training.companion import Fuse
from rerad.training.device import compiled, memory_format, precision
from rerad.training.inputs import Batch, Inputs, Sample, not_finite, noted, target_of
from rerad.training.loss import QUANTITIES, losses
from rerad.training.optimising import follow, make_optimiser, make_scheduler, rate_of
from rerad.training.packing import pack
from rerad.training.prediction import judge
from rerad.training.restoring import restored
from rerad.training.selection import Best, accuracy

log = logging.getLogger(__name__)
# Of every step: the losses, and the share of its samples that were called rightly.
MEASURED = (*QUANTITIES, "accuracy")
HistoryRow = tuple[int, str, str, float]


@dataclass
class State:
    """How far a training has come: the epoch in work, its steps done, what they measured, and what was before.

    ``measured`` (steps, quantities), ``history`` (epoch, split, quantity, value).
    """

    epoch: int = 1
    step: int = 0
    measured: Tensor = field(default_factory=lambda: torch.empty(0))
    history: list[HistoryRow] = field(default_factory=list)
    best: Best = field(default_factory=Best)


@dataclass
class Task:
    """One fold: the cases of either side, standardised features, the fold's seed, a name for messages, a companion."""

    inputs: Inputs
    train: Sequence[int]
    test: Sequence[int]
    table: Tensor | None
    seed: int
    name: str
    fuse: Fuse | None = None


def fit(
    network: nn.Module,
    task: Task,
    *,
    saved: dict[str, Any] | None = None,
    save: Callable[[dict[str, Any]], None] = lambda state: None,
    path: Path | None = None,
) -> tuple[State, Clock]:
    """Train a network in place for the recipe's epochs, from the beginning or from a saved state, read from ``path``.

    A state that does not fit the network is left aside. ``save`` gets the whole state whenever the recipe's
    ``checkpoint_s`` have passed. The order of samples and their augmentation follow from seed and epoch, dropout from
    torch's random numbers, which the state holds. Evaluation changes nothing of these.

    Raises:
        ReradError: a loss is no number; it names cases and epoch.
    """
    recipe, inputs = task.inputs.recipe, task.inputs
    state, clock = State(), Clock(recipe.checkpoint_s)
    optimiser, scheduler = _learner(network, task)
    if saved:
        begun = restored(functools.partial(_restore, saved, network, optimiser, scheduler, task), network, path)
        if begun:
            state, clock = begun
        else:
            optimiser, scheduler = _learner(network, task)
    forward = compiled(network, recipe)
    chosen = learned(task, task.train)
    steps = math.ceil(len(chosen) / recipe.batch)

    while state.epoch <= recipe.epochs:
        if state.step == 0:
            state.measured = torch.full((steps, len(MEASURED)), math.nan, device=inputs.device)
        forward.train()
        order = epoch_order(task.seed, state.epoch, len(chosen))
        for step in range(state.step, steps):
            picked = [chosen[index] for index in order[step * recipe.batch : (step + 1) * recipe.batch]]
            state.measured[step] = train_step(forward, optimiser, task, picked, state.epoch)
            state.step = step + 1
            due = clock.due() and state.step < steps
            # On a GPU reading a loss waits for it, so it is read only where the state is written anyway.
            if due or inputs.device.type == "cpu":
                _check_finite(state, chosen, order, task)
            if due:
                save(_whole_state(state, clock, network, optimiser, scheduler, task))
                clock.written()
        _check_finite(state, chosen, order, task)
        _end_epoch(state, forward, scheduler, optimiser, task, sizes=_sizes(len(chosen), recipe.batch))
        _tell(state, clock, task)
        state.epoch, state.step = state.epoch + 1, 0
        if clock.due() and state.epoch <= recipe.epochs:
            save(_whole_state(state, clock, network, optimiser, scheduler, task))
            clock.written()
    return state, clock


def _learner(network: nn.Module, task: Task) -> tuple[torch.optim.Optimizer, Any]:
    """Return a fresh optimiser and its schedule; torch's random numbers begin with the fold's."""
    torch.manual_seed(derive(task.seed, "dropout"))
    optimiser = make_optimiser(task.inputs.recipe, network)
    return optimiser, make_scheduler(task.inputs.recipe, optimiser)


def learned(task: Task, cases: Sequence[int]) -> list[Sample]:
    """Return the samples of some cases that are learned from in every epoch.

    Raises:
        ReradError: there is none.
    """
    found = task.inputs.samples(cases, copies=task.inputs.recipe.augmentation.get("copies", 1), learning=True)
    if not found:
        remedy = "Bring more cases, or use fewer folds"
        raise ReradError(f"none of {len(cases)} cases has a sample to learn from", where=task.name, remedy=remedy)
    return found


def epoch_order(seed: int, epoch: int, count: int) -> list[int]:
    """Return the order of the samples in an epoch."""
    return np.random.default_rng(derive(seed, "order", epoch)).permutation(count).tolist()


def train_step(
    forward: nn.Module,
    optimiser: torch.optim.Optimizer,
    task: Task,
    picked: Sequence[Sample],
    epoch: int,
    *,
    clip: float | None = None,
) -> Tensor:
    """Learn from one batch and return what was measured, in the order of ``MEASURED``, on the device.

    ``clip``: largest norm of the gradient of the optimiser's parameters together.
    """
    inputs, recipe = task.inputs, task.inputs.recipe
    given = _shown(task, picked, epoch)
    images = given.images.contiguous(memory_format=memory_format(recipe, len(inputs.shape)))
    optimiser.zero_grad(set_to_none=True)
    with noted(inputs, picked):
        with precision(recipe, inputs.device):
            output = forward(images, given.table)
        parts = losses(output, given.target, given.mask, recipe.loss)
        parts["loss"].backward()
    if clip is not None:
        nn.utils.clip_grad_norm_([value for group in optimiser.param_groups for value in group["params"]], clip)
    optimiser.step()
    missing = torch.full((), math.nan, device=inputs.device)
    if output.logits is not None and given.target is not None:
        parts["accuracy"] = ((output.logits[:, 1] >= output.logits[:, 0]) == (given.target > 0)).float().mean()
    return torch.stack([parts.get(name, missing).detach() for name in MEASURED])


def _shown(task: Task, picked: Sequence[Sample], epoch: int) -> Batch:
    """Return what a step of an epoch shows of some samples."""
    augmentation, axes = task.inputs.recipe.augmentation, len(task.inputs.shape)
    transforms = [draw(augmentation, axes, task.seed, epoch, sample) for sample in picked if augmentation]
    return task.inputs.batch(picked, task.table, transforms)


def _end_epoch(
    state: State, forward: nn.Module, scheduler: Any, optimiser: torch.optim.Optimizer, task: Task, sizes: Tensor
) -> None:
    """Write the epoch's means to the history, let the learning rate follow its schedule, and look at the test side."""
    recipe, epoch = task.inputs.recipe, state.epoch
    known = means_of(state.measured, sizes)
    rate = rate_of(optimiser)
    state.history += [(epoch, "train", name, value) for name, value in (*known.items(), ("lr", rate))]
    follow(scheduler, recipe.schedule, known["loss"])
    last = epoch == recipe.epochs
    segment = epoch % recipe.segment_every == 0 or last
    if task.test and (epoch % recipe.evaluate_every == 0 or segment):
        _evaluate(state, forward, task, score=epoch % recipe.evaluate_every == 0 or last, segment=segment)


def means_of(measured: Tensor, sizes: Tensor) -> dict[str, float]:
    """Return the means over an epoch's samples of what its steps (steps, quantities) measured and is a number."""
    means = (measured.double().cpu() * sizes[:, None]).sum(dim=0) / sizes.sum()
    return {name: float(mean) for name, mean in zip(MEASURED, means, strict=True) if not math.isnan(mean)}


def _evaluate(state: State, forward: nn.Module, task: Task, *, score: bool, segment: bool) -> None:
    judged = judge(forward, task.inputs, task.test, task.table, fuse=task.fuse, whole=segment)
    values = {name: float(np.mean([one.losses[name] for one in judged])) for name in judged[0].losses}
    scores = [one.score for one in judged if one.score is not None]
    if score and scores:
        target = [target_of(task.inputs, one.case) for one in judged]
        values["accuracy"] = accuracy(scores, target)
        state.best.see_scores(state.epoch, scores, target, values["loss"])
    predicted = [one.values.tolist() for one in judged if one.values is not None]
    if predicted:
        state.best.see_values(state.epoch, predicted, values["loss"])
    dice = [one.dice for one in judged if one.dice is not None]
    if dice:
        values["dice"] = float(np.mean(dice))
        if segment:
            state.best.see_masks(state.epoch, dice, [pack(one.mask) for one in judged if one.mask is not None])
    state.history += [(state.epoch, "test", name, value) for name, value in values.items()]


def _sizes(count: int, size: int) -> Tensor:
    """Return how many samples each step of an epoch has: its mean counts that often."""
    return torch.tensor([min(size, count - start) for start in range(0, count, size)], dtype=torch.float64)


def _check_finite(state: State, chosen: Sequence[Sample], order: Sequence[int], task: Task) -> None:
    bad = (~torch.isfinite(state.measured[: state.step, 0])).nonzero()
    if not len(bad):
        return
    step, recipe = int(bad[0]), task.inputs.recipe
    picked = [chosen[index] for index in order[step * recipe.batch : (step + 1) * recipe.batch]]
    remedy = f"Lower recipe.optimiser.lr ({recipe.optimiser['lr']})"
    raise no_number(float(state.measured[step, 0]), picked, state.epoch, f"step {step + 1}", task, remedy)


def no_number(loss: float, picked: Sequence[Sample], epoch: int, step: str, task: Task, lower: str) -> NoNumberError:
    """Return the error for a loss that is no number; ``lower`` says what to lower where the images are whole.

    What the network was not shown (outside the mask, in other slices) explains nothing.
    """
    inputs = task.inputs
    broken = not_finite(inputs, picked, _shown(task, picked, epoch))
    if broken:
        told = "; ".join(f"{case}: {', '.join(modalities)}" for case, modalities in broken.items())
        remedy = f"Voxels of {told} are no numbers: look at how the case was prepared"
    else:
        other = ", write precision: fp32" if inputs.recipe.precision == "bf16" else ""
        remedy = f"{lower}{other}, or look for extreme values in the image"
    names = ", ".join(map(inputs.told, picked))
    return NoNumberError(f"the loss is {loss} in epoch {epoch}, {step}, with {names}", where=task.name, remedy=remedy)


def _whole_state(
    state: State, clock: Clock, network: nn.Module, optimiser: torch.optim.Optimizer, scheduler: Any, task: Task
) -> dict[str, Any]:
    return {
        "epoch": state.epoch,
        "step": state.step,
        "measured": state.measured.cpu(),
        "history": [list(row) for row in state.history],
        "best": state.best.state(),
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "scheduler": scheduler.state_dict(),
        "random": random_states(task.inputs.device),
        "spent_s": clock.spent_s,
    }


def _restore(
    saved: dict[str, Any], network: nn.Module, optimiser: torch.optim.Optimizer, scheduler: Any, task: Task
) -> tuple[State, Clock]:
    network.load_state_dict(saved["network"])
    optimiser.load_state_dict(saved["optimiser"])
    scheduler.load_state_dict(saved["scheduler"])
    restore_random_states(saved["random"], task.inputs.device)
    state = State(
        epoch=saved["epoch"],
        step=saved["step"],
        measured=saved["measured"].to(task.inputs.device),
        history=[tuple(row) for row in saved["history"]],
        best=Best(**saved["best"]),
    )
    log.info("%s goes on at epoch %d, step %d", task.name, state.epoch, state.step + 1)
    return state, Clock(task.inputs.recipe.checkpoint_s, before_s=saved["spent_s"])


def _tell(state: State, clock: Clock, task: Task) -> None:
    """Log about ten lines a fold; on a terminal, one that is written over after every epoch."""
    epochs = task.inputs.recipe.epochs
    now = {(split, name): value for epoch, split, name, value in state.history if epoch == state.epoch}
    shown = [(split, name) for split in ("train", "test") for name in ("loss", "accuracy", "dice")]
    values = [f"{split} {name} {now[split, name]:.3f}" for split, name in shown if (split, name) in now]
    each = clock.spent_s / state.epoch
    line = (
        f"{task.name}: epoch {state.epoch} of {epochs}: {', '.join(values)}; "
        f"{each:.1f} s an epoch, {each * (epochs - state.epoch) / 60:.0f} min left"
    )
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line[:160]}" + ("\n" if state.epoch == epochs else ""))
        sys.stderr.flush()
    if state.epoch in (1, epochs) or state.epoch % max(1, epochs // 10) == 0:
        log.info("%s", line)
