"""Two methods of regression on the same patients: absolute and absolute percent errors, feature by feature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rerad.evaluation.paired_patients import join, signed_ranks

TASK = "regression"
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
    return join(one, two)


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned: Wilcoxon's signed-rank test over the patients.

    Source of the test: radiogenomics, section 2.4.
    """
    del threshold  # nothing is called positive
    yield from signed_ranks(both, COMPARED, seed=seed, bootstraps=bootstraps)
