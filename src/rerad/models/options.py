"""A network's settings: what the study gives, over what the network takes by default."""

from __future__ import annotations

from typing import Any

from rerad.core.errors import ConfigError


def complete(settings: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Return ``defaults`` overridden by ``settings``.

    Raises:
        ConfigError: a key that the network does not have.
    """
    unknown = sorted(settings.keys() - defaults.keys())
    if unknown:
        raise ConfigError(
            f"the network has no setting {', '.join(unknown)}",
            where="network",
            remedy=f"It has {', '.join(sorted(defaults))}",
        )
    return {**defaults, **settings}


def fusion_of(options: dict[str, Any]) -> str:
    """Return the setting ``fusion``: hierarchical (all levels enter the head) or last (the deepest alone).

    Raises:
        ConfigError: another value.
    """
    if options["fusion"] not in ("hierarchical", "last"):
        raise ConfigError(f"no fusion {options['fusion']!r}", where="network.fusion", remedy="Use hierarchical or last")
    return options["fusion"]


def modalities(channels: tuple[str, ...], mask: str = "GTV") -> tuple[list[list[int]], int]:
    """Return which input channels each branch sees, and how many see a single branch.

    Every image channel has a branch of its own; a tumour mask, the channel ``mask``, joins each of them.

    Raises:
        ConfigError: no image channel, or a channel twice.

    Source: section II.F of the paper (Mask + HMFL: a 2-channel PET-label and a 2-channel CT-label image).
    """
    images = [index for index, name in enumerate(channels) if name != mask]
    if not images or len(set(channels)) != len(channels):
        raise ConfigError(
            f"channels {', '.join(channels) or 'none'} are no set of images",
            where="modalities",
            remedy="Name each image once, such as PET and CT; GTV only adds to them",
        )
    masks = [index for index, name in enumerate(channels) if name == mask]
    return [[image, *masks] for image in images], 1 + len(masks)


def spatial_axes(shape: tuple[int, ...], allowed: tuple[int, ...] = (2, 3)) -> int:
    """Return the number of axes of an image of ``shape``.

    Raises:
        ConfigError: a number that the network does not work in.
    """
    if len(shape) not in allowed or min(shape) < 1:
        raise ConfigError(
            f"an image of {'×'.join(map(str, shape))} voxels has not the {' or '.join(map(str, allowed))} axes "
            "of this network",
            where="recipe.input",
            remedy="Use volumes for 3-D networks, slices or largest_slice for 2-D ones",
        )
    return len(shape)
