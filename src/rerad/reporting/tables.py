"""Tables with the published number beside ours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_text
from rerad.evaluation.costs import first_said, trainings
from rerad.reporting import rendering
from rerad.reporting.captions import banner, filled, notes, of_regions, slug
from rerad.reporting.published import Published, read_published
from rerad.reporting.scores import renamed, selected
from rerad.reporting.verdict import NONE, difference, judge, not_comparable

Row = dict[str, Any]
ELSEWHERE = "not trained here"  # scores of others reproduce nothing, whatever they are
WILSON = ("wilson_low", "wilson_high")


def tabulate(
    *,
    table: Mapping[str, Any],
    study: str,
    cohort: Mapping[str, Any],
    published: Path | None,
    metrics: Mapping[str, Path],
    costs: Mapping[str, Path],
    primary: str,
    csv: Path,
    md: Path,
    html: Path,
    tex: Path,
    deviations: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write a table of published values beside ours as CSV, Markdown, HTML and LaTeX.

    ``table`` is the study's entry (title, rows of method, trained, label, kind; optional note of a row, ``marks``: mark
    → meaning, ``task``, ``role``, ``primary`` of its own, ``columns``: column → metric, where they differ,
    ``other_patients``: why they cannot be the paper's); ``cohort`` has name, source, phantom, paper_cases,
    paper_positives, the words size, paper_size, counted, judged, notes and optionally ``permuted``; ``metrics`` and
    ``costs`` lead from the trained id to metrics.csv and to costs.csv. A cell is the mean over seeds of the
    pooled metric with its 95 % interval; the verdict goes by ``primary``. Where metrics.csv also has the selection
    ``best_test``, the gap between both is the row's optimism. ``deviations`` are printed under the table; the report
    takes them from the study.

    Raises:
        ReradError: broken published values, a row without metrics, or ``primary`` not among the columns.
    """
    paper = read_published(published) if published else Published([], {}, {})
    primary = table.get("primary", primary)
    cohort = {**cohort, "other_patients": table.get("other_patients", "")}
    rows = [
        _row({"role": table.get("role", "test"), **row}, table, cohort, paper, metrics, costs, primary, study)
        for row in table["rows"]
    ]
    columns = _shown(paper.columns, [*table.get("columns", {})])
    columns = columns or list(dict.fromkeys(name for row in rows for name in row["values"]))
    if columns and primary not in columns:
        raise ReradError(
            f"the primary metric {primary!r} is no column of the table {table['title']!r}",
            where=study,
            remedy=f"Choose one of {', '.join(columns)}",
        )
    for row in rows:
        row["values"] = {name: row["values"].get(name, _cell()) for name in columns}
    write_csv(csv, _frame(rows, columns, primary))
    context = _context(table, study, cohort, paper, rows, columns, primary, csv.stem)
    context["deviations"] = filled(deviations)
    for path, template in ((md, "table.md.j2"), (html, "table.html.j2"), (tex, "table.tex.j2")):
        write_text(path, rendering.render(template, context))


def _shown(printed: Sequence[str], named: Sequence[str]) -> list[str]:
    """Return the columns of a table: those of the paper that it names, or all, then what else it names."""
    return [*(name for name in printed if not named or name in named), *(name for name in named if name not in printed)]


def _row(
    row: Mapping[str, Any],
    table: Mapping[str, Any],
    cohort: Mapping[str, Any],
    paper: Published,
    metrics: Mapping[str, Path],
    costs: Mapping[str, Path],
    primary: str,
    study: str,
) -> Row:
    trained = row.get("trained", row["method"])
    if trained not in metrics:
        raise ReradError(f"the row {row['method']!r} has no metrics of the method {trained!r}", where=study)
    spent = trainings(costs.get(trained))
    failed = first_said(spent, "failed") or None
    task = table.get("task", "classification")
    whole = pd.read_csv(metrics[trained])
    everything = renamed(whole, _columns_of(row, table))
    measured = selected(everything, row, task)
    # A tissue that no case has is in no line at all.
    absent = (
        failed is None
        and measured.empty
        and (not whole.empty if "tissue" in row else not everything.empty and "group" in row)
    )
    if failed is None and measured.empty and not absent:
        failed = "no predictions to evaluate"
    if failed is not None:
        # What a partly failed method left behind covers another set of patients: no number is better than that one.
        measured = measured.iloc[:0]
    printed = {**paper.printed.get(row["method"], {}), **row.get("printed", {})}
    marks = paper.marks.get(row["method"], {})
    best, gap = (math.nan, math.nan) if failed is not None else _optimism(everything, row, primary, task)
    values = _cells(measured, printed, marks)
    n, n_positive = _counts(measured)
    patients = n if task == "classification" else None
    result = {
        "method": row["method"],
        "label": row["label"],
        "kind": row["kind"],
        "values": values,
        "n": n,
        "n_positive": n_positive,
        "seeds": spent["seed"].nunique(),
        "best_test": best,
        "optimism": gap,
    }
    own = {"paper_cases": row["paper_cases"]} if "paper_cases" in row else {}
    why = not_comparable({**cohort, **own}, n, n_positive) or (ELSEWHERE if row["kind"] == "external" else "")
    if absent:
        of = f"of the group {row['group']}" if "group" in row else "of this tissue"
        result["verdict"], note = f"no case {of}", ""
    else:
        result["verdict"], note = _verdict(values.get(primary), primary, patients, why, failed)
    said = (note, row.get("note", ""), first_said(spent, "note"))
    result["note"] = ". ".join(text for text in said if text)
    return result


def _columns_of(row: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, str]:
    """Return column → metric of a row; that of a tissue has the tissue as its suffix in metrics.csv."""
    suffix = f"_{row['tissue']}" if "tissue" in row else ""
    return {name: f"{metric}{suffix}" for name, metric in table.get("columns", {}).items()}


def _optimism(metrics: pd.DataFrame, row: Mapping[str, Any], primary: str, task: str) -> tuple[float, float]:
    """Return the primary metric of the epoch that is best on the test fold, and how much more that is than the last's.

    Both are nan without a second selection, or where the row itself names one.
    """
    if "selection" in row:
        return math.nan, math.nan
    values = []
    for selection in ("last", "best_test"):
        measured = selected(metrics, {**row, "selection": selection}, task)
        pooled = measured[(measured["metric"] == primary) & (measured["scope"] == "pooled")]
        values.append(float(pooled["value"].iloc[0]) if len(pooled) else math.nan)
    return values[1], values[1] - values[0]


def _cell(**known: Any) -> dict[str, Any]:
    nothing = {name: math.nan for name in ("value", "low", "high", *WILSON, "fold", "fold_sd")}
    return {**nothing, "published": "", "mark": "", **known}


def _cells(measured: pd.DataFrame, printed: Mapping[str, str], marks: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    cells = {name: _cell(published=text, mark=marks.get(name, "")) for name, text in printed.items()}
    for record in measured.to_dict("records"):
        cell = cells.setdefault(record["metric"], _cell())
        if record["scope"] == "pooled":
            known = {name: float(record.get(name, math.nan)) for name in ("value", "low", "high", *WILSON)}
            cell.update(known)
        elif record["scope"] == "fold":
            cell.update(fold=float(record["value"]), fold_sd=float(record["sd"]))
    return cells


def _counts(measured: pd.DataFrame) -> tuple[int | None, int | None]:
    pooled = measured[measured["scope"] == "pooled"]
    if pooled.empty:
        return None, None
    positive = pooled["n_positive"].max()
    return int(pooled["n"].max()), None if math.isnan(positive) else int(positive)


def _verdict(
    cell: Mapping[str, Any] | None,
    primary: str,
    patients: int | None,
    why: str,
    failed: str | None,
) -> tuple[str, str]:
    """Return verdict and note; ``patients`` are those that an accuracy counts, ``why`` it cannot be compared."""
    if failed is not None:
        return f"failed: {' '.join(failed.split())}", ""
    if cell is None or not cell["published"]:
        return NONE, ""
    if why:
        return f"not comparable: {why}", ""
    verdict = judge(cell["published"], cell["low"], cell["high"])
    if verdict.startswith("not comparable"):
        return verdict, ""
    return verdict, difference(primary, cell["value"], cell["published"], cell["low"], cell["high"], patients)


def _frame(rows: Sequence[Row], columns: Sequence[str], primary: str) -> pd.DataFrame:
    records = []
    for row in rows:
        record = {"method": row["method"], "label": row["label"]}
        record.update({name: row["values"][name]["value"] for name in columns})
        for name in columns:
            cell = row["values"][name]
            record.update({f"{name}_{part}": cell[part] for part in ("published", "low", "high")})
        record.update({name: row[name] for name in ("kind", "n", "n_positive", "seeds")})
        record.update({f"{primary}_best_test": row["best_test"], "optimism": row["optimism"]})
        record.update({name: row[name] for name in ("verdict", "note")})
        records.append(record)
    frame = pd.DataFrame(records)
    return frame.astype({"n": "Int64", "n_positive": "Int64"}) if len(frame) else frame


def _context(
    table: Mapping[str, Any],
    study: str,
    cohort: Mapping[str, Any],
    paper: Published,
    rows: Sequence[Row],
    columns: Sequence[str],
    primary: str,
    name: str,
) -> dict[str, Any]:
    shown = {mark for row in rows for cell in row["values"].values() if (mark := cell["mark"])}
    meanings = table.get("marks", {})
    marks = {mark: meanings.get(mark, "so marked in the paper") for mark in sorted(shown)}
    optimism = any(not math.isnan(row["optimism"]) for row in rows)
    absent = [method for method in paper.printed if method not in {row["method"] for row in rows}]
    for row in rows:
        row["slug"] = slug(row["verdict"])
        row["has_published"] = any(cell["published"] for cell in row["values"].values())
    kind = {"task": table.get("task", "classification"), "role": table.get("role", "test")}
    regions = of_regions(table.get("columns", {}))
    return {
        "id": f"{study}-{name}",
        "title": table["title"],
        "banner": banner(cohort),
        "counted": cohort["counted"],
        "notes": notes(cohort, primary, marks, absent, bool(paper.printed), optimism, regions=regions, **kind),
        "rows": rows,
        "columns": columns,
        "primary": primary,
        "optimism_shown": optimism,
        "wilson_shown": any(not math.isnan(cell["wilson_low"]) for row in rows for cell in row["values"].values()),
        "folds_shown": any(not math.isnan(cell["fold"]) for row in rows for cell in row["values"].values()),
    }
