"""Two methods of segmentation on the same patients: Dice and the 95 % Hausdorff distance, region by region."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from rerad.evaluation.power import detectable_normal
from rerad.evaluation.statistics import paired_wilcoxon, unpaired_t
from rerad.metrics.intervals import bootstrap_mean

TASK = "segmentation"
LEVEL = 0.95
COMPARED = ("dice", "hd95_mm")


def once(part: pd.DataFrame) -> pd.DataFrame:
    """Return fold and metrics of every case, averaged over seeds, from test rows.

    With several regions a metric carries the region's name as its suffix, as in metrics.csv.
    """
    part = part.sort_values(["case", "region", "seed"])
    means = part.groupby(["case", "region"])[list(COMPARED)].mean().unstack("region")
    several = part["region"].nunique() > 1
    means.columns = [f"{name}_{region.lower()}" if several else name for name, region in means.columns]
    return means.assign(fold=part.groupby("case")["fold"].first())


def common(one: pd.DataFrame, two: pd.DataFrame, method: str, against: str) -> pd.DataFrame:
    """Return fold and metrics of the cases of both, those of the second with the prefix ``other_``."""
    del method, against  # nothing here can contradict itself
    return one.join(two.add_prefix("other_"), how="inner").sort_index()


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned: Wilcoxon's signed-rank test over the patients.

    The interval is that of the mean difference over resamples of patients; ``detectable`` takes that difference for
    normal.
    """
    del threshold  # the masks are final
    metrics = [name for name in both.columns if name.startswith(COMPARED) and f"other_{name}" in both.columns]
    for metric in metrics:
        first, second = (both[name].to_numpy(dtype=float) for name in (metric, f"other_{metric}"))
        if not len(both):
            yield {"metric": metric, "n": 0, "note": "no case in common"}
            continue
        apart = first - second
        low, high = bootstrap_mean(apart[None], samples=bootstraps, seed=seed, level=LEVEL)
        error = float(np.std(apart, ddof=1)) / math.sqrt(len(apart)) if len(apart) > 1 else math.nan
        yield {
            "metric": metric,
            "n": len(both),
            "value": float(first.mean()),
            "against_value": float(second.mean()),
            "difference": float(first.mean() - second.mean()),
            "low": low,
            "high": high,
            "test": "Wilcoxon, signed ranks of patients",
            "p": paired_wilcoxon(first, second),
            "detectable": detectable_normal(error),
            **_over_folds(both, metric),
        }


def _over_folds(both: pd.DataFrame, metric: str) -> dict[str, Any]:
    if (both["fold"] != both["other_fold"]).any():
        return {"folds": None, "t_test_p": math.nan, "wilcoxon_p": math.nan, "note": "folds differ"}
    means = both.groupby("fold", sort=True)[[metric, f"other_{metric}"]].mean().to_numpy()
    tested = {"t_test_p": unpaired_t(*means.T), "wilcoxon_p": paired_wilcoxon(*means.T)}
    return {"folds": len(means), **tested, "wilcoxon_over": "folds"}
