"""The page of two runs: one HTML file in the style of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.files import write_text
from rerad.reporting.rendering import NOTHING, gap, number, render
from rerad.reporting.runs.cells import ENDS
from rerad.reporting.runs.patients import RIGHT, TRUTH, WRONG
from rerad.reporting.runs.run import Run
from rerad.reporting.runs.settings import ONLY_A, ONLY_B, SAME
from rerad.reporting.runs.summary import Compared, outside, unlike, warnings

Listing = dict[str, Any]
SMALLEST = 0.0005  # a difference that three digits still show
PAIRED = (
    "Where both runs have their predictions, a difference and its 95 % interval are those of the patients that both "
    "tested (n), by a bootstrap that draws the same patients in both runs and each run's seeds inside. Otherwise both "
    "intervals of the tables stand there, and the difference has none.",
    "Such an interval says what other patients could have given. It says nothing of chance in training: with one seed, "
    "the same settings with another seed may lie outside.",
    "Of intervals without any true difference 5 % leave zero out.",
)


def write_page(a: Run, b: Run, compared: Compared, summary: Sequence[Mapping[str, Any]], page: Path) -> None:
    """Write the page of what was compared."""
    cells = compared.cells
    context = {
        "a": _about(a),
        "b": _about(b),
        "warnings": warnings(a, b),
        "summary": summary,
        "outside": len(outside(cells)),
        "intervals": int(cells["low"].notna().sum()),
        "studies": [_study(a, b, str(name), part) for name, part in cells.groupby("study", sort=True)],
        "notes": PAIRED,
        "cases": _listing(
            unlike(compared.cases).fillna(""),
            {"case": "Case", "change": "Change", "included_a": "Included in A",
             "included_b": "Included in B", "fold_a": "Tested in fold, A", "fold_b": "Tested in fold, B"},
        ),
        "methods": _methods(compared.methods),
        "unmatched": _unmatched(compared.methods),
        "sides": _sides(compared.patients),
        "config": _listing(_shortened(compared.config), KEYS),
        "versions": _listing(_unlike_first(compared.versions), KEYS),
        "data": _listing(_unlike_first(compared.data), KEYS),
        "files": _listing(compared.files, {"file": "File", "a": "A", "b": "B", "change": "Change"}),
        "code": _listing(unlike(compared.code), {**KEYS, "key": "Method"}),
    }  # fmt: skip
    write_text(page, render("runs.html.j2", context))


KEYS = {"key": "Key", "change": "Change", "a": "A", "b": "B"}


def _about(run: Run) -> dict[str, Any]:
    code = run.provenance["code"]
    return {
        "name": run.name,
        "commit": code["commit"] or "unknown",
        "dirty": bool(code["dirty"]),
        "cohorts": ", ".join(f"{name} ({run.config['cohorts'][name]['source']})" for name in run.cohorts),
        "studies": ", ".join(sorted(run.config["studies"])),
        "seeds": ", ".join(map(str, run.config["seeds"])),
        "failed": "; ".join(run.failures()),
    }


def _listing(table: pd.DataFrame, headings: Mapping[str, str]) -> Listing | None:
    """Return columns and rows of cells of some columns of a table, or None without a row.

    Columns that hold nothing but blanks and zeros are left out; what is under the name of a row is its cohort.
    """
    if table.empty:
        return None
    first, *others = headings
    shown = [name for name in others if not table[name].astype(object).isin(["", 0, None]).all()]
    columns = [{"heading": headings[first], "style": "label", "title": ""}]
    for name in shown:
        style = "right" if pd.api.types.is_numeric_dtype(table[name]) else "text" if name in ("a", "b") else ""
        columns.append({"heading": headings[name], "style": style, "title": ""})
    rows = [
        [{**_plain(row[first]), "under": str(row.get("cohort", ""))}, *(_plain(row[name]) for name in shown)]
        for row in table.to_dict("records")
    ]
    return {"columns": columns, "rows": rows, "notes": []}


def _unlike_first(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(same=table["change"] == SAME).sort_values("same", kind="stable")


def _plain(value: Any) -> dict[str, str]:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return {"text": "", "value": "", "under": ""}
    text = number(value) if isinstance(value, float) else str(value)
    return {"text": text, "value": repr(value) if isinstance(value, float) else text, "under": ""}


def apart(value: float) -> str:
    """Return a difference with its sign and three digits, or its first digit where these do not show it."""
    if math.isnan(value) or value == 0 or abs(value) >= SMALLEST:
        return gap(value)
    return f"{value:+.1g}".replace("-", "−")


def _study(a: Run, b: Run, name: str, cells: pd.DataFrame) -> dict[str, Any]:
    entries = {
        (table.study, table.name): (table.entry["title"], table.entry.get("primary", study.get("primary", "")))
        for run in (b, a)
        for table in run.tables()
        if (study := run.config["studies"][table.study])
    }
    settings = next(run.config["studies"][name] for run in (b, a) if name in run.config["studies"])
    tables = []
    for key, part in cells.groupby("table", sort=True):
        title, primary = entries[name, str(key)]
        tables.append(_table(f"{name}-{key}", title, primary, part))
    alone = {table["alone"] for table in tables}
    return {
        "id": name,
        "title": settings["title"],
        "alone": alone.pop() if len(alone) == 1 else "",
        "tables": tables,
        "overview": _overview(tables),
    }


def _table(anchor: str, title: str, primary: str, cells: pd.DataFrame) -> dict[str, Any]:
    """Return a table of the metrics, one of all other cells that differ, and the counts of both."""
    ends = [f"{letter}{end}" for letter in "ab" for end in ENDS]
    known = cells[ends].notna().any(axis=1)
    columns = list(dict.fromkeys(cells.loc[known, "column"]))
    metrics = cells[cells["column"].isin(columns)]
    rows, alike = [], []
    for row, part in metrics.groupby("row", sort=False):
        if (part["change"] == SAME).all():
            alike.append(str(part["label"].iloc[0] or row))
            continue
        shown = {cell["column"]: _metric(cell) for cell in part.to_dict("records")}
        notes = sorted({str(note) for note in part["note"].dropna()} - {""})
        label = str(part["label"].iloc[0] or row)
        rows.append({"id": f"{anchor}-{row}", "label": label, "cells": shown, "note": "; ".join(notes)})
    others = unlike(cells[~cells["column"].isin(columns)])
    others = others.assign(label=others["label"].where(others["label"].fillna("") != "", others["row"]))
    return {
        "id": anchor,
        "title": title,
        "columns": columns,
        "rows": rows,
        "alike": alike,
        "primary": primary if primary in columns else "",
        "others": _listing(others, {"label": "Row", "column": "Column", "change": "Change", "a": "A", "b": "B"}),
        "all": len(cells),
        "differ": len(unlike(cells)),
        "alone": next((side for side in (ONLY_A, ONLY_B) if (cells["change"] == side).all()), ""),
    }


def _metric(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a metric's cell stands in the table: the difference and what is under it."""
    change, low, high = cell["change"], cell["low"], cell["high"]
    shown: dict[str, Any] = {"low": math.nan, "high": math.nan, "difference": math.nan, "style": "", "lines": []}
    if change in (ONLY_A, ONLY_B):
        letter = "a" if change == ONLY_A else "b"
        return {**shown, "text": change, "style": "none", "lines": [_side(cell, letter)], "change": change}
    shown |= {"difference": cell["difference"], "low": low, "high": high, "change": change}
    if change == SAME and cell["difference"] == 0:
        return {**shown, "text": "same", "style": "none", "lines": [_value(cell["a"])]}
    shown["text"] = apart(cell["difference"])
    if math.isnan(low):
        return {**shown, "lines": [f"A {_side(cell, 'a')}", f"B {_side(cell, 'b')}"]}
    shown["style"] = "above" if low > 0 else "below" if high < 0 else ""
    values = f"A {number(cell['a_common'])}, B {number(cell['b_common'])}"
    return {**shown, "lines": [f"[{apart(low)}, {apart(high)}]", values]}


def _value(text: Any) -> str:
    try:
        return number(float(text))
    except ValueError:
        return str(text) or NOTHING


def _side(cell: Mapping[str, Any], letter: str) -> str:
    low, high = cell[f"{letter}_low"], cell[f"{letter}_high"]
    ends = "" if math.isnan(low) else f" [{number(low)}, {number(high)}]"
    return _value(cell[letter]) + ends


def _overview(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the differences of the primary metrics, with the half-width of their axis; None without any."""
    rows = [
        {"table": table["id"], "label": row["label"], "metric": table["primary"], **row["cells"][table["primary"]]}
        for table in tables
        if table["primary"]
        for row in table["rows"]
        if table["primary"] in row["cells"]
    ]
    rows = [row for row in rows if not math.isnan(row["low"]) and row["change"] != SAME]
    if not rows:
        return None
    reach = max(abs(row[end]) for row in rows for end in ("low", "high", "difference"))
    unit = 10.0 ** math.floor(math.log10(reach or 1.0))
    reach = math.ceil((reach or 1.0) / unit) * unit
    for row in rows:
        row |= {name: 50 + 50 * row[end] / reach for name, end in (("left", "low"), ("right", "high"))}
        row["dot"] = 50 + 50 * row["difference"] / reach
    return {"rows": rows, "reach": f"{reach:g}"}


def _shortened(config: pd.DataFrame) -> pd.DataFrame:
    """Return the keys that differ, with one row for a study or cohort that only one run has."""
    prefix = config["key"].str.split(".").str[:2].str.join(".")
    alone = config.groupby(prefix)["change"].transform(lambda part: len(part) > 1 and part.isin([ONLY_A, ONLY_B]).all())
    sizes = config.groupby(prefix)["key"].transform("count").astype(str)
    short = config.assign(key=config["key"].mask(alone, prefix + " and below, " + sizes + " keys"))
    short = short.assign(a=short["a"].mask(alone, ""), b=short["b"].mask(alone, ""))
    return unlike(short).drop_duplicates(ignore_index=True)


def _methods(methods: pd.DataFrame) -> Listing | None:
    """Return the methods of which a patient changed."""
    counts = ["changed", "only_a", "only_b"]
    shown = methods[(methods[counts].fillna(0) > 0).any(axis=1)]
    shown = shown.assign(selection=shown["selection"].where(shown["variant"] == "published", shown["variant"]))
    headings = {
        "method": "Method", "measure": "Measure", "selection": "Selection", "patients": "Patients",
        "changed": "Changed", "now_right": "Now right", "now_wrong": "Now wrong", "other_truth": "Another truth",
        "only_a": "Only in A", "only_b": "Only in B", "mean_change": "Mean change", "largest_change": "Largest change",
        "largest_case": "of",
    }  # fmt: skip
    return _listing(shown, headings)


def _unmatched(methods: pd.DataFrame) -> list[str]:
    """Return why which methods could not be compared patient by patient, a sentence a reason and cohort."""
    known = methods[methods["note"].notna()]
    return [
        f"Not compared, {note} (cohort {cohort}): {', '.join(dict.fromkeys(part['method']))}."
        for (note, cohort), part in known.groupby(["note", "cohort"], sort=True)
    ]


def _sides(patients: pd.DataFrame) -> Listing | None:
    """Return the patients who changed sides or whose truth did."""
    shown = patients[patients["change"].isin([RIGHT, WRONG, TRUTH])]
    truths = [shown[f"truth_{letter}"].astype(str) for letter in "ab"]
    shown = shown.assign(truth=truths[0].where(truths[0] == truths[1], truths[0] + " → " + truths[1]))
    headings = {
        "case": "Case", "method": "Method", "selection": "Selection", "change": "Change", "truth": "Truth",
        "score_a": "Score in A", "score_b": "Score in B", "difference": "B less A",
    }  # fmt: skip
    return _listing(shown.rename(columns={"a": "score_a", "b": "score_b"}), headings)
