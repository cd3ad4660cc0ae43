"""Initial weights of all networks that do not start from a file."""

from __future__ import annotations

import math

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd


def initialise(network: nn.Module) -> None:
    """Draw the weights of convolutions and linear layers from N(0, 2 / n), n the inputs that one output sums.

    Biases become 0, the scales of norms 1 and their shifts 0; PReLU keeps its slope. Draws in the order of the modules
    from torch's global generator.

    Source: He et al., ICCV 2015 (reference 40 of the paper).
    """
    for module in network.modules():
        if isinstance(module, _ConvNd | nn.Linear):
            nn.init.normal_(module.weight, std=math.sqrt(2.0 / inputs_of_an_output(module)))
        elif isinstance(module, _BatchNorm | nn.GroupNorm):
            if module.weight is not None:
                nn.init.ones_(module.weight)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def inputs_of_an_output(layer: _ConvNd | nn.Linear) -> float:
    """Return how many inputs one output of a layer sums, away from borders."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    taps = math.prod(layer.kernel_size) * layer.in_channels / layer.groups
    # A stride spreads the kernel of a transposed convolution over as many outputs.
    return taps / math.prod(layer.stride) if isinstance(layer, _ConvTransposeNd) else taps
