"""What a study names beside its rows: the method to compare with, the column of the verdicts, the network to time."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from rerad.core.errors import ConfigError
from rerad.studies.files import published_file
from rerad.studies.rows import trained_methods

Dict = dict[str, Any]
IDS = ("method", "metric", "roi", "feature", "group", "tissue", "unit")  # columns of published tables without values
MARK = "_mark"
TIMED = "radsynth"  # the model whose network is timed


def check_references(studies: Mapping[str, Dict], root: Path, files: Mapping[str, Path]) -> None:
    """Refuse a ``compare_with``, ``primary``, ``against`` or ``times.method`` that names nothing.

    Raises:
        ConfigError: naming study and key, the value, and the names that do.
    """
    for name, study in studies.items():
        where = f"studies.{name}"
        shown = [entry for entry in study["tables"].values() if entry.get("task", study["task"]) == study["task"]]
        rows = dict.fromkeys(method for entry in shown for method in trained_methods(entry))
        if study["compare_with"] is not None:
            told = "no row of the study's tables"
            _check(study["compare_with"], rows, f"{where}.compare_with", told, otherwise=("null",))
        _check_primaries(study, where, functools.partial(published_file, root, files, name))
        if "times" in study:
            siblings = [other["methods"] for other in studies.values() if other["cohort"] == study["cohort"]]
            timed = [method for own in siblings for method, entry in own.items() if entry["model"] == TIMED]
            _check(study["times"]["method"], timed, f"{where}.times.method", f"no method of the model {TIMED}")


def _check_primaries(study: Dict, where: str, file_of: Callable[[str], Path]) -> None:
    """Check the column of the verdicts of every table, and the study's, which must be one of some table."""
    known: dict[str, None] = {}
    for key, table in study["tables"].items():
        columns = _columns(table, file_of)
        known |= dict.fromkeys(columns)
        if not columns:  # no such file: told where it is an input
            return
        place = f"{where}.tables.{key}.primary" if "primary" in table else f"{where}.primary"
        _check(table.get("primary", study["primary"]), columns, place, f"no column of the table {key}")
        if "shape" in table:
            _check(table["against"], columns, f"{where}.tables.{key}.against", f"no column of the table {key}")
    _check(study["primary"], known, f"{where}.primary", "no column of the study's tables")


def _columns(table: Dict, file_of: Callable[[str], Path]) -> list[str]:
    """Return the columns that a table shows: its methods, those that it names, or the published ones."""
    if "shape" in table:
        return [row["method"] for row in table["rows"]]
    if "columns" in table:
        return list(table["columns"])
    file = file_of(table["published"])
    if not file.is_file():
        return []
    with file.open(encoding="utf-8-sig", newline="") as opened:
        header = next(csv.reader(opened), [])
    return [column for column in header if column not in IDS and not column.endswith(MARK)]


def _check(value: str, known: Collection[str], where: str, told: str, otherwise: Sequence[str] = ()) -> None:
    if value not in known:
        names = ", ".join([*known, *otherwise]) or "none is defined"
        raise ConfigError(f"{value!r} is {told}", where=where, remedy=f"Write one of: {names}")
