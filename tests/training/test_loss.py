"""The losses of Eq. 1 and of V-Net, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from rerad.core.errors import ReradError
from rerad.models.output import Output
from rerad.training.loss import dice, losses, weighted_dice

# Softmax of (0, ln 3) is (1/4, 3/4).
LOGITS = torch.tensor([[0.0, math.log(3)]])
VOXELS = torch.tensor([[[0.0, 0.0, 0.0, 0.0], [math.log(3)] * 4]])
MASK = torch.tensor([[1, 1, 0, 0]], dtype=torch.uint8)
CASE, VOXEL = -math.log(1 / 4), (-math.log(3 / 4) - math.log(1 / 4)) / 2


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_sum_is_weighted(weight: float) -> None:
    found = losses(Output(LOGITS, VOXELS), torch.tensor([0]), MASK, {"voxels": weight})
    assert found["loss_classification"].item() == pytest.approx(CASE)
    assert found["loss_voxels"].item() == pytest.approx(VOXEL)
    assert found["loss"].item() == pytest.approx((1 - weight) * CASE + weight * VOXEL)


def test_one_head_has_its_own_loss_whatever_the_weight() -> None:
    alone = losses(Output(LOGITS), torch.tensor([0]), MASK, {"voxels": 0.9})
    assert alone.keys() == {"loss", "loss_classification"}
    assert alone["loss"].item() == pytest.approx(CASE)
    alone = losses(Output(None, VOXELS), torch.tensor([0]), MASK, {"voxels": 0.1})
    assert alone.keys() == {"loss", "loss_voxels"}
    assert alone["loss"].item() == pytest.approx(VOXEL)


def test_dice_is_that_of_milletari() -> None:
    # p = 3/4 everywhere, g = (1, 1, 0, 0): 2 * 1.5 / (4 * 9/16 + 2)
    assert dice(VOXELS, MASK).item() == pytest.approx(1 - 3 / 4.25)
    found = losses(Output(None, VOXELS), torch.tensor([0]), MASK, {"voxels": 1.0, "kind": "dice"})
    assert found["loss"].item() == pytest.approx(1 - 3 / 4.25)


def test_dice_is_the_mean_of_the_samples_not_of_their_voxels() -> None:
    both = dice(torch.cat([VOXELS, VOXELS]), torch.cat([MASK, 1 - MASK]))
    other = dice(torch.cat([VOXELS, VOXELS]), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]))
    assert both.item() == pytest.approx(1 - 3 / 4.25)
    assert other.item() == pytest.approx(1 - (3 / 4.25 + 6 / 6.25) / 2)


def test_a_perfect_mask_has_no_dice_loss_and_an_empty_one_is_a_number() -> None:
    sure = 40 * (2 * MASK.float() - 1)
    assert dice(torch.stack([-sure, sure], dim=1), MASK).item() == pytest.approx(0, abs=1e-6)
    nothing = torch.zeros_like(MASK)
    assert torch.isfinite(dice(torch.stack([torch.full((1, 4), 200.0), torch.full((1, 4), -200.0)], dim=1), nothing))


def test_half_precision_is_summed_in_single() -> None:
    found = losses(Output(LOGITS.bfloat16(), VOXELS.bfloat16()), torch.tensor([0]), MASK, {})
    assert {value.dtype for value in found.values()} == {torch.float32}


def test_a_network_without_heads_is_refused() -> None:
    with pytest.raises(ReradError, match="neither logits nor voxels"):
        losses(Output(), torch.tensor([0]), MASK, {})


def test_weighted_dice_is_the_papers_third_equation() -> None:
    # p = (3/4, 3/4, 1/2, 1/2) of three regions; g = (1, 1, 0, 0), (0, 0, 0, 0) and (1, 1, 1, 1), so that
    # 2 * 1.5 / (2 + 2.5), ε / (ε + 2.5) and 2 * 2.5 / (4 + 2.5).
    voxels = torch.tensor([math.log(3), math.log(3), 0.0, 0.0]).expand(1, 3, 4)
    mask = torch.tensor([[[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]], dtype=torch.bool)
    expected = 1 - (3 / 4.5 + 1e-6 / 2.500001 + 5 / 6.5) / 3
    assert weighted_dice(voxels, mask).item() == pytest.approx(expected, abs=1e-6)
    found = losses(Output(None, voxels), None, mask, {"kind": "weighted_dice"})
    assert found["loss"].item() == found["loss_voxels"].item() == pytest.approx(expected, abs=1e-6)
    both = weighted_dice(torch.cat([voxels, voxels]), torch.cat([mask, ~mask]))
    other = weighted_dice(voxels, ~mask)
    assert both.item() == pytest.approx((expected + other.item()) / 2, abs=1e-6)


def test_nothing_to_find_and_nothing_found_costs_nothing() -> None:
    nothing = torch.zeros(1, 3, 5, dtype=torch.bool)
    assert weighted_dice(torch.full((1, 3, 5), -60.0), nothing).item() == pytest.approx(0, abs=1e-6)
    assert weighted_dice(torch.full((1, 3, 5), 60.0), nothing).item() == pytest.approx(1, abs=1e-6)


def test_a_head_that_the_cohort_has_nothing_for_is_refused() -> None:
    with pytest.raises(ReradError, match="the network classifies, and the cases have no target"):
        losses(Output(LOGITS), None, MASK, {})
    with pytest.raises(ReradError, match=r"answers \(2, 4\) where the cohort has \(3, 4\)"):
        weighted_dice(torch.zeros(1, 2, 4), torch.zeros(1, 3, 4))


@pytest.mark.parametrize(("kind", "expected"), [("mae", (1 + 0 + 3 + 2) / 4), ("mse", (1 + 0 + 9 + 4) / 4)])
def test_numbers_are_judged_by_their_mean_error_over_cases_and_outputs(kind: str, expected: float) -> None:
    values, target = torch.tensor([[1.0, 2.0], [3.0, -1.0]]), torch.tensor([[2.0, 2.0], [0.0, 1.0]])
    found = losses(Output(values=values), target, torch.empty(0), {"values": kind})
    assert {name: float(value) for name, value in found.items()} == {"loss": expected}
