"""Optimisers without the compiler take the very steps of torch's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn, optim

from rerad.training.optimising import optimiser_of

SETTINGS = [
    ({"name": "adam", "lr": 1e-2, "weight_decay": 1e-2}, optim.Adam),
    ({"name": "sgd", "lr": 1e-1, "momentum": 0.9, "weight_decay": 1e-2}, optim.SGD),
]


def weights() -> nn.Parameter:
    return nn.Parameter(torch.linspace(-1, 1, 7))


def step(optimiser: optim.Optimizer, value: nn.Parameter, times: int) -> None:
    for _ in range(times):
        optimiser.zero_grad()
        (value.sin() ** 2).sum().backward()
        optimiser.step()


@pytest.mark.parametrize(("settings", "kind"), SETTINGS, ids=["adam", "sgd"])
def test_steps_and_states_are_those_of_torch(settings, kind):
    ours, theirs = weights(), weights()
    optimiser = optimiser_of(settings, [ours])
    peer = kind([theirs], fused=True, **{key: value for key, value in settings.items() if key != "name"})
    hooked = []
    optimiser.register_step_post_hook(lambda *_: hooked.append(1))
    step(optimiser, ours, 5)
    step(peer, theirs, 5)
    assert isinstance(optimiser, kind)
    assert len(hooked) == 5
    assert torch.equal(ours, theirs)
    other = weights()
    other.data.copy_(ours.data)
    resumed = optimiser_of(settings, [other])
    resumed.load_state_dict(optimiser.state_dict())
    step(resumed, other, 3)
    step(peer, theirs, 3)
    assert torch.equal(other, theirs)
    assert not torch.equal(other, weights())


def test_no_training_loads_the_compiler():
    """In a process of its own: here other tests may have loaded it."""
    script = """if True:
        import sys, torch
        from rerad.training.device import arithmetic
        from rerad.training.optimising import make_optimiser, make_scheduler, optimiser_of
        class Recipe: threads, deterministic = 1, True
        weights = torch.nn.Parameter(torch.ones(3))
        with arithmetic(Recipe()):
            assert torch.are_deterministic_algorithms_enabled()
            for name in ("adam", "sgd", "keras_sgd"):
                optimiser = optimiser_of({"name": name, "lr": 0.1}, [weights])
                optimiser.zero_grad()
                weights.sum().backward()
                optimiser.step()
                optimiser.load_state_dict(optimiser.state_dict())
        assert not torch.are_deterministic_algorithms_enabled()
        print(sorted(name for name in sys.modules if name in ("torch._dynamo", "torch._inductor", "sympy")))
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
