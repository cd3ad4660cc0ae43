"""What tables, figures and pages say of the cohort. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MODALITIES = ("enhancing", "edema")  # the regions, whose shapes stand in features.csv
COUNTED = "patients"  # in the column n of a table
JUDGED = "each patient's twenty features"
TUMOUR, BOX = "tumour", "box around the tumour"
PICTURE = "the segmented regions, each of which is one connected component"


def positives(included: pd.DataFrame) -> int:
    """Return 0: the features are measured, no patient has an outcome."""
    return 0


def size(included: pd.DataFrame) -> str:
    """Return the number of patients in words."""
    return f"{len(included)} patients with expression and both regions"


def paper_size(paper: Mapping[str, int]) -> str:
    """Return the same of the paper's cohort (``cases``)."""
    return f"{paper['cases']} patients"


def facts(cases: pd.DataFrame) -> dict[str, int]:
    """Return the counts of all rows of cases.csv that a page shows."""
    return {
        "With expression": len(cases),
        "With a segmentation as well": int((cases["has_imaging"] == 1).sum()),
        "Included": int((cases["included"] == 1).sum()),
    }


def notes(included: pd.DataFrame) -> list[str]:
    """Return what a reader must know of the included cases."""
    automatic = int((included["corrected"] == 0).sum())
    return [f"{automatic} of {len(included)} segmentations are an algorithm's alone."] if automatic else []
