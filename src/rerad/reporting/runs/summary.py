"""What two runs have in common and what not, in one table and a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from rerad.reporting.rendering import gap, meaning
from rerad.reporting.runs.cells import INTERVAL
from rerad.reporting.runs.patients import RIGHT, TRUTH, WRONG
from rerad.reporting.runs.run import Run
from rerad.reporting.runs.settings import DIFFERS, ONLY_A, ONLY_B, PLACE, SAME

SHOWN = 5  # cells that the short text names


class Compared(NamedTuple):
    """All that was compared of two runs, each a table with the column ``change``."""

    config: pd.DataFrame
    versions: pd.DataFrame
    data: pd.DataFrame
    files: pd.DataFrame
    code: pd.DataFrame
    cases: pd.DataFrame
    cells: pd.DataFrame
    patients: pd.DataFrame
    methods: pd.DataFrame


# Id, name, what is counted, and the changes that are told apart.
PARTS = {
    "config": ("Configuration", "keys", (DIFFERS, ONLY_A, ONLY_B)),
    "versions": ("Code and versions", "entries", (DIFFERS, ONLY_A, ONLY_B)),
    "data": ("Data", "entries", (DIFFERS, ONLY_A, ONLY_B)),
    "code": ("Code of the trainings", "methods", (DIFFERS, ONLY_A, ONLY_B)),
    "cases": ("Cases", "cases", (DIFFERS, ONLY_A, ONLY_B)),
    "cells": ("Tables", "cells", (DIFFERS, INTERVAL, ONLY_A, ONLY_B)),
    "patients": ("Patients", "scores", ("score", RIGHT, WRONG, TRUTH, ONLY_A, ONLY_B)),
}
WORDS = {DIFFERS: "different", INTERVAL: "in another interval only", "score": "another score on the same side"}
WORDS |= {TRUTH: "another truth"}


def summarise(compared: Compared) -> list[dict[str, Any]]:
    """Return for each part its id, name, how many entries were compared, how many differ, and of which kinds."""
    rows = []
    for part, (name, counted, changes) in PARTS.items():
        found = getattr(compared, part)["change"]
        counts = {change: int((found == change).sum()) for change in changes}
        told = [f"{count} {WORDS.get(change, change)}" for change, count in counts.items() if count]
        differ = sum(counts.values())
        rows.append(
            {"id": part, "name": name, "counted": counted, "all": len(found), "differ": differ, "told": ", ".join(told)}
        )
    return rows


def outside(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells whose paired interval leaves zero out."""
    return cells[(cells["low"] > 0) | (cells["high"] < 0)]


def warnings(a: Run, b: Run) -> list[str]:
    """Return what a reader must know before any number: phantoms, permuted labels, failed trainings."""
    told = []
    phantoms, cohorts = a.phantoms | b.phantoms, sorted({*a.cohorts} & {*b.cohorts})
    mixed = [cohort for cohort in cohorts if (cohort in a.phantoms) != (cohort in b.phantoms)]
    if mixed:
        letters = ["A" if cohort in a.phantoms else "B" for cohort in mixed]
        which = ", ".join(f"{cohort} is a phantom in {letter}" for cohort, letter in zip(mixed, letters, strict=True))
        told.append(
            f"PHANTOM AGAINST REAL. {which}: made by this software in one run, scanned in the other. Their numbers "
            "stand beside each other for the layout only."
        )
    elif phantoms:
        told.append("PHANTOM. The cohorts were made by this software, not scanned: no number here is about patients.")
    if a.permuted != b.permuted:
        told.append(f"NULL RUN. The labels were permuted in {'A' if a.permuted else 'B'} alone.")
    elif a.permuted:
        told.append("NULL RUNS. The labels were permuted in both.")
    for letter, run in zip("AB", (a, b), strict=True):
        if failed := run.failures():
            told.append(f"Failed in {letter}: {'; '.join(failed)}. What such a method left behind is not compared.")
    return told


def text(a: Run, b: Run, summary: Sequence[Mapping[str, Any]], compared: Compared, page: str) -> str:
    """Return the comparison in a few lines."""
    lines = [f"A: {a.name} ({a.folder})", f"B: {b.name} ({b.folder})", *warnings(a, b)]
    wide = max(len(part["name"]) for part in summary)
    for part in summary:
        told = part["told"] or "no difference"
        lines.append(f"{part['name']:{wide}}  {told} (of {part['all']} {part['counted']})")
    apart = outside(compared.cells)
    intervals = int(compared.cells["low"].notna().sum())
    if len(apart):
        lines.append(f"{len(apart)} of {intervals} paired intervals of B less A leave zero out:")
        lines += [f"  {_cell(row)}" for row in apart.head(SHOWN).to_dict("records")]
        lines += [f"  and {len(apart) - SHOWN} more"] if len(apart) > SHOWN else []
    if not any(part["differ"] for part in summary):
        lines.append("No difference.")
    moved = int((compared.config["change"] == PLACE).sum())
    if moved:
        what = "key of the configuration only says" if moved == 1 else "keys of the configuration only say"
        lines.append(f"{moved} {what} where the run lies.")
    return "\n".join([*lines, page])


def _cell(row: Mapping[str, Any]) -> str:
    place = f"{row['study']} {row['table']}, {row['label'] or row['row']}, {meaning(row['column'])}"
    return f"{place}: {gap(row['difference'])} [{gap(row['low'])}, {gap(row['high'])}] on {row['n']} patients"


def unlike(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are not the same in both runs."""
    return table[~table["change"].isin([SAME, PLACE])]
