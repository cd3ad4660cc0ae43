"""Two methods of regression on the same patients: absolute and absolute percent errors, feature by feature."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from rerad.evaluation.power import detectable_normal
from rerad.evaluation.statistics import paired_wilcoxon
from rerad.metrics.intervals import bootstrap_mean

TASK = "regression"
LEVEL = 0.95
COMPARED = ("mae", "mape")


def once(part: pd.DataFrame) -> pd.DataFrame:
    """Return fold and errors of every case, averaged over seeds, from test rows.

    ``mae_<feature>`` in the feature's unit and ``mape_<feature>`` in percent, nan where the truth is 0; ``mae`` and
    ``mape`` are their means over features, that of ``mae`` after dividing by the feature's largest true value.
    """
    error = (part["prediction"] - part["truth"]).abs()
    told = part.assign(mae=error, mape=100 * error / part["truth"].abs().where(part["truth"] != 0))
    told["scaled"] = error / part.groupby("feature")["truth"].transform("max")
    means = told.groupby(["case", "feature"])[["mae", "mape", "scaled"]].mean().unstack("feature")
    found = {f"{name}_{feature}": means[name, feature] for name in COMPARED for feature in means["mae"].columns}
    whole = {"mae": means["scaled"].mean(axis=1), "mape": means["mape"].mean(axis=1)}
    return pd.DataFrame({**whole, **found}).assign(fold=part.groupby("case")["fold"].first())


def common(one: pd.DataFrame, two: pd.DataFrame, method: str, against: str) -> pd.DataFrame:
    """Return fold and errors of the cases of both, those of the second with the prefix ``other_``."""
    del method, against  # both have their truths from one table
    return one.join(two.add_prefix("other_"), how="inner").sort_index()


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned: Wilcoxon's signed-rank test over the patients.

    The interval is that of the mean difference over resamples of patients; ``detectable`` takes that difference for
    normal.

    Source of the test: radiogenomics, section 2.4.
    """
    del threshold  # nothing is called positive
    metrics = [name for name in both.columns if name.startswith(COMPARED) and f"other_{name}" in both.columns]
    for metric in metrics:
        first, second = (both[name].to_numpy(dtype=float) for name in (metric, f"other_{metric}"))
        apart = first - second
        known = apart[~np.isnan(apart)]
        if not len(known):
            yield {"metric": metric, "n": 0, "note": "no case in common"}
            continue
        low, high = bootstrap_mean(apart[None], samples=bootstraps, seed=seed, level=LEVEL)
        error = float(np.std(known, ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else math.nan
        yield {
            "metric": metric,
            "n": len(known),
            "value": float(np.nanmean(first)),
            "against_value": float(np.nanmean(second)),
            "difference": float(known.mean()),
            "low": low,
            "high": high,
            "test": "Wilcoxon, signed ranks of patients",
            "p": paired_wilcoxon(first, second),
            "detectable": detectable_normal(error),
        }
