"""Scaling of genes and of the features that they are to predict, as learnt from some patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import ReradError

Array = NDArray[np.float64]


class Genes(NamedTuple):
    """Mean and range (genes,) of the patients that were learnt from."""

    mean: Array
    range: Array


def learn_genes(values: NDArray, patients: Sequence[int]) -> Genes:
    """Return the mean and the range of every gene among some rows of ``values`` (patients, genes)."""
    known = np.asarray(values[list(patients)], dtype=float)
    return Genes(known.mean(axis=0), known.max(axis=0) - known.min(axis=0))


def scale_genes(values: NDArray, genes: Genes) -> NDArray[np.float32]:
    """Return (x − mean) / range of ``values`` (patients, genes); a gene without a range is 0 for all.

    Source: radiogenomics, section 2.1.1.
    """
    varies = genes.range != 0
    scaled = (np.asarray(values, dtype=float) - genes.mean) / np.where(varies, genes.range, 1)
    return np.where(varies, scaled, 0).astype(np.float32)


def learn_largest(target: Array, cases: Sequence[int], names: Sequence[str]) -> Array:
    """Return the largest value of every feature among some rows of ``target`` (cases, features): its divisor.

    Source: radiogenomics, section 2.1.2.

    Raises:
        ReradError: a feature has no value above 0; it is named.
    """
    largest = target[list(cases)].max(axis=0)
    if not (largest > 0).all():
        name = names[int(np.argmin(largest > 0))]
        raise ReradError(f"no case has a {name} above 0", where="features.csv", remedy="Describe the cases anew")
    return largest
