"""What a checkpoint keeps of a predicted mask is the mask."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from rerad.training.packing import pack, unpack


@pytest.mark.parametrize("labels", [(0, 1), (0, 1, 2, 4)])
def test_a_mask_comes_back_through_a_checkpoint(labels: tuple[int, ...]) -> None:
    mask = np.random.default_rng(0).choice(labels, size=(5, 6, 7)).astype(np.uint8)
    given = mask.astype(bool) if labels == (0, 1) else mask
    file = io.BytesIO()
    torch.save({"mask": pack(given)}, file)
    file.seek(0)
    found = unpack(torch.load(file, weights_only=True)["mask"], mask.shape)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, mask)


def test_a_brain_with_a_tumour_takes_little_room() -> None:
    mask = np.zeros((140, 170, 150), np.uint8)
    mask[40:90, 50:110, 30:80] = 2
    mask[55:75, 70:90, 45:65] = 4
    assert len(pack(mask)) < mask.size / 50
