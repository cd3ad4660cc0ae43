"""Auto-fitting patches: the fewest that cover a brain cube, placed symmetrically (NAS-3D-U-Net, section 2.3).

Lengths are in voxels, along axes (z, y, x); a brain cube begins at 0. Patches may reach beyond it: there is nothing but
0 outside the smallest box around a skull-stripped brain.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

if TYPE_CHECKING:
    from torch import Tensor

Place = tuple[int, int, int]
Index = tuple[Any, ...]


def starts(brain: int, patch: int) -> list[int]:
    """Return where the patches of one axis begin: n = ⌈brain / patch⌉ of them; one, centred, if the brain is smaller.

    They overlap by ⌊(n·patch − brain) / (n − 1)⌋; what the floor leaves over lies half before and half after the brain.

    Raises:
        ReradError: a length is not positive.
    """
    if brain < 1 or patch < 1:
        raise ReradError(f"{brain} voxels in patches of {patch}", where="patches", remedy="Write lengths of 1 or more")
    count = -(-brain // patch)
    overlap = (count * patch - brain) // (count - 1) if count > 1 else 0
    first = -((count * patch - overlap * (count - 1) - brain) // 2)
    return [first + index * (patch - overlap) for index in range(count)]


def places(brain: Sequence[int], patch: Sequence[int]) -> list[Place]:
    """Return the first voxels (z, y, x) of all patches that cover a brain cube, axis 0 slowest."""
    z, y, x = (starts(*lengths) for lengths in zip(brain, patch, strict=True))
    return list(itertools.product(z, y, x))


def read_patch(volume: NDArray[Any], place: Sequence[int], patch: Sequence[int]) -> NDArray[Any]:
    """Return a patch of a volume (…, z, y, x) from ``place`` on, in memory of its own; 0 where it leaves the volume.

    Of a memory-mapped volume only the patch is read.
    """
    inside: Index = (...,)
    within: Index = (...,)
    for start, length, whole in zip(place, patch, volume.shape[-3:], strict=True):
        low, high = max(start, 0), max(min(start + length, whole), 0)
        inside += (slice(low, high),)
        within += (slice(low - start, max(low, high) - start),)
    found = np.zeros((*volume.shape[:-3], *patch), volume.dtype)
    found[within] = volume[inside]
    return found


def by_patches(
    network: Callable[[Tensor], Tensor], volume: Tensor, patch: Sequence[int], *, together: int = 1
) -> Tensor:
    """Return what a network says of a whole volume, patch by patch; where patches overlap, their mean.

    Args:
        network: maps (patches, channels, *patch) to (patches, classes, *patch).
        volume: shape (channels, z, y, x); the answer (classes, z, y, x) is on its device, of at least 32 bits.
        patch: lengths of a patch (z, y, x).
        together: how many patches the network gets at a time, the last time what is left.

    Raises:
        ReradError: the network answers in another shape.
    """
    import torch  # a dry run and whoever only reads patches do without it

    axes = [starts(*lengths) for lengths in zip(volume.shape[1:], patch, strict=True)]
    before = [-axis[0] for axis in axes]
    after = [axis[-1] + length - whole for axis, length, whole in zip(axes, patch, volume.shape[1:], strict=True)]
    padded = torch.nn.functional.pad(
        volume, [side for sides in zip(before[::-1], after[::-1], strict=True) for side in sides]
    )
    windows = [_window(place, before, patch) for place in itertools.product(*axes)]
    total = None
    for first in range(0, len(windows), together):
        chosen = windows[first : first + together]
        answers = network(torch.stack([padded[window] for window in chosen]))
        if len(answers) != len(chosen) or tuple(answers.shape[2:]) != tuple(patch):
            raise ReradError(f"a patch of {tuple(patch)} came back as {tuple(answers.shape)}", where="by_patches")
        if total is None:
            kind = torch.promote_types(answers.dtype, torch.float32)
            total = answers.new_zeros((answers.shape[1], *padded.shape[1:]), dtype=kind)
        for window, answer in zip(chosen, answers, strict=True):
            total[window] += answer
    assert total is not None  # there is no axis without a patch
    brain: Index = (
        ...,
        *(slice(margin, margin + whole) for margin, whole in zip(before, volume.shape[1:], strict=True)),
    )
    z, y, x = (
        torch.tensor(_covers(axis, length, whole), device=total.device, dtype=total.dtype)
        for axis, length, whole in zip(axes, patch, volume.shape[1:], strict=True)
    )
    return total[brain] / (z[:, None, None] * y[:, None] * x)


def _window(place: Sequence[int], before: Sequence[int], patch: Sequence[int]) -> Index:
    """Return where a patch lies in a volume with ``before`` more voxels at the beginning of its axes."""
    corner = (start + margin for start, margin in zip(place, before, strict=True))
    return (..., *(slice(start, start + length) for start, length in zip(corner, patch, strict=True)))


def _covers(axis: Sequence[int], patch: int, brain: int) -> list[int]:
    """Return how many patches cover every voxel of an axis."""
    return [sum(start <= voxel < start + patch for start in axis) for voxel in range(brain)]
