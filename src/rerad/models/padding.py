"""Images of any size for networks that halve them several times, and those that such a network does not take."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from rerad.core.errors import ConfigError


def padded_shape(shape: tuple[int, ...], multiple: int) -> tuple[int, ...]:
    """Return ``shape`` with every side rounded up to a multiple of ``multiple``."""
    return tuple(-(-side // multiple) * multiple for side in shape)


def pad(images: Tensor, multiple: int) -> Tensor:
    """Append zeros, the mean of a standardised image, to images (batch, channels, *shape) up to such multiples."""
    shape = tuple(images.shape[2:])
    missing = [new - old for new, old in zip(padded_shape(shape, multiple), shape, strict=True)]
    if not any(missing):
        return images
    # torch counts the axes from the last one.
    return functional.pad(images, [size for side in reversed(missing) for size in (0, side)])


def check_sides(shape: tuple[int, ...], multiple: int) -> None:
    """Refuse images whose sides a network cannot halve as often as it does.

    Raises:
        ConfigError: a side that is no multiple of ``multiple``.
    """
    if shape != padded_shape(shape, multiple):
        what = f"a patch of {'×'.join(map(str, shape))} voxels, whose sides are no multiples of {multiple}"
        fitting = "×".join(map(str, padded_shape(shape, multiple)))
        raise ConfigError(what, where="patch", remedy=f"Write {fitting}, or a smaller network.depth")


def crop(maps: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Cut the far ends of the last axes of ``maps`` so that they have ``shape``."""
    for axis, side in enumerate(shape, maps.dim() - len(shape)):
        maps = maps.narrow(axis, 0, side)
    return maps
