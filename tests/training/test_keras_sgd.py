"""Keras' gradient descent, step by step by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn, optim

from rerad.training.keras_sgd import KerasSgd
from rerad.training.optimising import make_optimiser, rate_of
from rerad.training.recipe import Recipe


def descend(optimiser, weight, gradients):
    seen = []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimiser.step()
        seen.append(float(weight.detach()))
    return seen


def test_three_steps_are_those_of_keras_formula():
    weight = nn.Parameter(torch.tensor([1.0]))
    seen = descend(KerasSgd([weight], lr=0.5, momentum=0.5, decay=1.0), weight, [1.0, 1.0, -2.0])
    # Rates 0.5, 0.25, 0.5 / 3. Velocities -0.5; 0.5 * -0.5 - 0.25 = -0.5; 0.5 * -0.5 + 2 * 0.5 / 3 = 1/12.
    assert seen == pytest.approx([0.5, 0.0, 1 / 12], abs=1e-7)


def test_with_momentum_a_falling_rate_is_not_torchs_rule():
    weight = nn.Parameter(torch.tensor([1.0]))
    other = nn.Parameter(torch.tensor([1.0]))
    torchs = optim.SGD([other], lr=0.5, momentum=0.5)
    falling = optim.lr_scheduler.LambdaLR(torchs, lambda steps: 1 / (1 + steps))
    steps = []
    for _ in range(3):
        steps += descend(torchs, other, [1.0])
        falling.step()
    # torch: velocities 1, 1.5, 1.75 times the rates 1/2, 1/4, 1/6. Keras: 0.5, 0.5, 0.25 + 1/6.
    assert steps == pytest.approx([0.5, 0.125, 0.125 - 1.75 / 6], abs=1e-6)
    ours = descend(KerasSgd([weight], lr=0.5, momentum=0.5, decay=1.0), weight, [1.0, 1.0, 1.0])
    assert ours == pytest.approx([0.5, 0.0, -5 / 12], abs=1e-6)


def test_without_decay_it_is_torchs_rule():
    start = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    first, second = KerasSgd([ours], lr=0.1, momentum=0.9), optim.SGD([theirs], lr=0.1, momentum=0.9)
    for _ in range(20):
        for weight, rule in ((ours, first), (theirs, second)):
            rule.zero_grad()
            (weight**2).sum().backward()
            rule.step()
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_it_goes_on_from_its_state():
    gradients = [1.0, -0.5, 2.0, 0.25]
    whole = nn.Parameter(torch.tensor([1.0]))
    expected = descend(KerasSgd([whole], lr=0.5, momentum=0.5, decay=0.1), whole, gradients)
    weight = nn.Parameter(torch.tensor([1.0]))
    first = KerasSgd([weight], lr=0.5, momentum=0.5, decay=0.1)
    descend(first, weight, gradients[:2])
    second = KerasSgd([weight], lr=9.0)
    second.load_state_dict(first.state_dict())
    assert rate_of(second) == 0.5 / (1 + 0.1 * 2)
    assert descend(second, weight, gradients[2:]) == expected[2:]


def test_what_has_no_gradient_stays():
    weight, frozen = nn.Parameter(torch.tensor([1.0])), nn.Parameter(torch.tensor([2.0]))
    descend(KerasSgd([weight, frozen], lr=0.5), weight, [1.0])
    assert float(frozen.detach()) == 2.0


@pytest.mark.parametrize("settings", [
    {"name": "keras_sgd", "lr": 0.5, "momentum": 0.5, "decay": 0.0}, {"name": "sgd", "lr": 0.5}, {"name": "adam", "lr": 0.5},
])  # fmt: skip
def test_a_network_is_constrained_after_every_step_of_any_optimiser(settings):
    class Constrained(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([0.1]))

        def constrain(self) -> None:
            self.weight.data.clamp_(min=0)

    network = Constrained()
    optimiser = make_optimiser(Recipe(epochs=1, batch=1, optimiser=settings), network)
    assert descend(optimiser, network.weight, [1.0, 1.0]) == [0.0, 0.0]
    assert descend(optimiser, network.weight, [-4.0])[0] > 0
