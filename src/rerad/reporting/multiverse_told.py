"""What the page says of a study's multiverse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.evaluation.evaluate import EVERYONE

NEEDED = ("entry", "default", "value", "published")
# The row of metrics.csv that the tables show, and with it the run's own universe.
SHOWN = {"scope": "pooled", "selection": "last", "variant": "published", "role": "test", "group": EVERYONE}
SAME = 1e-8  # relative: tables keep ten digits


def told_multiverse(study: Mapping[str, Any], csv: Path | None, trained: Path) -> dict[str, Any] | None:
    """Return ``csv`` and ``png`` of a study's multiverse, and how an entry's universes lie about the printed value.

    Without ``csv``, how many universes could be computed; None for a study that asks nothing. ``trained`` is the folder
    of the cohort's methods: an entry whose own universe has another value than they have now says so (``stale``).

    Raises:
        ReradError: the file lacks a column.
    """
    asked = {key: entry for key, entry in study.get("multiverse", {}).items() if entry.get("enabled", True)}
    if csv is None:
        universes = sum(math.prod(len(one["options"]) for one in entry["questions"]) for entry in asked.values())
        return {"universes": universes} if universes else None
    table = pd.read_csv(csv)
    if missing := [name for name in NEEDED if name not in table]:
        raise ReradError(f"the column {missing[0]!r} is missing", where=str(csv), remedy="Delete it and make it again")
    entries = [
        _entry(part, asked.get(str(name), {}), study["task"], trained)
        for name, part in table.groupby("entry", sort=False)
    ]
    return {"entries": entries, "csv": f"{csv.parent.name}/{csv.name}", "png": csv.with_suffix(".png")}


def _entry(part: pd.DataFrame, entry: Mapping[str, Any], task: str, trained: Path) -> dict[str, Any]:
    printed, known = float(part["published"].iloc[0]), part["value"].dropna()
    own = part.loc[part["default"] == 1, "value"].dropna()
    return {
        "title": entry.get("title", part["entry"].iloc[0]),
        "where": entry.get("published", {}).get("where", "The paper prints"),
        "printed": printed,
        "universes": len(part),
        "known": len(known),
        "failed": len(part) - len(known),
        "below": int((known < printed).sum()),
        "above": int((known > printed).sum()),
        "equal": int((known == printed).sum()),
        "smallest": known.min(),
        "largest": known.max(),
        "own": None if own.empty else float(own.iloc[0]),
        "stale": None if own.empty else _stale(float(own.iloc[0]), entry, task, trained),
    }


def _stale(own: float, entry: Mapping[str, Any], task: str, trained: Path) -> float | None:
    """Return the value that the method has in the tables, if it is not that of the run's own universe."""
    metrics = trained / str(entry.get("method")) / "metrics.csv"
    if entry.get("kind", "training") != "training" or not metrics.is_file():
        return None
    found = pd.read_csv(metrics)
    for column, wanted in {**SHOWN, "metric": entry["metric"], "task": task}.items():
        found = found[found[column] == wanted]
    if len(found) != 1 or math.isclose(found["value"].iloc[0], own, rel_tol=SAME):
        return None
    return float(found["value"].iloc[0])
