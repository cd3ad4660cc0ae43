"""Everything that the page shows of one trained method when a reader asks what lies behind its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.core.seeds import derive
from rerad.evaluation.evaluate import EVERYONE
from rerad.evaluation.parts import measure_parts
from rerad.reporting.drill.cells import Key
from rerad.reporting.drill.packing import columns_of
from rerad.reporting.provenance import config_text
from rerad.training.predictions import read

VALUES = [
    "task",
    "role",
    "group",
    "variant",
    "selection",
    "scope",
    "number",
    "metric",
    "value",
    "low",
    "high",
    "sd",
    "n",
]
SPENT = ["seed", "chunk", "stage", "wall_s", "cpu_s", "gpu_s", "peak_rss_mb", "peak_gpu_mb", "device", "failed"]
IDENTITY = ["task", "role", "group", "variant"]


def results_of(
    metrics: Path,
    *,
    keys: Iterable[Key],
    groups: Mapping[str, str],
    spent: pd.DataFrame,
    settings: Mapping[str, Any],
    folder: Path,
    bootstraps: int,
) -> dict[str, Any]:
    """Return the values, patients, costs and provenance of a method, of those results that some cell shows.

    ``values`` are the lines of metrics.csv (scope pooled, and as ``folds`` their mean) and those of every fold and
    seed, ``cases`` the predictions by task, as they stand in the files; both by column. ``groups`` leads from a case to
    its grade or group, ``spent`` are the method's rows of costs.csv, ``settings`` its entry in the effective
    configuration, ``folder`` the run's, from which files are named. A method that failed has only costs and provenance.
    """
    wanted = sorted(set(keys))
    predicted = {task: metrics.with_name(f"predictions_{task}.csv") for task in sorted({key.task for key in wanted})}
    tables = {task: read(path, task) for task, path in predicted.items()}
    values = [_written(metrics, wanted)]
    for key in wanted:
        values += _parts(tables[key.task], key, groups, bootstraps)
    text = config_text(settings)
    return {
        "values": columns_of(pd.concat(values, ignore_index=True)[VALUES]),
        "cases": {task: columns_of(_of_keys(table, task, wanted)) for task, table in tables.items()},
        "costs": columns_of(spent[SPENT]),
        "settings": text,
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16],
        "code": sorted(set(filter(None, spent["code"]))),
        "files": {
            "metrics": _from(folder, metrics),
            "predictions": {task: _from(folder, path) for task, path in predicted.items()},
            "costs": _from(folder, metrics.with_name("costs.csv")),
        },
    }


def _written(metrics: Path, keys: Sequence[Key]) -> pd.DataFrame:
    table = pd.read_csv(metrics).assign(number=None)
    chosen = table[_booleans(Key(*line) in keys for line in table[IDENTITY].itertuples(index=False))]
    return chosen.assign(scope=chosen["scope"].replace("fold", "folds")).reindex(columns=VALUES).astype(object)


def _parts(table: pd.DataFrame, key: Key, groups: Mapping[str, str], bootstraps: int) -> list[pd.DataFrame]:
    if table.empty:
        return []
    chosen = table[(table["role"] == key.role) & (table["variant"] == key.variant)]
    if key.group != EVERYONE:
        chosen = chosen[chosen["case"].map(groups) == key.group]
    found = []
    for selection, part in chosen.groupby("selection", sort=True):
        resampling = derive(0, "evaluate", str(selection), key.variant)
        measured = measure_parts(part, key.task, bootstraps=bootstraps, seed=resampling)
        found.append(measured.assign(**key._asdict(), selection=selection).reindex(columns=VALUES).astype(object))
    return found


def _of_keys(table: pd.DataFrame, task: str, keys: Sequence[Key]) -> pd.DataFrame:
    if table.empty:
        return table
    shown = {(key.role, key.variant) for key in keys if key.task == task}
    return table[_booleans(pair in shown for pair in zip(table["role"], table["variant"], strict=True))]


def _booleans(told: Iterable[bool]) -> NDArray[np.bool_]:
    """Return an array: of a table without rows an empty list would take the columns."""
    return np.fromiter(told, dtype=bool)


def _from(folder: Path, path: Path) -> str:
    return path.resolve().relative_to(folder.resolve()).as_posix()
