"""From the files of a run to what the page holds behind its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.evaluation.evaluate import read_groups
from rerad.reporting.drill.cells import cells_of, needed
from rerad.reporting.drill.packing import packed
from rerad.reporting.drill.results import results_of


def gather(
    *,
    studies: Mapping[str, Mapping[str, Any]],
    methods: Mapping[str, Mapping[str, Mapping[str, Any]]],
    metrics: Sequence[Path],
    spent: pd.DataFrame,
    folder: Path,
    bootstraps: int,
) -> dict[str, str]:
    """Return the data of the page's drill-down, each packed under its name: ``index`` and ``<cohort>-<method>``.

    ``studies`` and ``methods`` (cohort → method → settings) are those of the run, ``metrics`` its metrics.csv, beside
    which lie the predictions and the costs of a method; ``spent`` are the costs of the run, ``folder`` is its folder.
    """
    tables = _tables(studies, folder)
    cohorts = sorted({table["cohort"] for table in tables.values()})
    groups = {cohort: read_groups(folder / "cohorts" / cohort / "cases.csv") for cohort in cohorts}
    found = {"index": packed({"tables": tables, "groups": groups})}
    for cohort in cohorts:
        own = {path.parent.name: path for path in metrics if path.parents[1].name == cohort}
        cells = [cell for table in tables.values() if table["cohort"] == cohort for cell in table["cells"].values()]
        for method, keys in sorted(needed(cells).items()):
            results = results_of(
                own[method],
                keys=keys,
                groups=groups[cohort],
                spent=spent[(spent["cohort"] == cohort) & (spent["method"] == method)],
                settings=methods[cohort][method],
                folder=folder,
                bootstraps=bootstraps,
            )
            found[f"{cohort}-{method}"] = packed(results)
    return found


def _tables(studies: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, dict[str, Any]]:
    """Return the tables by their place on the page (``<study>-<table>``): title, cohort, csv and cells."""
    found = {}
    for name, study in studies.items():
        for table, entry in study["tables"].items():
            csv = folder / name / "tables" / f"{table}.csv"
            found[f"{name}-{table}"] = {
                "title": entry["title"],
                "cohort": study["cohort"],
                "csv": csv.relative_to(folder).as_posix(),
                "cells": cells_of(entry, csv),
            }
    return found
