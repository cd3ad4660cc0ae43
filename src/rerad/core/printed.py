"""Tables of values as papers print them: read as text, and refused by name where they are none."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from rerad.core.csv_lines import read_lines
from rerad.core.errors import ReradError

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
PRINTED = "published values"  # where a number stands that is in no table
REMEDY = "Save it as UTF-8 text, one header, commas between the columns"
OF_LENGTH = "An empty cell keeps its comma; text with a comma stands in quotes"
MARKED = "Values as printed, their marks in the column x_mark"


def number(text: str) -> float:
    """Return the printed number.

    Raises:
        ReradError: the text is no plain decimal number; ``nan`` and ``1e-3`` are none, since they say no rounding.
    """
    if not NUMBER.fullmatch(text):
        raise ReradError(f"{text!r} is no number", where=PRINTED, remedy="Write it as printed, no sign or %")
    return float(text)


def check_cell(text: str, where: str) -> None:
    """Refuse a cell of a published table that is neither empty nor a printed number.

    Raises:
        ReradError: naming the cell.
    """
    if text and not NUMBER.fullmatch(text):
        raise ReradError(f"{text!r} is no number", where=where, remedy=MARKED)


def read_text(path: Path) -> pd.DataFrame:
    """Return a CSV file as text, empty cells as empty text.

    A line that is longer or shorter than the header is refused: pandas would shift or fill it without a word.

    Raises:
        ReradError: no text, no header, a column without a name or twice, a line of another length; with its number.
    """
    header, lines = read_lines(path, remedy=REMEDY, of_length=OF_LENGTH)
    for name in header:
        if not name.strip() or header.count(name) > 1:
            told = f"the column {name!r} stands there twice" if name.strip() else "a column has no name"
            raise ReradError(told, where=str(path), remedy="Every column has a name of its own")
    return pd.DataFrame([line for _, line in lines], columns=header, dtype=object)
