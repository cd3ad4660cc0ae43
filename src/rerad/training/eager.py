"""torch's optimisers without the compiler, which their own methods load although nothing here compiles a step."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import optim


class Eager(optim.Optimizer):
    """An optimiser of whose methods none loads torch.compile: that takes two seconds of every process."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Do what torch's own does."""
        inspect.unwrap(optim.Optimizer.add_param_group)(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Do what torch's own does."""
        inspect.unwrap(optim.Optimizer.zero_grad)(self, set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """Do what torch's own does."""
        return inspect.unwrap(optim.Optimizer.state_dict)(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do what torch's own does."""
        inspect.unwrap(optim.Optimizer.load_state_dict)(self, state_dict)


class Adam(Eager, optim.Adam):
    """torch.optim.Adam."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Do what torch's own does."""
        return inspect.unwrap(optim.Adam.step)(self, closure)


class Sgd(Eager, optim.SGD):
    """torch.optim.SGD."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Do what torch's own does."""
        return inspect.unwrap(optim.SGD.step)(self, closure)
