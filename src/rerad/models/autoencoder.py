"""The deep autoencoder of gene expression whose encoder starts the network of the radiogenomic study."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from rerad.core.errors import ConfigError
from rerad.models.dense import start
from rerad.models.output import Output

ACTIVATIONS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class Autoencoder(nn.Module):
    """Genes to ``widths`` and back: 12042-2000-1000-500-1000-2000-12042 with the paper's 2000, 1000, 500.

    Every layer has the activation, the output as well: scaled genes lie in ±1. Maps (batch, genes) to an ``Output``
    whose ``values`` are the genes again.

    Source: radiogenomics, section 2.2.2.
    """

    def __init__(self, genes: int, widths: Sequence[int], activation: str) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            where = "recipe.autoencoder.activation"
            raise ConfigError(f"no activation {activation!r}", where=where, remedy=f"Use {' or '.join(ACTIVATIONS)}")
        sizes = [genes, *widths]
        self.encoder = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        back = sizes[::-1]
        self.decoder = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(back))
        self.activation = ACTIVATIONS[activation]()
        start(self)

    def forward(self, genes: Tensor, table: Tensor | None = None) -> Output:
        """Return genes (batch, genes) as they come out of the narrowest layer again."""
        for layer in (*self.encoder, *self.decoder):
            genes = self.activation(layer(genes))
        return Output(values=genes)
