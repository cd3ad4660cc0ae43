"""Which results every cell of the reproduced tables is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rerad.reporting.features import SCALES, UNITS

Cell = dict[str, Any]
WINS = "n_features_lower_"
LISTED = {"features": ("roi", "feature"), "summary": ("metric",)}


class Key(NamedTuple):
    """The rows of predictions that a number is made of; every selection of them is shown."""

    task: str
    role: str
    group: str
    variant: str


def key_of(cell: Mapping[str, Any]) -> Key:
    """Return the key of a cell."""
    return Key(*(cell[name] for name in Key._fields))


def cells_of(entry: Mapping[str, Any], csv: Path) -> dict[str, Cell]:
    """Return what lies behind every value of ours in a table, as ``<row>/<column>`` → cell.

    ``entry`` is the table's in its study, ``csv`` the reproduced one. A cell has ``method`` (trained), the fields of
    ``Key``, ``selection`` and ``metric`` as metrics.csv calls them; an error in another unit than the features are
    measured in has ``unit`` and ``scale``, by which its values are multiplied; a count of features with a lower error
    has as ``metric`` the error, and ``against`` the other method.
    """
    frame = pd.read_csv(csv, dtype=str, keep_default_na=False)
    found = _of_features(entry, frame) if "shape" in entry else _of_methods(entry, frame)
    return {f"{row}/{column}": cell for row, column, cell in found}


def _of_methods(entry: Mapping[str, Any], frame: pd.DataFrame) -> Iterator[tuple[str, str, Cell]]:
    columns = [name for name in frame if f"{name}_low" in frame]
    named = entry.get("columns", {})
    task = {"task": entry.get("task", "classification"), "role": entry.get("role", "test")}
    for row in entry["rows"]:
        suffix = f"_{row['tissue']}" if "tissue" in row else ""
        for column in columns:
            yield row["method"], column, {**_of_row({**task, **row}), "metric": f"{named.get(column, column)}{suffix}"}


def _of_features(entry: Mapping[str, Any], frame: pd.DataFrame) -> Iterator[tuple[str, str, Cell]]:
    by_id = {row["method"]: row for row in entry["rows"]}
    ids = list(LISTED[entry["shape"]])
    units = frame["unit"] if entry.get("error") == "mae" and "unit" in frame else [""] * len(frame)
    for names, unit in zip(frame[ids].itertuples(index=False), units, strict=True):
        listed = "_".join(names)
        scaled = {"unit": UNITS[unit], "scale": SCALES[unit]} if unit else {}
        for method, row in by_id.items():
            cell = _of_row({"task": "regression", "role": "test", **row})
            if entry["shape"] == "features":
                yield listed, method, {**cell, "metric": f"{entry['error']}_{listed}", **scaled}
                continue
            error, _, other = listed.removeprefix(WINS).partition("_than_")
            wins = {"against": _trained(by_id[other or entry["against"]])} if listed.startswith(WINS) else {}
            yield listed, method, {**cell, "metric": error, **wins}


def _of_row(row: Mapping[str, Any]) -> Cell:
    usual = {"group": "all", "variant": "published", "selection": "last"}
    chosen = {name: str(row.get(name, value)) for name, value in usual.items()}
    return {"method": _trained(row), "task": row["task"], "role": row["role"], **chosen}


def _trained(row: Mapping[str, Any]) -> str:
    return str(row.get("trained", row["method"]))


def needed(cells: Iterable[Cell]) -> dict[str, set[Key]]:
    """Return the keys that cells need of every method."""
    keys: dict[str, set[Key]] = {}
    for cell in cells:
        for method in filter(None, (cell["method"], cell.get("against"))):
            keys.setdefault(method, set()).add(key_of(cell))
    return keys
