"""Normalisation layers by the name that a study gives them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from rerad.core.errors import ConfigError

REMEDY = (
    "Use batch, running, group:<channels in a group>, group:<channels in a group>|1 (one group where they do not "
    "divide) or groups:<number of groups>"
)


class BatchNorm(_BatchNorm):
    """Batch normalisation of (batch, channels, *spatial) with any number of axes.

    With ``running`` false the statistics are those of the batch at evaluation too. A batch with one value a channel
    has no spread: it passes with running statistics where there are some, else only scaled and shifted.
    """

    def __init__(self, channels: int, *, running: bool, affine: bool = True) -> None:
        super().__init__(channels, affine=affine, track_running_stats=running)

    def forward(self, values: Tensor) -> Tensor:
        # By shape, not by value: it must hold for meta tensors and for compiled graphs.
        single = values.numel() == values.shape[1]
        if not single or (self.track_running_stats and not self.training):
            return super().forward(values)
        along = (1, -1, *[1] * (values.dim() - 2))
        if self.track_running_stats:
            assert self.running_mean is not None
            assert self.running_var is not None
            spread = (self.running_var + self.eps).sqrt()
            values = (values - self.running_mean.view(along)) / spread.view(along)
        return _scaled(values, self.weight, self.bias)

    def _check_input_dim(self, values: Tensor) -> None:
        """Take any number of axes."""


class GroupNorm(nn.GroupNorm):
    """Group normalisation; groups of a single value, which have no spread, are only scaled and shifted."""

    def forward(self, values: Tensor) -> Tensor:
        if values.numel() != values.shape[0] * self.num_groups:
            return super().forward(values)
        return _scaled(values, self.weight, self.bias)


def _scaled(values: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    if weight is None or bias is None:
        return values
    along = (1, -1, *[1] * (values.dim() - 2))
    return values * weight.view(along) + bias.view(along)


def norm_layer(norm: str, channels: int, *, affine: bool = True) -> nn.Module:
    """Return the normalisation ``norm`` of ``channels`` channels.

    ``batch``: statistics of the batch, at evaluation too, the default since the paper's batches hold one case;
    ``running``: running statistics at evaluation; ``group:4``: groups of 4 channels; ``group:4|1``: the same, and one
    group of all channels where 4 does not divide them; ``groups:4``: 4 groups. Where channels do not fill a group of
    each (the two of the output), they form a single group. With ``affine`` false nothing is scaled or shifted
    afterwards.

    Raises:
        ConfigError: no such norm, or groups that do not divide the channels.

    Source: supplementary section SIII of the paper for groups (GN_c4, GN_c8, GN_c16); ``group:16|1`` is that of the
    released code of NAS-3D-U-Net.
    """
    if norm in ("batch", "running"):
        return BatchNorm(channels, running=norm == "running", affine=affine)
    kind, _, count = str(norm).removesuffix("|1").partition(":")
    single = str(norm).endswith("|1")
    known = ("group",) if single else ("group", "groups")
    if kind not in known or not count.isdecimal() or int(count) < 1:
        raise ConfigError(f"no normalisation {norm!r}", where="network.norm", remedy=REMEDY)
    number = int(count)
    if number > channels or channels <= 2 or (single and channels % number):
        return GroupNorm(1, channels, affine=affine)
    if channels % number:
        raise ConfigError(
            f"{norm} does not divide a layer of {channels} channels",
            where="network.norm",
            remedy="Take a multiple of it as network.width, or smaller groups at a smaller width",
        )
    return GroupNorm(channels // number if kind == "group" else number, channels, affine=affine)


def needs_bias(norm: str) -> bool:
    """Return whether a convolution right before this norm needs a bias: batch statistics take any bias out again."""
    return str(norm).startswith("group")


def replace_batch_norm(network: nn.Module, norm: str) -> None:
    """Put the normalisation ``norm`` in the place of every batch normalisation of a foreign network, in place."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, _BatchNorm) and not isinstance(child, BatchNorm):
                setattr(parent, name, norm_layer(norm, child.num_features))
