"""How far an architecture search has come, and when it is over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rerad.models.cells.genotype import Genotype
from rerad.search.derive import most_common, times_seen
from rerad.search.recipe import SearchRecipe
from rerad.training.checkpoint import Clock, random_states, restore_random_states
from rerad.training.loop import HistoryRow

ALPHA, WEIGHTS = 0, 1


@dataclass
class State:
    """The epoch in work, its steps done and what they measured (steps, side, quantities), and what was before.

    Of every finished epoch its genotype and its loss on α's cases; ``history`` (epoch, split, quantity, value).
    """

    epoch: int = 1
    step: int = 0
    measured: Tensor = field(default_factory=lambda: torch.empty(0))
    history: list[HistoryRow] = field(default_factory=list)
    genotypes: list[Genotype] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


@dataclass
class Learners:
    """The weights and α, and the optimiser and the schedule of each, α's first."""

    weights: list[nn.Parameter]
    alphas: list[nn.Parameter]
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer]
    schedulers: tuple[Any, Any]


def is_over(state: State, recipe: SearchRecipe) -> bool:
    """Tell whether a search ends after the epochs that are done."""
    if not state.genotypes:
        return False
    last, stop = state.genotypes[-1], recipe.stop
    skips = max(last.skip_share(cell) for cell in last.cells)
    collapsed = stop.get("skip_share") is not None and skips > stop["skip_share"]
    settled = stop.get("seen") is not None and times_seen(state.genotypes) >= stop["seen"]
    return len(state.genotypes) >= recipe.training.epochs or collapsed or settled


def selected(state: State, recipe: SearchRecipe) -> int:
    """Return the epoch, from 1, whose architecture counts; of equals the earliest."""
    if recipe.select == "last":
        return len(state.genotypes)
    if recipe.select == "most_common":
        return most_common(state.genotypes) + 1
    return int(np.argmin(state.losses)) + 1


def whole_state(
    state: State, clock: Clock, network: nn.Module, learners: Learners, device: torch.device
) -> dict[str, Any]:
    """Return everything that a search needs to go on as if it had not been killed."""
    return {
        "epoch": state.epoch,
        "step": state.step,
        "measured": state.measured.cpu(),
        "history": [list(row) for row in state.history],
        "genotypes": [json.dumps(genotype.as_dict()) for genotype in state.genotypes],
        "losses": state.losses,
        "network": network.state_dict(),
        "optimisers": [optimiser.state_dict() for optimiser in learners.optimisers],
        "schedulers": [scheduler.state_dict() for scheduler in learners.schedulers],
        "random": random_states(device),
        "spent_s": clock.spent_s,
    }


def restore(
    saved: dict[str, Any], network: nn.Module, learners: Learners, device: torch.device, every_s: float
) -> tuple[State, Clock]:
    """Put network, learners and random numbers into a saved state and return how far it had come."""
    network.load_state_dict(saved["network"])
    for optimiser, content in zip(learners.optimisers, saved["optimisers"], strict=True):
        optimiser.load_state_dict(content)
    for scheduler, content in zip(learners.schedulers, saved["schedulers"], strict=True):
        scheduler.load_state_dict(content)
    restore_random_states(saved["random"], device)
    state = State(
        epoch=saved["epoch"],
        step=saved["step"],
        measured=saved["measured"].to(device),
        history=[tuple(row) for row in saved["history"]],
        genotypes=[Genotype.from_dict(json.loads(text), where="checkpoint") for text in saved["genotypes"]],
        losses=list(saved["losses"]),
    )
    return state, Clock(every_s, before_s=saved["spent_s"])
