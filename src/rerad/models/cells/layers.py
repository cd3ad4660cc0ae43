"""Layers of candidate operations that torch does not have as they are needed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class AveragePooling(nn.Module):
    """The mean of the window around each voxel, as far as it lies inside, axis by axis.

    The same numbers as torch's pooling without its padding in the count, which takes no map smaller than its kernel;
    few sums in place of kernel³ for every voxel, and nothing to keep for the gradient.
    """

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.reach = kernel // 2

    def forward(self, values: Tensor) -> Tensor:
        """Return means of the size of ``values`` (batch, channels, *shape)."""
        for axis in range(2, values.dim()):
            values = self._along(values, axis)
        return values

    def _along(self, values: Tensor, axis: int) -> Tensor:
        side = values.shape[axis]
        behind = values.dim() - 1 - axis
        total, count = values, torch.ones(side, device=values.device, dtype=values.dtype)
        for shift in range(1, min(self.reach, side - 1) + 1):
            for start, before in ((0, shift), (shift, 0)):
                sides = (before, shift - before)
                # torch counts the axes from the last one.
                total = total + functional.pad(values.narrow(axis, start, side - shift), (0, 0) * behind + sides)
                count = count + functional.pad(torch.ones_like(count[shift:]), sides)
        return total / count.view(-1, *[1] * behind)


class Excitation(nn.Module):
    """Each channel times a share between 0 and 1, which follows from the means of all channels.

    Source: squeeze and excitation (Hu 2018); a bottleneck of one value, as in the released code of NAS-3D-U-Net.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, 1)
        self.excite = nn.Linear(1, channels)

    def forward(self, values: Tensor) -> Tensor:
        """Return scaled ``values`` (batch, channels, *shape)."""
        along = tuple(range(2, values.dim()))
        shares = torch.sigmoid(self.excite(functional.relu(self.squeeze(values.mean(dim=along)))))
        return values * shares.view(*shares.shape, *[1] * len(along))
