"""Two methods of synthesis on the same patients: how far each one's maps agree with the exact ones, by tissue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rerad.evaluation.paired_patients import join, signed_ranks

TASK = "synthesis"
COMPARED = ("correlation", "percent_difference")


def once(part: pd.DataFrame) -> pd.DataFrame:
    """Return fold and agreement of every case, averaged over seeds, from test rows.

    ``correlation_<tissue>`` and ``percent_difference_<tissue>`` (a fraction) are over the pixels of the case that lie
    in the tissue; nan without such a pixel.
    """
    means = part.groupby(["case", "tissue"])[list(COMPARED)].mean().unstack("tissue")
    means.columns = [f"{name}_{tissue}" for name, tissue in means.columns]
    return means.assign(fold=part.groupby("case")["fold"].first())


def common(one: pd.DataFrame, two: pd.DataFrame, method: str, against: str) -> pd.DataFrame:
    """Return fold and agreement of the cases of both, those of the second with the prefix ``other_``."""
    del method, against  # both have their exact maps from one array
    return join(one, two)


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned: Wilcoxon's signed-rank test over the patients.

    The pixels of a patient are one value each: neighbouring windows share most of theirs.
    """
    del threshold  # nothing is called positive
    yield from signed_ranks(both, COMPARED, seed=seed, bootstraps=bootstraps)
