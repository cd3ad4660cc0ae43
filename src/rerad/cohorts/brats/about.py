"""What tables, figures and pages say of the cohort. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rerad.cohorts.brats.naming import MODALITIES as MODALITIES

if TYPE_CHECKING:
    import pandas as pd

COUNTED = "patients"  # in the column n of a table
JUDGED = "each case's whole image"  # voxels over which masks are judged
TUMOUR, BOX = "tumour", "brain cube"
PICTURE = "four modalities with the contours of WT, TC and ET"
GRADES = ("HGG", "LGG")


def positives(included: pd.DataFrame) -> int:
    """Return how many of the included gliomas are known to be of high grade."""
    return int((included["grade"] == "HGG").sum())


def size(included: pd.DataFrame) -> str:
    """Return the number of patients in words."""
    return _size(len(included), {grade: int((included["grade"] == grade).sum()) for grade in GRADES})


def paper_size(paper: Mapping[str, int]) -> str:
    """Return the same of the paper's cohort (``cases``, ``positives``)."""
    return _size(paper["cases"], {"HGG": paper["positives"], "LGG": paper["cases"] - paper["positives"]})


def _size(cases: int, grades: Mapping[str, int]) -> str:
    known = [f"{count} {grade}" for grade, count in grades.items() if count]
    unknown = cases - sum(grades.values())
    known += [f"{unknown} of unknown grade"] if unknown else []
    return f"{cases} patients ({', '.join(known)})"


def facts(cases: pd.DataFrame) -> dict[str, int]:
    """Return the counts of all rows of cases.csv that a page shows."""
    included = cases[cases["included"] == 1]
    counts = {grade: int((included["grade"] == grade).sum()) for grade in GRADES}
    return {
        "Prepared": len(cases),
        "Included": len(included),
        "HGG": counts["HGG"],
        "LGG": counts["LGG"],
        "Grade unknown": len(included) - sum(counts.values()),
        "Without enhancing tumour": int((included["et_ml"] == 0).sum()),
    }


def notes(included: pd.DataFrame) -> list[str]:
    """Return what a reader must know of the included cases."""
    without = int((included["et_ml"] == 0).sum())
    return [f"{without} of {len(included)} cases have no enhancing tumour (ET)."]
