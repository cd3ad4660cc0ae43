"""A recipe is refused by key, value and what to write instead."""

from __future__ import annotations

import math

import pytest
import torch

from rerad.core.errors import ConfigError
from rerad.training.optimising import make_optimiser, make_scheduler
from rerad.training.recipe import channels_of, read_recipe, voxels_of_patch

PATCHES = {"input": "patches", "patch": 8, "loss": {"kind": "weighted_dice"}}
GOOD = {"epochs": 10, "batch": 1, "optimiser": {"name": "adam", "lr": 1.0e-4}}


def recipe(**changes):
    return read_recipe({"modalities": ["PET", "CT"], "recipe": {**GOOD, **changes}})


@pytest.mark.parametrize(("changes", "told"), [
    ({"epoch": 5}, "recipe.epoch: 5 does not do. Wanted: no such key; known are epochs"),
    ({"epochs": 0}, "recipe.epochs: 0 does not do"),
    ({"epochs": True}, "recipe.epochs: True does not do"),
    ({"batch": 1.5}, "recipe.batch: 1.5 does not do. Wanted: a whole number, 1 or more"),
    ({"input": "voxels"}, "recipe.input: 'voxels' does not do. Wanted: one of volumes, slices, largest_slice, patches"),
    ({"input": "patches"}, "recipe.patch: missing key. Write the side of a patch, such as 128"),
    ({"input": "patches", "patch": 0}, "recipe.patch: 0 does not do. Wanted: a length in voxels such as 128, or three, or null"),
    ({"input": "patches", "patch": [8, 8]}, "recipe.patch: [8, 8] does not do"),
    ({"input": "patches", "patch": 8}, "recipe.loss.kind: None does not do. Wanted: weighted_dice, since regions of patches overlap"),
    ({**PATCHES, "masked": True}, "recipe.masked: True does not do. Wanted: nothing of the kind with patches"),
    ({**PATCHES, "patch": [8, 8, 9], "augmentation": {"quarter_turns": True}}, "recipe.augmentation.quarter_turns: True does not do. Wanted: true only for patches that are cubes"),
    ({"augmentation": {"quarter_turns": True}}, "recipe.augmentation.quarter_turns: True does not do"),
    ({"augmentation": {"stretch": 0.5}}, "recipe.augmentation.stretch: 0.5 does not do. Wanted: a standard deviation, 0 to 0.3"),
    ({"patch": 8}, "recipe.patch: 8 does not do. Wanted: null, since the input has no patches"),
    ({"loss": {"kind": "weighted_dice"}}, "recipe.loss.kind: 'weighted_dice' does not do. Wanted: another, since only patches have regions that overlap"),
    ({"precision": "fp16"}, "recipe.precision: 'fp16' does not do. Wanted: one of fp32, bf16"),
    ({"compile": "yes"}, "recipe.compile: 'yes' does not do. Wanted: true or false"),
    ({"optimiser": "adam"}, "recipe.optimiser: 'adam' does not do. Wanted: {name: adam, lr: 1.0e-4}"),
    ({"optimiser": {"name": "adan", "lr": 1}}, "recipe.optimiser.name: 'adan' does not do. Wanted: one of adam, sgd"),
    ({"optimiser": {"name": "adam"}}, "recipe.optimiser.lr: missing key"),
    ({"optimiser": {"name": "adam", "lr": "1e-4"}}, "recipe.optimiser.lr: '1e-4' does not do. Wanted: a number"),
    ({"optimiser": {"name": "adam", "lr": 1, "momentum": 0.9}}, "recipe.optimiser.momentum: 0.9 does not do. Wanted: a key of adam: lr, betas, weight_decay"),
    ({"schedule": {"name": "step", "every": 3}}, "recipe.schedule.factor: missing key"),
    ({"loss": {"voxels": 1.5}}, "recipe.loss.voxels: 1.5 does not do"),
    ({"loss": {"kind": "focal"}}, "recipe.loss.kind: 'focal' does not do"),
    ({"augmentation": {"flip": [0]}}, "recipe.augmentation.flip: [0] does not do"),
    ({"augmentation": {"flips": [3]}}, "recipe.augmentation.flips: [3] does not do. Wanted: axes of the input: 0, 1, 2"),
    ({"input": "slices", "augmentation": {"flips": [2]}}, "axes of the input: 0, 1"),
    ({"augmentation": {"scale": 1.0}}, "recipe.augmentation.scale: 1.0 does not do"),
    ({"augmentation": {"copies": 0}}, "recipe.augmentation.copies: 0 does not do"),
    ({"table": ["MR"]}, "recipe.table: ['MR'] does not do. Wanted: modalities of the method: PET, CT"),
    ({"weights": "imagenet"}, "recipe.weights: 'imagenet' does not do"),
    ({"weights": {"url": "https://a"}}, "recipe.weights: {'url': 'https://a'} does not do"),
    ({"threads": 0}, "recipe.threads: 0 does not do"),
])  # fmt: skip
def test_a_wrong_value_is_named(changes: dict, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        recipe(**changes)
    assert told in str(error.value)


@pytest.mark.parametrize("key", ["epochs", "batch", "optimiser"])
def test_what_no_recipe_can_do_without_is_asked_for(key: str) -> None:
    with pytest.raises(ConfigError, match=f"recipe.{key}: missing key"):
        read_recipe({"modalities": ["PET"], "recipe": {name: value for name, value in GOOD.items() if name != key}})


def test_channels_are_the_modalities_and_the_gtv_where_it_is_asked_for() -> None:
    entry = {"modalities": ["PET", "CT"]}
    assert channels_of(entry, recipe()) == ("PET", "CT")
    assert channels_of(entry, recipe(gtv_channel=True)) == ("PET", "CT", "GTV")


@pytest.mark.parametrize(("schedule", "expected"), [
    ({"name": "constant"}, [0.1, 0.1, 0.1, 0.1]),
    ({"name": "step", "every": 2, "factor": 0.1}, [0.1, 0.1, 0.01, 0.01]),
    ({"name": "cosine"}, [0.1, 0.085355339, 0.05, 0.014644661]),  # 0.1 (1 + cos(pi t / 4)) / 2
    ({"name": "plateau", "patience": 0, "factor": 0.5}, [0.1, 0.1, 0.05, 0.025]),  # the loss stays
])  # fmt: skip
def test_the_rate_follows_its_schedule(schedule: dict, expected: list[float]) -> None:
    given = recipe(epochs=4, optimiser={"name": "sgd", "lr": 0.1}, schedule=schedule)
    optimiser = make_optimiser(given, torch.nn.Linear(1, 1))
    scheduler = make_scheduler(given, optimiser)
    rates = []
    for _ in range(4):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step(*([1.0] if schedule["name"] == "plateau" else []))
    assert rates == pytest.approx(expected)


def test_the_optimiser_has_the_recipes_settings_and_leaves_frozen_weights_out() -> None:
    network = torch.nn.Linear(2, 1)
    network.bias.requires_grad_(False)
    sgd = make_optimiser(recipe(optimiser={"name": "sgd", "lr": 0.5, "momentum": 0.9, "weight_decay": 1e-3}), network)
    assert isinstance(sgd, torch.optim.SGD)
    group = sgd.param_groups[0]
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.5, 0.9, 1e-3)
    assert [parameter.shape for parameter in group["params"]] == [(1, 2)]


def test_an_overlay_that_writes_another_optimiser_takes_keys_of_the_first_back() -> None:
    changed = recipe(optimiser={"name": "adam", "lr": 0.5, "momentum": None})
    group = make_optimiser(changed, torch.nn.Linear(2, 1)).param_groups[0]
    assert group["lr"] == 0.5
    assert "momentum" not in group
    for rule in ("sgd", "adam"):
        with pytest.raises(ConfigError, match="missing key"):
            recipe(optimiser={"name": rule, "lr": None})


def test_how_often_the_state_is_written_decides_no_number() -> None:
    assert recipe(checkpoint_s=1).numbers == recipe(checkpoint_s=2).numbers
    assert recipe(threads=1).numbers != recipe(threads=2).numbers


@pytest.mark.parametrize(("given", "axes"), [("volumes", 3), ("slices", 2), ("largest_slice", 2)])
def test_a_sample_has_the_axes_of_its_input(given, axes):
    assert recipe(input=given).axes == axes
    assert recipe(input=given).patch_shape == ()


@pytest.mark.parametrize(("patch", "shape"), [(8, (8, 8, 8)), ([4, 5, 6], (4, 5, 6))])
def test_a_patch_is_a_cube_or_has_a_length_an_axis(patch, shape):
    found = recipe(**{**PATCHES, "patch": patch})
    assert (found.axes, found.patch_shape, voxels_of_patch({"patch": patch})) == (3, shape, math.prod(shape))
    assert voxels_of_patch({}) == 0
