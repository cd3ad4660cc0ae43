"""Images and masks move together, by numbers that follow from seed, epoch and sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rerad.training.augmentation import Transform, apply, draw, rotation

ALL = {"flips": [0, 1, 2], "rotate_degrees": 20, "shift": 0.1, "scale": 0.2}


def one(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.rand(1, 2, *shape, generator=torch.Generator().manual_seed(seed))


def moved(image: torch.Tensor, matrix: np.ndarray, flips: tuple[int, ...] = ()) -> tuple[torch.Tensor, torch.Tensor]:
    mask = (image[:, 0] > 0.5).to(torch.uint8)
    return apply(image, mask, [Transform(flips, matrix)])


@pytest.mark.parametrize(("plane", "dims"), [(0, (3, 4)), (1, (2, 4)), (2, (2, 3))])
def test_a_quarter_turn_is_that_of_the_array(plane: int, dims: tuple[int, int]) -> None:
    image = one((6, 6, 6))
    angles = np.zeros(3)
    angles[plane] = np.pi / 2
    turned, mask = moved(image, np.column_stack([rotation(angles, 3), np.zeros(3)]))
    expected = torch.rot90(image, -1, dims)
    assert turned.numpy() == pytest.approx(expected.numpy(), abs=1e-4)
    assert (mask == (expected[:, 0] > 0.5)).all()


def test_a_half_turn_needs_no_square() -> None:
    image = one((4, 6, 10))
    turned, _ = moved(image, np.column_stack([rotation(np.array([np.pi, 0, 0]), 3), np.zeros(3)]))
    assert turned.numpy() == pytest.approx(image.flip([3, 4]).numpy(), abs=1e-4)


def test_an_oblique_turn_is_that_of_scipy() -> None:
    from scipy import ndimage

    shape, angle = (5, 12, 20), np.deg2rad(17)
    smooth = ndimage.gaussian_filter(one(shape)[0, 0].numpy(), 1.5)
    matrix = rotation(np.array([angle, 0, 0]), 3) / 1.1
    shift = np.array([0.0, 0.05, -0.1])
    turned, _ = moved(torch.tensor(smooth)[None, None], np.column_stack([matrix, shift]))
    middle = (np.array(shape) - 1) / 2
    offset = middle - matrix @ middle + shift * shape
    expected = ndimage.affine_transform(smooth, matrix, offset, order=1, mode="nearest")
    assert turned[0, 0].numpy() == pytest.approx(expected, abs=1e-4)


def test_a_shift_by_whole_voxels_moves_everything_and_repeats_the_border() -> None:
    image = one((8, 10))
    turned, mask = moved(image, np.column_stack([np.eye(2), [0.25, -0.1]]))  # 2 of 8 rows, -1 of 10 columns
    assert turned[..., :6, 1:].numpy() == pytest.approx(image[..., 2:, :9].numpy(), abs=1e-5)
    assert turned[..., :6, 0].numpy() == pytest.approx(image[..., 2:, 0].numpy(), abs=1e-5)
    assert (mask == (turned[:, 0] > 0.5)).all()


def test_flips_are_exact_and_differ_between_samples() -> None:
    images = torch.cat([one((3, 4, 5)), one((3, 4, 5), seed=1)])
    mask = (images[:, 0] > 0.5).to(torch.uint8)
    flipped, labels = apply(images, mask, [Transform((0, 2), None), Transform((), None)])
    assert torch.equal(flipped[0], images[0].flip([1, 3]))
    assert torch.equal(labels[0], mask[0].flip([0, 2]))
    assert torch.equal(flipped[1], images[1])


def test_nothing_asked_is_nothing_done() -> None:
    image = one((3, 4, 5))
    mask = (image[:, 0] > 0.5).to(torch.uint8)
    drawn = draw({}, 3, 0, 1, (0, -1, 0))
    assert drawn == Transform((), None)
    same_image, same_mask = apply(image, mask, [drawn])
    assert same_image is image
    assert same_mask is mask


def test_what_is_drawn_follows_from_seed_epoch_and_sample_alone() -> None:
    torch.manual_seed(0)
    first = draw(ALL, 3, 5, 7, (3, -1, 0))
    torch.rand(10)
    np.random.rand(3)
    again = draw(ALL, 3, 5, 7, (3, -1, 0))
    assert first.flips == again.flips
    assert (first.matrix == again.matrix).all()
    others = [
        draw(ALL, 3, 6, 7, (3, -1, 0)),
        draw(ALL, 3, 5, 8, (3, -1, 0)),
        draw(ALL, 3, 5, 7, (4, -1, 0)),
        draw(ALL, 3, 5, 7, (3, -1, 1)),
    ]
    assert all((first.matrix != other.matrix).any() for other in others)


def test_draws_stay_inside_their_bounds_and_use_them() -> None:
    drawn = [draw(ALL, 2, 0, epoch, (0, 0, 0)) for epoch in range(400)]
    scale = np.array([1 / np.sqrt(np.linalg.det(t.matrix[:, :2])) for t in drawn])
    angle = np.rad2deg([np.arctan2(t.matrix[1, 0], t.matrix[0, 0]) for t in drawn])
    shift = np.array([t.matrix[:, 2] for t in drawn])
    assert 0.8 <= scale.min() < 0.85
    assert 1.15 < scale.max() <= 1.2
    assert -20 <= angle.min() < -15
    assert 15 < angle.max() <= 20
    assert 0.09 < np.abs(shift).max() <= 0.1
    flipped = np.mean([[axis in t.flips for axis in (0, 1)] for t in drawn], axis=0)
    assert (np.abs(flipped - 0.5) < 0.1).all()


def test_the_axes_of_a_cube_come_to_lie_in_any_order() -> None:
    drawn = [draw({"flips": [0, 1, 2], "quarter_turns": True}, 3, 0, epoch, (0, -1, 0)) for epoch in range(600)]
    assert len({(t.flips, t.order) for t in drawn}) == 48
    counts = np.unique([t.order for t in drawn], axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert counts.min() > 60
    image = one((4, 4, 4))
    mask = (image[:, 0] > 0.5).to(torch.uint8)
    turned, labels = apply(image, mask, [Transform((0,), None, (1, 2, 0))])
    assert torch.equal(turned, image.flip([2]).permute(0, 1, 3, 4, 2))
    assert torch.equal(labels, (turned[:, 0] > 0.5).to(torch.uint8))


def test_every_axis_is_stretched_by_a_factor_of_its_own() -> None:
    factors = np.array([1 / np.diag(draw({"stretch": 0.25}, 3, 0, epoch, (0, 0, 0)).matrix) for epoch in range(2000)])
    assert factors.mean(axis=0) == pytest.approx(1, abs=0.02)
    assert factors.std(axis=0) == pytest.approx(0.25, abs=0.02)
    assert factors.min() >= 0.25
    assert factors.max() <= 1.75
    assert np.abs(np.corrcoef(factors.T) - np.eye(3)).max() < 0.1
    # A line of 1 from voxel 6 to 9 of 16 that is stretched by 2 reaches from 4 to 11; along y nothing changes.
    image = torch.zeros(1, 1, 16, 16)
    image[:, :, 6:10, 6:10] = 1
    wider, mask = moved(image, np.column_stack([np.diag([1, 0.5]), [0.0, 0.0]]))
    assert mask[0].any(dim=0).nonzero().flatten().tolist() == list(range(4, 12))
    assert mask[0].any(dim=1).nonzero().flatten().tolist() == list(range(6, 10))
    assert wider.sum().item() == pytest.approx(32, abs=0.1)


def test_one_setting_does_not_change_the_draws_of_another() -> None:
    plain, more = (draw(settings, 3, 5, 7, (3, -1, 0)) for settings in (ALL, {**ALL, "quarter_turns": True}))
    assert (plain.matrix == more.matrix).all()
    assert plain.flips == more.flips
    assert plain.order == ()


def test_beyond_the_border_there_may_be_nothing() -> None:
    image = one((4, 8)) + 1
    mask = torch.ones(1, 4, 8, dtype=torch.uint8)
    shift = np.column_stack([np.eye(2), [0.0, 0.5]])
    turned, labels = apply(image, mask, [Transform((), shift)], beyond="zeros")
    assert (turned[..., 4:] == 0).all()
    assert (labels == torch.tensor([1, 1, 1, 1, 0, 0, 0, 0])).all()
