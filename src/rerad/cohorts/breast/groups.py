"""The group of each case, normal, benign or malignant: groups.csv of an acquired cohort."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from rerad.cohorts.names import check_names
from rerad.core.errors import ReradError

TABLE = "groups.csv"
COLUMNS = ["case", "group"]
GROUPS = ("normal", "benign", "malignant")


class Known(NamedTuple):
    """What the table says of a case; nothing where it has no row."""

    group: str
    patient: str


def read_groups(path: Path) -> dict[str, Known]:
    """Return group and patient by case; a table without the column ``patient`` has one case a patient.

    Raises:
        ReradError: the file or a column is missing, a group is none of the three, a case has two rows, or a case or
            patient a name that no table can hold.
    """
    import pandas as pd  # not for a dry run, which asks for the groups' names

    remedy = f"It needs the columns {' and '.join(COLUMNS)}, with {', '.join(GROUPS)} as groups"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ReradError(f"cannot be read as a table ({error})", where=str(path), remedy=remedy) from error
    if absent := [name for name in COLUMNS if name not in table.columns]:
        raise ReradError(f"column {absent[0]!r} is missing", where=str(path), remedy=remedy)
    patients = table["patient"] if "patient" in table.columns else table["case"]
    known: dict[str, Known] = {}
    for case, group, patient in zip(table["case"], table["group"], patients, strict=True):
        if group not in GROUPS:
            raise ReradError(f"group {group!r} of {case}", where=str(path), remedy=remedy)
        if case in known:
            raise ReradError(f"{case} has two rows", where=str(path), remedy="Keep one row a case")
        known[case] = Known(group, patient or case)
    check_names([*known, *(one.patient for one in known.values())], where=str(path))
    return known
