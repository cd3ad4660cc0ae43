"""Values of two methods on the same patients: their difference, its interval and Wilcoxon's signed-rank test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rerad.evaluation.power import detectable_normal
from rerad.evaluation.statistics import paired_wilcoxon
from rerad.metrics.intervals import bootstrap_mean

LEVEL = 0.95
OTHER = "other_"


def join(one: pd.DataFrame, two: pd.DataFrame) -> pd.DataFrame:
    """Return fold and metrics of the cases of both (index), those of the second with the prefix ``other_``."""
    return one.join(two.add_prefix(OTHER), how="inner").sort_index()


def signed_ranks(
    both: pd.DataFrame, measures: Sequence[str], *, seed: int, bootstraps: int
) -> Iterator[dict[str, Any]]:
    """Yield a line of each metric of ``join``'s whose name begins with one of ``measures``, as in comparisons.csv.

    Patients without a value of either method are left out of its line. The interval is that of the mean difference over
    resamples of patients; ``detectable`` takes that difference for normal.
    """
    metrics = [name for name in both.columns if name.startswith(tuple(measures)) and f"{OTHER}{name}" in both.columns]
    for metric in metrics:
        pairs = both[[metric, f"{OTHER}{metric}"]].to_numpy(dtype=float)
        first, second = pairs[~np.isnan(pairs).any(axis=1)].T
        if not len(first):
            yield {"metric": metric, "n": 0, "note": "no case in common"}
            continue
        apart = first - second
        low, high = bootstrap_mean(apart[None], samples=bootstraps, seed=seed, level=LEVEL)
        error = float(np.std(apart, ddof=1)) / math.sqrt(len(apart)) if len(apart) > 1 else math.nan
        yield {
            "metric": metric,
            "n": len(apart),
            "value": float(first.mean()),
            "against_value": float(second.mean()),
            "difference": float(apart.mean()),
            "low": low,
            "high": high,
            "test": "Wilcoxon, signed ranks of patients",
            "p": paired_wilcoxon(first, second),
            "detectable": detectable_normal(error),
        }
