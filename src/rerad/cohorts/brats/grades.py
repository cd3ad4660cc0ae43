"""Grades of the gliomas: HGG or LGG, as name_mapping.csv or the folders of the files tell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rerad.cohorts.brats.naming import Files
from rerad.core.errors import CaseError, ReradError

TABLE = "name_mapping.csv"
GRADE = "Grade"
GRADES = ("HGG", "LGG")
ID_ENDS = "subject_ID"  # BraTS_2019_subject_ID and one column for every release before it


def read_grades(path: Path) -> dict[str, str]:
    """Return the grade of every id that a ``name_mapping.csv`` names, the ids of all releases.

    Raises:
        ReradError: the file or a column is missing, a grade is neither HGG nor LGG, or an id has both.
    """
    remedy = f"It needs a column {GRADE} and columns whose names end with {ID_ENDS}"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ReradError(f"cannot be read as a table ({error})", where=str(path), remedy=remedy) from error
    columns = [name for name in table.columns if name.endswith(ID_ENDS)]
    if GRADE not in table.columns or not columns:
        raise ReradError(f"the columns are {', '.join(table.columns)}", where=str(path), remedy=remedy)
    grades: dict[str, str] = {}
    for column in columns:
        for case, grade in zip(table[column], table[GRADE], strict=True):
            if case in ("", "NA"):
                continue
            if grade not in GRADES:
                raise ReradError(f"grade {grade!r} of {case}", where=str(path), remedy="Write HGG or LGG")
            if grades.setdefault(case, grade) != grade:
                raise ReradError(f"{case} is HGG and LGG", where=str(path), remedy="Keep one row a case")
    return grades


def grade_of(files: Files, table: dict[str, str]) -> str:
    """Return the grade of a case, or nothing where neither table nor folder tells it.

    Raises:
        CaseError: they contradict each other.
    """
    told = files.grades | {table[files.case]} if files.case in table else files.grades
    if len(told) > 1:
        raise CaseError(
            f"folders and {TABLE} name it {' and '.join(sorted(told))}", where=files.case, remedy="Correct one of them"
        )
    return next(iter(told), "")
