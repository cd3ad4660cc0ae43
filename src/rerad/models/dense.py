"""The network of the radiogenomic study: gene expression to shapes of the tumour, which are never negative."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from rerad.core.errors import ConfigError
from rerad.models.options import complete
from rerad.models.output import Output

DEFAULTS: dict[str, Any] = {"widths": (2000, 1000, 500), "head": 250, "dropout": 0.0, "nonnegative": "output"}
NONNEGATIVE = ("output", "all", "none")


class Dense(nn.Module):
    """Encoder, one more hidden layer and the outputs: ReLU between layers, nothing after the last.

    Dropout is at the input and after each layer of the encoder. Maps (batch, genes) to an ``Output`` whose ``values``
    are (batch, outputs).

    Source: radiogenomics, section 2.2.3; the paper does not print the width of the fourth hidden layer.
    """

    def __init__(self, genes: int, outputs: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        sizes = [genes, *options["widths"]]
        self.encoder = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        self.head = nn.Linear(sizes[-1], options["head"])
        self.output = nn.Linear(options["head"], outputs)
        self.dropout = nn.Dropout(options["dropout"])
        self.nonnegative = str(options["nonnegative"])
        start(self)

    def forward(self, genes: Tensor, table: Tensor | None = None) -> Output:
        """Return the outputs of genes (batch, genes)."""
        hidden = self.dropout(genes)
        for layer in self.encoder:
            hidden = self.dropout(torch.relu(layer(hidden)))
        return Output(values=self.output(torch.relu(self.head(hidden))))

    @torch.no_grad()
    def constrain(self) -> None:
        """Set negative weights and biases to 0, of the output layer or of all: what an optimiser does after a step."""
        layers: dict[str, nn.Module] = {"output": self.output, "all": self}
        if self.nonnegative in layers:
            for value in layers[self.nonnegative].parameters():
                value.clamp_(min=0)


def build(settings: Mapping[str, Any], *, genes: int, outputs: int) -> Dense:
    """Return the network at its start, drawn from torch's global generator.

    ``settings``: ``widths`` of the encoder, ``head`` (the fourth hidden layer), ``dropout``, and ``nonnegative``: the
    layers whose weights and biases stay 0 or more, output, all or none.

    Raises:
        ConfigError: a setting that it does not have.
    """
    options = complete(dict(settings), DEFAULTS)
    if options["nonnegative"] not in NONNEGATIVE:
        told, where = f"{options['nonnegative']!r} does not do", "network.nonnegative"
        raise ConfigError(told, where=where, remedy=f"Use one of {', '.join(NONNEGATIVE)}")
    return Dense(genes, outputs, options)


def load_encoder(network: Dense, state: Mapping[str, Tensor]) -> None:
    """Start the first layers from an autoencoder's ``encoder``.

    Raises:
        ConfigError: its layers have other sizes.
    """
    own = network.encoder.state_dict()
    if {name: value.shape for name, value in state.items()} != {name: value.shape for name, value in own.items()}:
        raise ConfigError("the autoencoder's layers do not fit", where="network.widths", remedy="Give both the same")
    network.encoder.load_state_dict(state)


def start(network: nn.Module) -> None:
    """Draw the weights of all layers from Glorot's uniform distribution and set the biases to 0, as Keras does."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
