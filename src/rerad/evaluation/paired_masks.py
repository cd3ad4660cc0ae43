"""Two methods of segmentation on the same patients: Dice and the 95 % Hausdorff distance, region by region."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from rerad.evaluation.paired_patients import join, signed_ranks
from rerad.evaluation.statistics import paired_wilcoxon, unpaired_t

TASK = "segmentation"
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
    return join(one, two)


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned: Wilcoxon's signed-rank test over the patients.

    The papers' tests over folds stand beside.
    """
    del threshold  # the masks are final
    for line in signed_ranks(both, COMPARED, seed=seed, bootstraps=bootstraps):
        yield {**line, **(_over_folds(both, line["metric"]) if line["n"] else {})}


def _over_folds(both: pd.DataFrame, metric: str) -> dict[str, Any]:
    if (both["fold"] != both["other_fold"]).any():
        return {"folds": None, "t_test_p": math.nan, "wilcoxon_p": math.nan, "note": "folds differ"}
    means = both.groupby("fold", sort=True)[[metric, f"other_{metric}"]].mean().to_numpy()
    tested = {"t_test_p": unpaired_t(*means.T), "wilcoxon_p": paired_wilcoxon(*means.T)}
    return {"folds": len(means), **tested, "wilcoxon_over": "folds"}
