"""The collection's clinical table."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError

ID = "Patient ID"
OUTCOME = "Outcome (recurrence, mets)"
NO_EVENT = "--"
COLUMNS = ["case", "outcome", "target", "included", "reason"]


def read_clinical(path: Path) -> pd.DataFrame:
    """Read the outcome of every patient, as (case, outcome, target, included, reason), sorted by case.

    Only the outcome is read: the columns of times and status follow from it and would leak it. ``target`` is 1 for
    any distant metastasis, 0 for ``--``; it is missing where ``included`` is 0, and ``reason`` tells why. Footnotes
    are rows with nothing beside their first cell.

    Raises:
        ReradError: the file or a column is missing, it is no workbook, or a patient has two rows.
    """
    table = _read_sheet(path)
    filled = (table != "").to_numpy()
    at = list(table.columns).index(ID)
    patients = table[filled[:, at] & (filled.sum(axis=1) > 1)]
    twice = patients[ID][patients[ID].duplicated()]
    if len(twice):
        raise ReradError(f"{twice.iloc[0]} has more than one row", where=str(path), remedy="Keep one row a patient")
    rows = [(case, outcome, *_judge(outcome)) for case, outcome in zip(patients[ID], patients[OUTCOME], strict=True)]
    clinical = pd.DataFrame(rows, columns=COLUMNS).astype({"target": "Int64", "included": int})
    return clinical.sort_values("case", ignore_index=True)


def lung_metastasis(outcome: pd.Series) -> pd.Series:
    """Return 1 where an outcome as printed tells of metastases in the lungs, else 0."""
    return outcome.map(lambda text: int(_plain(text) == "mets - lungs"))


def _read_sheet(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise ReradError(
            "the clinical table is missing", where=str(path), remedy="Set cohorts.sts.local.clinical to the .xlsx file"
        )
    try:
        # "N/A" and "--" are answers, not gaps.
        table = pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ReradError(
            f"cannot be read as a workbook ({error})", where=str(path), remedy="Copy or download the file again"
        ) from error
    found = {_plain(name): name for name in table.columns}
    for wanted in (ID, OUTCOME):
        if _plain(wanted) not in found:
            raise ReradError(
                f"column {wanted!r} is missing",
                where=str(path),
                remedy=f"Its first sheet has {', '.join(repr(str(name)) for name in table.columns)}",
            )
        table = table.rename(columns={found[_plain(wanted)]: wanted})
    return table.map(str.strip)


def _judge(outcome: str) -> tuple[int | None, int, str]:
    """Return target, included and the reason of an exclusion."""
    text = _plain(outcome)
    if text == NO_EVENT:
        return 0, 1, ""
    if re.match(r"mets - \S", text):
        return 1, 1, ""
    if text.startswith("recurrence"):
        return None, 0, f"the outcome is {outcome!r}: neither distant metastases nor free of disease"
    return None, 0, f"unknown outcome {outcome!r}: it should be '--', 'Mets – <site>' or 'Recurrence – <kind>'"


def _plain(text: object) -> str:
    """Return text in lower case with plain dashes and single spaces: the table prints U+2013."""
    return re.sub(r"\s+", " ", re.sub(r"[\u2010-\u2015]", "-", str(text))).strip().lower()
