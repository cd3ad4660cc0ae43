"""Expression of patients who do not exist: a few factors that drive many genes, as in tumours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.core.seeds import derive

Array = NDArray[np.float64]

# Fitted by eye to real tumours: the spectrum of 840 genes of 173 glioblastomas (TCGA unified expression), of which
# three factors, those of the subtypes, explain more than half.
LEADING = (0.33, 0.19, 0.13)  # shares of a gene's variance, on average
OTHERS, FIRST_OTHER, DECAY = 57, 0.024, 0.7  # how many others, the share of the first, its fall as a power
FACTORS = len(LEADING) + OTHERS
LEVEL = (7.0, 1.8)  # log2 intensities of a microarray: mean and standard deviation over genes
LEVELS = (3.0, 14.0)
SPREAD = (0.6, 0.4)  # standard deviation over patients: median over genes, and of its logarithm


class Planted(NamedTuple):
    """Log intensities (patients, genes), and the factors (patients, FACTORS) behind them, of mean 0 and variance 1."""

    expression: Array
    factors: Array


def plant_genes(settings: dict[str, Any], seed: int) -> Planted:
    """Return the expression of a phantom cohort; ``settings``: ``patients`` and ``genes``.

    Sums run factor by factor, so that the number of threads changes no digit.
    """
    generator = np.random.default_rng(derive(seed, "phantom", "genes"))
    patients, genes = settings["patients"], settings["genes"]
    factors = generator.standard_normal((patients, FACTORS))
    shares = np.concatenate([LEADING, FIRST_OTHER * np.arange(1.0, OTHERS + 1) ** -DECAY])
    loadings = generator.standard_normal((FACTORS, genes)) * np.sqrt(shares)[:, None]
    loadings *= np.sqrt(shares.sum() / (loadings**2).sum(axis=0))
    values = generator.standard_normal((patients, genes)) * np.sqrt(1 - shares.sum())
    for factor, loading in zip(factors.T, loadings, strict=True):
        values += factor[:, None] * loading
    level = np.clip(LEVEL[0] + LEVEL[1] * generator.standard_normal(genes), *LEVELS)
    spread = SPREAD[0] * np.exp(SPREAD[1] * generator.standard_normal(genes))
    return Planted(np.clip(level + spread * values, 0.0, None), factors)
