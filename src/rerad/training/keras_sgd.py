"""Stochastic gradient descent as Keras 2 has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from rerad.training.eager import Eager


class KerasSgd(Eager):
    """Step with momentum and a learning rate that falls from step to step.

    rate = lr / (1 + decay · steps done); velocity = momentum · velocity − rate · gradient; weight += velocity. torch's
    own rule multiplies the rate onto the whole velocity instead, which is another rule as soon as the rate changes.

    Source: Keras 2.0, ``keras.optimizers.SGD`` (reference 20 of the radiogenomic paper).
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.0, decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay, "steps": 0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            rate = decayed(group)
            for value in group["params"]:
                if value.grad is None:
                    continue
                state = self.state[value]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(value)
                state["velocity"].mul_(group["momentum"]).add_(value.grad, alpha=-rate)
                value.add_(state["velocity"])
            group["steps"] += 1


def decayed(group: dict[str, Any]) -> float:
    """Return the learning rate of the next step of a group of parameters."""
    return float(group["lr"] / (1 + group["decay"] * group["steps"]))
