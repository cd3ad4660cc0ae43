"""The clinical table of Advanced-MRI-Breast-Lesions: which lesions of a patient are malignant."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError

ID = "patient id"
LESION = re.compile(r"tumou?r/benign ?\d+")
KINDS = {1.0: "malignant", 0.0: "benign"}
ABSENT = ("", "-1", "-1.0", "NA", "N/A", "nan")
HEADERS = 5  # the column names stand in one of so many first rows


def read_lesions(path: Path) -> dict[str, list[str]]:
    """Return for each patient its lesions, malignant or benign, in the order of the columns tumor/benign1, 2, …

    A cell is 1 (malignant), 0 (benign), or blank or -1 where there is no such lesion.

    Raises:
        ReradError: the file or a column is missing, it is no workbook, a patient has two rows, or a cell is none of
            these.
    """
    rows = _read_rows(path)
    named = [[re.sub(r"\s+", " ", cell).strip().lower() for cell in row] for row in rows[:HEADERS]]
    at = next((index for index, row in enumerate(named) if ID in row), None)
    columns = [] if at is None else [index for index, name in enumerate(named[at]) if LESION.fullmatch(name)]
    if at is None or not columns:
        raise ReradError(
            "no row of column names with 'Patient ID' and 'tumor/benign1'",
            where=str(path),
            remedy="Take the clinical table of the collection as it is",
        )
    lesions: dict[str, list[str]] = {}
    for row in rows[at + 1 :]:
        if not (patient := row[named[at].index(ID)].strip()):
            continue
        if patient in lesions:
            raise ReradError(f"{patient} has two rows", where=str(path), remedy="Keep one row a patient")
        lesions[patient] = [_kind(row[index], patient, path) for index in columns if row[index].strip() not in ABSENT]
    return lesions


def _kind(cell: str, patient: str, path: Path) -> str:
    try:
        return KINDS[float(cell)]
    except (ValueError, KeyError) as error:
        raise ReradError(
            f"{cell!r} as a lesion of {patient}", where=str(path), remedy="Write 1 (malignant), 0 (benign) or nothing"
        ) from error


def _read_rows(path: Path) -> list[list[str]]:
    try:
        table = pd.read_excel(path, header=None, dtype=str, keep_default_na=False, engine="openpyxl")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ReradError(
            f"cannot be read as a workbook ({error})",
            where=str(path),
            remedy="Set cohorts.breast.idc.clinical to the clinical table of the collection (.xlsx)",
        ) from error
    return [list(map(str, row)) for row in table.to_numpy().tolist()]
