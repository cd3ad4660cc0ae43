"""The tables of two runs, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.reporting.runs.paired import Paired, pair
from rerad.reporting.runs.run import Run, Table
from rerad.reporting.runs.settings import DIFFERS, ONLY_A, ONLY_B, SAME

COLUMNS = [
    *("study", "table", "row", "label", "column", "change", "a", "b", "difference", "low", "high", "n"),
    *("a_common", "b_common", "a_low", "a_high", "b_low", "b_high", "note"),
]
INTERVAL = "interval"  # the same value with another interval
ENDS = ("_low", "_high")
Rows = dict[tuple[str, ...], dict[str, str]]


def compare_cells(a: Run, b: Run) -> pd.DataFrame:
    """Return every cell of every table of either run, with the difference of what both have.

    ``a`` and ``b`` are the cells as they stand, ``difference`` is B less A. Of a metric whose predictions are there in
    both runs, ``a_common`` and ``b_common`` are its values on the ``n`` patients that both tested, and ``difference``
    is theirs, with its paired interval ``low`` to ``high``; ``note`` says why there is none. ``a_low`` to ``b_high``
    are the intervals of the tables. ``change``: same, differs, interval (the same value with another interval), only in
    A, only in B.

    Raises:
        ReradError: a table or predictions cannot be read.
    """
    tables = [{(table.study, table.name): table for table in run.tables()} for run in (a, b)]
    rows: list[dict[str, Any]] = []
    for key in sorted({*tables[0], *tables[1]}):
        one, two = (known.get(key) for known in tables)
        if one is not None and two is not None:
            rows += _both(a, b, one, two)
        elif one is not None:
            rows += _alone(one, ONLY_A, "a")
        elif two is not None:
            rows += _alone(two, ONLY_B, "b")
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64"})


def _both(a: Run, b: Run, one: Table, two: Table) -> Iterator[dict[str, Any]]:
    frames = _frame(one), _frame(two)
    names = _ids(*frames)
    first, second = (_rows(frame, names) for frame in frames)
    columns = _columns(*frames, names=names)
    entries = [_entries(table) for table in (one, two)]
    for key in [*first, *(key for key in second if key not in first)]:
        place = {"study": one.study, "table": one.name, "row": " / ".join(key)}
        if key not in first or key not in second:
            own, letter = (first[key], "a") if key in first else (second[key], "b")
            place["label"] = own.get("label", "")
            yield from _alone_cells(place, own, columns, ONLY_A if key in first else ONLY_B, letter)
            continue
        known = [entry.get(key[0]) for entry in entries]
        paired = pair(a, b, (one, two), (known[0], known[1])) if known[0] and known[1] else None
        place["label"] = second[key].get("label", "")
        for column in columns:
            metrics = {table.entry.get("columns", {}).get(column, column) for table in (one, two)}
            metric = metrics.pop() if len(metrics) == 1 else ""
            yield {**place, "column": column, **_cell(first[key], second[key], column, metric, paired)}


def _cell(one: Mapping[str, str], two: Mapping[str, str], column: str, metric: str, paired: Paired | None) -> dict:
    a, b = one.get(column, ""), two.get(column, "")
    ends = {f"{letter}{end}": row.get(column + end, "") for letter, row in (("a", one), ("b", two)) for end in ENDS}
    change = SAME if a == b else DIFFERS
    if change == SAME and any(ends[f"a{end}"] != ends[f"b{end}"] for end in ENDS):
        change = INTERVAL
    cell: dict[str, Any] = {"change": change, "a": a, "b": b, "difference": number(b) - number(a)}
    cell |= {name: number(value) for name, value in ends.items()}
    if paired is None or not any(ends.values()):
        return cell
    line = paired.lines.get(metric)
    if line is None:
        return {**cell, "note": paired.why or "not compared patient by patient"}
    told = {"n": line.n, "a_common": line.a, "b_common": line.b}
    return {**cell, **told, "difference": line.difference, "low": line.low, "high": line.high}


def _alone(table: Table, change: str, letter: str) -> Iterator[dict[str, Any]]:
    frame = _frame(table)
    names = _ids(frame, frame)
    columns = _columns(frame, frame, names=names)
    for key, row in _rows(frame, names).items():
        place = {"study": table.study, "table": table.name, "row": " / ".join(key), "label": row.get("label", "")}
        yield from _alone_cells(place, row, columns, change, letter)


def _alone_cells(
    place: Mapping[str, str], row: Mapping[str, str], columns: list[str], change: str, letter: str
) -> Iterator[dict[str, Any]]:
    for column in columns:
        ends = {f"{letter}{end}": number(row.get(column + end, "")) for end in ENDS}
        yield {**place, "column": column, "change": change, letter: row.get(column, ""), **ends}


def _frame(table: Table) -> pd.DataFrame:
    try:
        return pd.read_csv(table.path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        remedy = "Remove it and run again"
        raise ReradError(f"cannot be read as a table ({error})", where=str(table.path), remedy=remedy) from error


def _ids(one: pd.DataFrame, two: pd.DataFrame) -> list[str]:
    """Return the fewest leading columns that tell the rows of both tables apart."""
    shared = [name for name, other in zip(one.columns, two.columns, strict=False) if name == other]
    for count in range(1, len(shared) + 1):
        if not any(frame.duplicated(shared[:count]).any() for frame in (one, two)):
            return shared[:count]
    return []


def _rows(frame: pd.DataFrame, names: list[str]) -> Rows:
    records = frame.to_dict("records")
    if not names:  # nothing tells them apart but their place
        return {(str(place),): record for place, record in enumerate(records, start=1)}
    return {tuple(record[name] for name in names): record for record in records}


def _columns(one: pd.DataFrame, two: pd.DataFrame, *, names: list[str]) -> list[str]:
    """Return the columns of either table that hold cells: no ids, no label, no ends of intervals."""
    every = list(dict.fromkeys([*one.columns, *two.columns]))
    ends = {name + end for name in every for end in ENDS}
    return [name for name in every if name not in (*names, "label") and name not in ends]


def _entries(table: Table) -> dict[str, Mapping[str, Any]]:
    rows = table.entry.get("rows", [])
    return {str(row["method"]): row for row in rows if isinstance(row, Mapping) and "method" in row}


def number(text: str) -> float:
    """Return the number that a cell holds, nan if it holds none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
