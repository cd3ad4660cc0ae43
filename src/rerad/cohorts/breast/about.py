"""What tables, figures and pages say of the cohort. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rerad.cohorts.breast.groups import GROUPS

if TYPE_CHECKING:
    import pandas as pd

MODALITIES = ("MR",)
COUNTED = "patients"  # in the column n of a table
JUDGED = "each case's tissues"
TUMOUR, BOX = "lesion", "image"
PICTURE = "one slice with the contours of fatty and glandular tissue and of the lesion"


def positives(included: pd.DataFrame) -> int:
    """Return how many of the included patients have a malignant lesion."""
    return _counts(included)["malignant"]


def size(included: pd.DataFrame) -> str:
    """Return the number of patients in words."""
    counts = _counts(included)
    told = [f"{count} {group}" for group, count in counts.items() if count]
    unknown = len(included) - sum(counts.values())
    told += [f"{unknown} of unknown group"] if unknown else []
    return f"{len(included)} patients ({', '.join(told)})"


def paper_size(paper: Mapping[str, int]) -> str:
    """Return the same of the paper's cohort (``cases``, ``positives``)."""
    return f"{paper['cases']} patients ({paper['positives']} malignant)"


def facts(cases: pd.DataFrame) -> dict[str, int]:
    """Return the counts of all rows of cases.csv that a page shows."""
    included = cases[cases["included"] == 1]
    groups = {group.capitalize(): count for group, count in _counts(included).items()}
    evaluated = int(included["evaluated"].sum())
    return {"Prepared": len(cases), **groups, "For training and timing only": len(included) - evaluated}


def notes(included: pd.DataFrame) -> list[str]:
    """Return what a reader must know of the included cases."""
    without = int((included["evaluated"] == 0).sum())
    if not without:
        return []
    return [f"{without} of {len(included)} cases lack a lesion mask or a group: they serve training and timing."]


def _counts(included: pd.DataFrame) -> dict[str, int]:
    return {group: int((included["group"] == group).sum()) for group in GROUPS}
