"""The multiverse of a study: its table and its figure."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import make_folder, write_csv
from rerad.evaluation.multiverse import Given, Once, explore
from rerad.reporting.figures.multiverse import Curve, plot_curves

PUBLISHED = ["published", "share_below", "share_above"]


def make_multiverse(
    entries: Mapping[str, Mapping[str, Any]],
    *,
    given: Mapping[str, Any],
    published: Mapping[str, Path],
    phantom: bool,
    csv: Path,
    png: Path,
    svg: Path,
) -> None:
    """Compute every universe of a study's entries and write them as a table and as a figure.

    ``entries`` are those under ``multiverse`` with their ``universes``; ``given`` holds the fields of ``Given``;
    ``published`` leads from a table to its printed values. Beside each universe stand the printed value and the shares
    of the entry's universes below and above it.
    """
    tables, curves = [], []
    start, once = Given(**given), Once()
    with tempfile.TemporaryDirectory(dir=make_folder(csv.parent), prefix=".part-") as folder:
        for name, entry in entries.items():
            table = explore(name, entry, start, Path(folder), once)
            printed = printed_value(entry["published"], published)
            below, above = shares(table["value"], printed)
            tables.append(table.assign(published=printed, share_below=below, share_above=above))
            answers = [universe["answers"] for universe in entry["universes"]]
            curves.append(Curve(entry["title"], table, answers, printed, entry["published"].get("where", "printed")))
    write_csv(csv, pd.concat(tables, ignore_index=True))
    plot_curves(curves, phantom=phantom, png=png, svg=svg)


def printed_value(where: Mapping[str, Any], published: Mapping[str, Path]) -> float:
    """Return the printed value that an entry is compared with: given there, or a cell of a published table.

    Raises:
        ReradError: the table has no such row or column.
    """
    if "printed" in where:
        return float(where["printed"])
    path = published[where["table"]]
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    row = table[table.iloc[:, 0] == where["row"]]
    if len(row) != 1 or where["column"] not in table or not row[where["column"]].iloc[0]:
        told = f"no printed value in the row {where['row']!r} and the column {where['column']!r}"
        raise ReradError(told, where=str(path), remedy="Correct published in the study's multiverse")
    return float(row[where["column"]].iloc[0])


def shares(values: Sequence[float] | pd.Series, printed: float) -> tuple[float, float]:
    """Return which shares of the values lie below and above a printed one; what failed is no value."""
    known = pd.Series(values, dtype=float).dropna()
    if known.empty:
        return float("nan"), float("nan")
    return float((known < printed).mean()), float((known > printed).mean())
