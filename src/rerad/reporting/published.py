"""Published tables, as printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rerad.core.errors import ReradError
from rerad.core.printed import check_cell, read_text

MARK, UNIT = "_mark", "unit"
MAPS = ("group", "tissue")  # ids of the rows of a table of synthesis, whose id is both: normal_fatty


@dataclass(frozen=True)
class Published:
    """A published table: its value columns; per row id and column the printed text and its mark; units of rows."""

    columns: list[str]
    printed: dict[str, dict[str, str]]
    marks: dict[str, dict[str, str]]
    units: dict[str, str] = field(default_factory=dict)


def read_published(path: Path, ids: Sequence[str] | None = None) -> Published:
    """Read ``config/published/<study>_<table>.csv``: ids in the columns ``ids``, then values and ``x_mark``.

    Several ids of a row are joined by an underscore, as the metrics of a region's feature are.

    Where ``ids`` is None they are ``method``, or of a table of synthesis ``group`` and ``tissue``.

    Raises:
        ReradError: no file, no such column, a row twice, a value that is no number; naming file, row and column.
    """
    if not path.is_file():
        raise ReradError(
            "there is no such table of published values", where=str(path), remedy="Correct `published` in the study"
        )
    frame = read_text(path)
    if ids is None:
        ids = MAPS if set(MAPS) <= set(frame.columns) else ("method",)
    for name in ids:
        if name not in frame.columns:
            raise ReradError(
                f"the column {name!r} is missing", where=str(path), remedy="The first column holds row ids"
            )
    names = frame[list(ids)].agg("_".join, axis=1)
    if names.duplicated().any():
        raise ReradError(
            f"the row {names[names.duplicated()].iloc[0]!r} stands there twice", where=str(path), remedy="Remove one"
        )
    columns = [name for name in frame.columns if name not in (*ids, UNIT) and not name.endswith(MARK)]
    rows = dict(zip(names, frame.to_dict("records"), strict=True))
    for method, row in rows.items():
        for column in columns:
            check_cell(row[column], f"{path}: {method}, {column}")
    printed = {method: {name: row[name] for name in columns} for method, row in rows.items()}
    marks = {method: {name: row.get(name + MARK, "") for name in columns} for method, row in rows.items()}
    return Published(columns, printed, marks, {method: row.get(UNIT, "") for method, row in rows.items()})
