"""Two methods of regression on the same patients: absolute and absolute percent errors, feature by feature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rerad.evaluation.paired_patients import OTHER, join, signed_ranks

TASK = "regression"
COMPARED = ("mae", "mape")
TRUTH = "truth"


def once(part: pd.DataFrame) -> pd.DataFrame:
    """Return fold, truths and errors of every case, averaged over seeds, from test rows.

    ``mae_<feature>`` and ``truth_<feature>`` in the feature's unit, ``mape_<feature>`` in percent, nan where the truth
    is 0; ``mape`` is its mean over features.
    """
    error = (part["prediction"] - part["truth"]).abs()
    told = part.assign(mae=error, mape=100 * error / part["truth"].abs().where(part["truth"] != 0))
    means = told.groupby(["case", "feature"])[[*COMPARED, TRUTH]].mean().unstack("feature")
    found = {f"{name}_{feature}": means[name, feature] for name in (*COMPARED, TRUTH) for feature in means[TRUTH]}
    return pd.DataFrame({"mape": means["mape"].mean(axis=1), **found}, index=means.index).assign(
        fold=part.groupby("case")["fold"].first()
    )


def common(one: pd.DataFrame, two: pd.DataFrame, method: str, against: str) -> pd.DataFrame:
    """Return fold, truths and errors of the cases of both, those of the second with the prefix ``other_``.

    ``mae`` is the mean over features after dividing by the feature's largest true value of these cases.
    """
    del method, against  # both have their truths from one table
    both = join(one, two)
    for place, prefix in enumerate(("", OTHER)):
        both.insert(place, f"{prefix}mae", _scaled(both, prefix))
    return both


def _scaled(both: pd.DataFrame, prefix: str) -> pd.Series:
    start = f"{prefix}{TRUTH}_"
    features = [name.removeprefix(start) for name in both.columns if name.startswith(start)]
    errors = [both[f"{prefix}mae_{feature}"] / both[f"{start}{feature}"].max() for feature in features]
    return pd.concat(errors, axis=1).mean(axis=1)


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned: Wilcoxon's signed-rank test over the patients.

    Source of the test: radiogenomics, section 2.4.
    """
    del threshold  # nothing is called positive
    yield from signed_ranks(both, COMPARED, seed=seed, bootstraps=bootstraps)
