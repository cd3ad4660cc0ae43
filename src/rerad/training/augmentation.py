"""Flips, turns, rotations, shifts, scalings and stretchings, for images and their masks alike.

What happens to a sample follows from the seed, the epoch and the sample alone, so that nothing needs to be stored to
go on after a kill, and neither batches nor workers change it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from rerad.core.seeds import derive

# Standard deviations beyond which a stretch is cut: a factor of 0 or less would be none.
LARGEST_STRETCH = 3.0


class Transform(NamedTuple):
    """Axes to flip, and where each voxel comes from: ``matrix`` (axes, axes + 1) in voxels from the middle, or None.

    ``order``: the axes as they come to lie after everything else, or nothing where they stay.
    """

    flips: tuple[int, ...]
    matrix: NDArray[np.float64] | None
    order: tuple[int, ...] = ()


def draw(settings: Mapping[str, Any], axes: int, seed: int, epoch: int, sample: Sequence[int]) -> Transform:
    """Draw the transform of one sample of (y, x) or (z, y, x) images.

    ``flips``: axes, each flipped in half of the samples; ``rotate_degrees``: largest angle about every axis;
    ``shift``: largest, as a share of each axis; ``scale``: the size changes by a factor in 1 - scale … 1 + scale;
    ``stretch``: standard deviation, around 1, of a factor of its own for every axis; ``quarter_turns``: a cube comes to
    lie in any of the orders of its axes, which with all flips are its 48 rotations and reflections.
    """
    random = np.random.default_rng(derive(seed, "augmentation", epoch, *sample))
    # Every number is drawn whatever the settings, so that one setting does not change the others' draws.
    flipped, angles = random.random(3) < 0.5, random.uniform(-1, 1, 3)
    shifts, scaled = random.uniform(-1, 1, 3)[:axes], random.uniform(-1, 1)
    stretched = np.clip(random.normal(size=3), -LARGEST_STRETCH, LARGEST_STRETCH)[:axes]
    ordered = tuple(random.permutation(axes).tolist())
    flips = tuple(axis for axis in sorted(settings.get("flips", ())) if flipped[axis])
    order = ordered if settings.get("quarter_turns") else ()
    degrees, shift, scale, stretch = (
        float(settings.get(key, 0)) for key in ("rotate_degrees", "shift", "scale", "stretch")
    )
    if not degrees and not shift and not scale and not stretch:
        return Transform(flips, None, order)
    turned = rotation(np.deg2rad(degrees) * angles, axes) / (1 + scale * scaled) / (1 + stretch * stretched)
    return Transform(flips, np.column_stack([turned, shift * shifts]), order)


def rotation(angles: NDArray[np.float64], axes: int) -> NDArray[np.float64]:
    """Return the rotation about the axes z, y and x one after the other, or in the plane by the first angle."""
    matrix = np.eye(axes)
    planes = [(0, 1)] if axes == 2 else [(1, 2), (0, 2), (0, 1)]
    for (first, second), angle in zip(planes, angles, strict=False):
        turn = np.eye(axes)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def apply(
    images: Tensor, mask: Tensor, transforms: Sequence[Transform], *, beyond: str = "border"
) -> tuple[Tensor, Tensor]:
    """Transform images (batch, channels, *shape), linearly, and masks (batch, *shape), by the nearest voxel, alike.

    What comes from ``beyond`` the border has the value of the border, or is 0 with ``zeros``. Voxels are isotropic.
    """
    moved = [transform.matrix is not None for transform in transforms]
    if any(moved):
        images, mask = _resample(images, mask, transforms, beyond)
    if any(transform.flips for transform in transforms):
        images = torch.stack([_flip(image, t.flips, 1) for image, t in zip(images, transforms, strict=True)])
        mask = torch.stack([_flip(image, t.flips, 0) for image, t in zip(mask, transforms, strict=True)])
    if any(transform.order for transform in transforms):
        images = torch.stack([_reorder(image, t.order, 1) for image, t in zip(images, transforms, strict=True)])
        mask = torch.stack([_reorder(image, t.order, 0) for image, t in zip(mask, transforms, strict=True)])
    return images, mask


def _flip(image: Tensor, axes: Sequence[int], first: int) -> Tensor:
    return image.flip([axis + first for axis in axes]) if axes else image


def _reorder(image: Tensor, order: Sequence[int], first: int) -> Tensor:
    return image.permute(*range(first), *(axis + first for axis in order)) if order else image


def _resample(images: Tensor, mask: Tensor, transforms: Sequence[Transform], beyond: str) -> tuple[Tensor, Tensor]:
    shape = images.shape[2:]
    size = np.array(shape, dtype=float)
    thetas = []
    for transform in transforms:
        assert transform.matrix is not None
        turn, shift = transform.matrix[:, :-1], transform.matrix[:, -1]
        # The grid's coordinates go from -1 to 1 along every axis, whatever its length, and name x before y before z.
        normal = np.column_stack([turn * size[None, :] / size[:, None], 2 * shift])
        thetas.append(np.column_stack([normal[::-1, -2::-1], normal[::-1, -1]]))
    theta = torch.tensor(np.stack(thetas), dtype=torch.float32, device=images.device)
    grid = functional.affine_grid(theta, [len(images), 1, *shape], align_corners=False)
    turned = functional.grid_sample(images, grid, mode="bilinear", padding_mode=beyond, align_corners=False)
    labels = functional.grid_sample(
        mask[:, None].float(), grid, mode="nearest", padding_mode=beyond, align_corners=False
    )
    return turned, labels[:, 0].to(mask.dtype)
