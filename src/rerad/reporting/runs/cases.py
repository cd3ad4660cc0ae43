"""The patients of two runs: who is in which of them, included or not, and tested in which fold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.reporting.runs.paired import unpaired
from rerad.reporting.runs.run import Run
from rerad.reporting.runs.settings import change_of

COLUMNS = ["cohort", "case", "change", "included_a", "included_b", "fold_a", "fold_b"]
Known = dict[str, dict[str, str]]


def compare_cases(a: Run, b: Run) -> pd.DataFrame:
    """Return every case of every cohort of either run: whether it is included, and the fold that tests it.

    ``change``: same, differs, only in A, only in B. Of cohorts whose equal names are other patients (one a phantom, the
    other not, or two phantoms) every case is only in one.

    Raises:
        ReradError: a run lacks the table of the cases of a cohort.
    """
    rows: list[dict[str, Any]] = []
    for cohort in sorted({*a.cohorts, *b.cohorts}):
        one, two = (_known(run, cohort) if cohort in run.cohorts else {} for run in (a, b))
        sides = [(one, {}), ({}, two)] if one and two and unpaired(a, b, cohort, cohort) else [(one, two)]
        rows += [_row(cohort, case, *side) for side in sides for case in sorted({*side[0], *side[1]})]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(cohort: str, case: str, one: Known, two: Known) -> dict[str, Any]:
    told = {
        f"{name}_{letter}": text
        for letter, known in (("a", one), ("b", two))
        for name, text in known.get(case, {}).items()
    }
    return {"cohort": cohort, "case": case, "change": change_of(case, one, two), **told}


def _known(run: Run, cohort: str) -> Known:
    """Return included (0 or 1) and fold of every case of a cohort."""
    folder = run.folder / "cohorts" / cohort
    cases, splits = (_read(folder / name) for name in ("cases.csv", "splits.csv"))
    tested = splits[splits["role"] == "test"]
    folds = dict(zip(tested["case"], tested["fold"], strict=True))
    included = dict(zip(cases["case"], cases["included"], strict=True))
    return {case: {"included": flag, "fold": folds.get(case, "")} for case, flag in included.items()}


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ReradError("is missing: the run was not finished", where=str(path), remedy="Run it again, to its end")
    return pd.read_csv(path, dtype=str, keep_default_na=False)
