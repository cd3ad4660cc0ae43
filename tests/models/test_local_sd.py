"""The curve of the local standard deviation against numpy, and what it can and cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rerad.core.errors import CaseError, ConfigError
from rerad.models.local_sd import LARGEST, build
from rerad.models.radsynth import by_patches


def test_values_are_the_heights_between_the_knots() -> None:
    curve = build({"knots": 9})  # a knot at every whole number
    with torch.no_grad():
        curve.heights.copy_(torch.arange(9.0) ** 2)
    patches = torch.zeros(3, 1, 5, 5)
    patches[1, 0, :, 0] = torch.tensor([5.0, -5.0, 0.0, 0.0, 0.0])
    patches[2] = torch.arange(25.0).reshape(5, 5)
    places = np.log2(1 + patches.numpy().reshape(3, -1).std(axis=1))
    expected = np.interp(places, np.arange(9), np.arange(9) ** 2)
    assert curve(patches).values[:, 0].detach().numpy() == pytest.approx(expected, rel=1e-5)
    assert expected[0] == 0 < expected[1] < expected[2]


def test_a_map_is_the_curve_patch_by_patch() -> None:
    torch.manual_seed(0)
    curve, image = build({}), torch.randint(1, 65, (11, 9)).float()
    assert torch.allclose(curve.map(image), by_patches(curve, image, batch=7), atol=1e-5)


def test_two_patches_of_one_spread_are_one_to_it() -> None:
    halves = torch.ones(5, 5)
    halves[:2] = 9
    mixed = halves.flatten()[torch.randperm(25, generator=torch.Generator().manual_seed(0))].reshape(5, 5)
    values = build({})(torch.stack([halves, mixed])[:, None]).values
    assert torch.allclose(values[0], values[1])


def test_beyond_the_last_knot_the_curve_stays() -> None:
    patches = torch.zeros(1, 1, 5, 5)
    patches[..., :2] = 10.0**6
    assert float(build({})(patches).values.detach()) == pytest.approx(LARGEST)


@pytest.mark.parametrize(
    ("given", "told"),
    [({"knots": 1}, "1 knots make no curve"), ({"bins": 3}, "no setting bins")],
)
def test_what_makes_no_curve_is_named(given: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        build(given)


def test_other_inputs_are_refused() -> None:
    with pytest.raises(ConfigError, match="2 images in patches of 5 × 5"):
        build({}, channels=("MR", "CT"))
    with pytest.raises(CaseError, match="holds no patch"):
        build({}).map(torch.zeros(4, 9))
