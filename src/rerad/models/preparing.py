"""What a training fold teaches about its feature table: medians for gaps, constant columns, scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.errors import ReradError

Array = NDArray[np.float64]


class Preparation(NamedTuple):
    """The columns that vary in the training fold, with their medians, means and standard deviations there."""

    columns: list[str]
    median: Array
    mean: Array
    sd: Array


def learn(table: pd.DataFrame) -> Preparation:
    """Learn from a training fold's table (cases, features) which columns to keep and how to fill and scale them.

    A column without a value, or with a single one, is left out; infinite values count as missing.

    Raises:
        ReradError: no column varies.
    """
    values = _finite(table)
    filled = ~np.isnan(values).all(axis=0)
    median = np.full(values.shape[1], np.nan)
    median[filled] = np.nanmedian(values[:, filled], axis=0)
    values = np.where(np.isnan(values), median, values)
    mean, sd = values.mean(axis=0), values.std(axis=0)
    # A column that differs by rounding errors only is constant as well.
    varies = filled & (sd > 1e-12 * np.maximum(np.abs(mean), 1e-300))
    if not varies.any():
        raise ReradError(
            f"none of {values.shape[1]} features varies among the training cases",
            where="features.csv",
            remedy="See patient_flow.csv for cases whose features could not be described",
        )
    names = [str(name) for name in table.columns[varies]]
    return Preparation(names, median[varies], mean[varies], sd[varies])


def fill(table: pd.DataFrame, preparation: Preparation) -> Array:
    """Return the kept columns (cases, features) with gaps filled by the training medians."""
    values = _finite(table[preparation.columns])
    return np.where(np.isnan(values), preparation.median, values)


def standardise(table: pd.DataFrame, preparation: Preparation) -> Array:
    """Return the kept columns, filled, in standard deviations from the mean of the training fold."""
    return (fill(table, preparation) - preparation.mean) / preparation.sd


def _finite(table: pd.DataFrame) -> Array:
    values = table.to_numpy(dtype=float)
    return np.where(np.isfinite(values), values, np.nan)
