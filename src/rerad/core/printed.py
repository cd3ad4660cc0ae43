"""Tables of values as papers print them: read as text, and refused by name where they are none."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
PRINTED = "published values"  # where a number stands that is in no table
REMEDY = "Save it as UTF-8 text, one header, commas between the columns"


def number(text: str) -> float:
    """Return the printed number.

    Raises:
        ReradError: the text is no plain decimal number; ``nan`` and ``1e-3`` are none, since they say no rounding.
    """
    if not NUMBER.fullmatch(text):
        raise ReradError(f"{text!r} is no number", where=PRINTED, remedy="Write it as printed, no sign or %")
    return float(text)


def read_text(path: Path) -> pd.DataFrame:
    """Return a CSV file as text, empty cells as empty text.

    A line that is longer or shorter than the header is refused: pandas would shift or fill it without a word.

    Raises:
        ReradError: no text, no header, a column without a name or twice, a line of another length; with its number.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, line) for line in reader if any(field.strip() for field in line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReradError(f"is no CSV file ({error})", where=str(path), remedy=REMEDY) from error
    if not lines:
        raise ReradError("is empty", where=str(path), remedy=REMEDY)
    (_, header), *rest = lines
    for name in header:
        if not name.strip() or header.count(name) > 1:
            told = f"the column {name!r} stands there twice" if name.strip() else "a column has no name"
            raise ReradError(told, where=str(path), remedy="Every column has a name of its own")
    for line_number, line in rest:
        if len(line) != len(header):
            told = f"{len(line)} fields, the header has {len(header)}"
            remedy = "An empty cell keeps its comma; text with a comma stands in quotes"
            raise ReradError(told, where=f"{path}, line {line_number}", remedy=remedy)
    return pd.DataFrame([line for _, line in rest], columns=header, dtype=object)
