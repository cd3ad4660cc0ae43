"""Published tables, as printed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError

MARK = "_mark"
MAPS = ("group", "tissue")  # ids of the rows of a table of synthesis, whose id is both: normal_fatty


@dataclass(frozen=True)
class Published:
    """A published table: its value columns, and per row id and column the printed text and its mark."""

    columns: list[str]
    printed: dict[str, dict[str, str]]
    marks: dict[str, dict[str, str]]


def read_published(path: Path) -> Published:
    """Read ``config/published/<study>_<table>.csv``: ids in the column ``method``, then values and ``x_mark``.

    Tables of synthesis have ``group`` and ``tissue`` in its place.

    Raises:
        ReradError: no file, no such column, a row twice, a value that is no number; naming file, row and column.
    """
    if not path.is_file():
        raise ReradError(
            "there is no such table of published values", where=str(path), remedy="Correct `published` in the study"
        )
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if set(MAPS) <= set(frame.columns):
        frame = frame.assign(method=frame[MAPS[0]] + "_" + frame[MAPS[1]]).drop(columns=list(MAPS))
    if "method" not in frame.columns:
        raise ReradError("the column 'method' is missing", where=str(path), remedy="The first column holds row ids")
    double = frame.loc[frame["method"].duplicated(), "method"]
    if len(double):
        raise ReradError(f"the row {double.iloc[0]!r} stands there twice", where=str(path))
    columns = [name for name in frame.columns if name != "method" and not name.endswith(MARK)]
    rows = {row["method"]: row for row in frame.to_dict("records")}
    for method, row in rows.items():
        for column in columns:
            _check(row[column], f"{path}: {method}, {column}")
    printed = {method: {name: row[name] for name in columns} for method, row in rows.items()}
    marks = {method: {name: row.get(name + MARK, "") for name in columns} for method, row in rows.items()}
    return Published(columns, printed, marks)


def _check(text: str, where: str) -> None:
    try:
        if text:
            float(text)
    except ValueError:
        raise ReradError(
            f"{text!r} is no number", where=where, remedy="Values as printed, their marks in the column x_mark"
        ) from None
