"""What tables, figures and pages say of the cohort. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rerad.cohorts.sts.layout import MODALITIES as MODALITIES

if TYPE_CHECKING:
    import pandas as pd

COUNTED = "patients (with distant metastases)"  # in the column n of a table
JUDGED = "each case's whole box"  # voxels over which masks are judged
TUMOUR, BOX = "GTV", "box"
PICTURE = "PET and CT with the GTV contour"


def positives(included: pd.DataFrame) -> int:
    """Return how many of the included cases have the outcome."""
    return int((included["target"] == 1).sum())


def size(included: pd.DataFrame) -> str:
    """Return the number of patients in words."""
    return f"{len(included)} patients, {positives(included)} with distant metastases"


def paper_size(paper: Mapping[str, int]) -> str:
    """Return the same of the paper's cohort (``cases``, ``positives``), shorter."""
    return f"{paper['cases']} and {paper['positives']}"


def facts(cases: pd.DataFrame) -> dict[str, int]:
    """Return the counts of all rows of cases.csv that a page shows."""
    included = cases[cases["included"] == 1]
    with_ct = included[included["has_ct"] == 1]
    return {
        "Prepared": len(cases),
        "Included": len(included),
        "With metastases": positives(included),
        "Included, with CT": len(with_ct),
        "…with metastases": positives(with_ct),
    }


def notes(included: pd.DataFrame) -> list[str]:
    """Return what a reader must know of the included cases."""
    cropped = int(included["cropped"].sum())
    if not cropped:
        return []
    return [
        f"{cropped} of {len(included)} images end close around the tumour: their size, and the padding around them "
        "in a box of fixed size, reveal the tumour's. The row on image size alone shows how much that is worth."
    ]
