"""A curve of the local standard deviation: what a texture map can be guessed from without looking at texture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rerad.core.errors import CaseError, ConfigError
from rerad.models.options import complete
from rerad.models.output import Output
from rerad.models.radsynth import PATCH

DEFAULTS: dict[str, Any] = {"knots": 41}
TASKS = ("synthesis",)
LARGEST = 8.0  # log2(1 + SD) of 510 levels half dark, half bright


def build(
    settings: dict[str, Any],
    *,
    channels: Sequence[str] = ("MR",),
    shape: tuple[int, ...] = (PATCH, PATCH),
    columns: int = 0,
) -> LocalSd:
    """Build the curve for patches of 5 × 5 of one image.

    Raises:
        ConfigError: an unknown setting, fewer than two knots, or another input.
    """
    knots = complete(settings, DEFAULTS)["knots"]
    if knots < 2:
        raise ConfigError(f"{knots} knots make no curve", where="network.knots", remedy="Give two or more")
    if len(channels) != 1 or tuple(shape) != (PATCH, PATCH) or columns:
        told = f"{len(channels)} images in patches of {' × '.join(map(str, shape))} and {columns} features"
        raise ConfigError(f"no {told}", where="local_sd", remedy="Give patches of 5 × 5 of one image (input: windows)")
    return LocalSd(knots)


class LocalSd(nn.Module):
    """A piecewise linear curve over log2(1 + SD of a patch); its heights at the knots are all that it learns."""

    def __init__(self, knots: int) -> None:
        super().__init__()
        self.heights = nn.Parameter(torch.linspace(0.0, LARGEST, knots))

    def forward(self, patches: Tensor, table: Tensor | None = None) -> Output:
        """Return a value for each of ``patches`` (batch, 1, 5, 5); there is no table."""
        del table
        return Output(values=self._curve(patches.flatten(1).std(dim=1, correction=0))[:, None])

    @torch.no_grad()
    def map(self, image: Tensor) -> Tensor:
        """Return the value at the centre of every patch of an image (y, x): shape (y - 4, x - 4).

        Raises:
            CaseError: the image is smaller than a patch.
        """
        if min(image.shape) < PATCH:
            raise CaseError(f"{tuple(image.shape)} holds no patch of 5 × 5", where="image", remedy="Give a larger one")
        rows = [image[top : top + PATCH].unfold(1, PATCH, 1) for top in range(image.shape[0] - PATCH + 1)]
        return torch.stack([self._curve(row.std(dim=(0, 2), correction=0)) for row in rows])

    def _curve(self, spread: Tensor) -> Tensor:
        last = len(self.heights) - 1
        place = (torch.log2(1 + spread) * (last / LARGEST)).clamp(0, last)
        below = place.floor().clamp(max=last - 1).long()
        share = place - below
        return self.heights[below] * (1 - share) + self.heights[below + 1] * share
