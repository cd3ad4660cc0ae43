"""The losses of Eq. 1 and of V-Net, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from rerad.core.errors import ReradError
from rerad.models.output import Output
from rerad.training.loss import dice, losses

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
