"""Tables of errors feature by feature, and their summary: published beside ours, methods side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_text
from rerad.evaluation.costs import first_said, trainings
from rerad.reporting import rendering
from rerad.reporting.captions import banner, filled, notes, slug
from rerad.reporting.errors import ERRORS, SIGNIFICANT, TASK, Measured, adjusted, features_of, named, read_errors, won
from rerad.reporting.published import Published, read_published
from rerad.reporting.verdict import NONE, judge, not_comparable

Cell = dict[str, Any]
Row = dict[str, Any]
IDS = {"features": ("roi", "feature"), "summary": ("metric",)}
# Units of the paper's tables: in parts of mm, mm² and mm³, in which features are measured.
SCALES = {"": 1.0, "mm": 1.0, "cm2": 1e-2, "cm3": 1e-3}
UNITS = {"mm": "mm", "cm2": "cm²", "cm3": "cm³"}
TRUTHS = ("min", "max", "mean")
SUMMARY = {
    "mae": "average MAE",
    "mape": "average MAPE, %",
    "n_features_lower_mae": "features with lower MAE",
    "n_features_lower_mape": "features with lower MAPE",
}
DIGITS = 3


class Given(NamedTuple):
    """What the rows of a table are made from."""

    entry: Mapping[str, Any]
    paper: Published
    measured: dict[str, Measured]
    features: list[str]
    p: dict[str, dict[str, float]]
    why: str

    @property
    def floors(self) -> list[Mapping[str, Any]]:
        """The columns of floors."""
        return [row for row in self.entry["rows"] if row["kind"] == "floor"]


def tabulate_features(
    *,
    table: Mapping[str, Any],
    study: str,
    cohort: Mapping[str, Any],
    published: Path | None,
    metrics: Mapping[str, Path],
    costs: Mapping[str, Path],
    comparisons: Path | None,
    csv: Path,
    md: Path,
    html: Path,
    tex: Path,
    deviations: Sequence[Mapping[str, str]] = (),
) -> None:
    """Write a table whose columns are methods (``table["rows"]``), as CSV, Markdown, HTML and LaTeX.

    ``shape`` features: a row a feature with its ``error`` (mae in the unit of the published table, mape) and, of mae,
    least, largest and mean measured value. ``shape`` summary: the means over features, and how many features have a
    lower error than ``against`` and than each floor, counted in what the other tables show. Ours carries ``mark`` where
    the paired Wilcoxon test against ``against`` has p < 0.05 after Bonferroni's correction over the features. The
    verdict goes by the column ``primary``. Else as ``rerad.reporting.tables.tabulate``.

    Raises:
        ReradError: broken published values, no column ``primary`` or ``against``, or one called as a measured value.
    """
    paper = read_published(published, IDS[table["shape"]]) if published else Published([], {}, {})
    trained = {row["method"]: row.get("trained", row["method"]) for row in table["rows"]}
    _check_ids(table, study)
    spent = {method: trainings(costs.get(name)) for method, name in trained.items()}
    failed = {method: first_said(rows, "failed") for method, rows in spent.items()}
    measured = {
        row["method"]: Measured({}, None)
        if failed[row["method"]]
        else read_errors(metrics[trained[row["method"]]], row)
        for row in table["rows"]
    }
    features = features_of(list(measured.values()))
    tested = [method for method in measured if method != table["against"]]
    p = {
        method: adjusted(comparisons, trained[method], trained[table["against"]], table["error"], features)
        for method in (tested if table["shape"] == "features" else [])
    }
    primary = table["primary"]
    why = f"failed: {' '.join(failed[primary].split())}" if failed[primary] else ""
    why = why or not_comparable(cohort, measured[primary].n, None)
    given = Given(table, paper, measured, features, p, why)
    rows = _features(given) if table["shape"] == "features" else _summary(given)
    for row in rows:
        row.update(kind=row.get("kind", "paper"), n=measured[primary].n, seeds=spent[primary]["seed"].nunique())
        row["verdict"] = _verdict(row["values"][primary], why)
        row["slug"] = slug(row["verdict"])
    write_csv(csv, _frame(rows, table["shape"]))
    context = _context(given, study, cohort, rows, primary, csv.stem)
    context["deviations"] = filled(deviations)
    for path, template in ((md, "features.md.j2"), (html, "features.html.j2"), (tex, "features.tex.j2")):
        write_text(path, rendering.render(template, context))


def _check_ids(table: Mapping[str, Any], study: str) -> None:
    known = [row["method"] for row in table["rows"]]
    for name in (table["primary"], table["against"]):
        if name not in known:
            told = f"{name!r} is no column of the table {table['title']!r}"
            raise ReradError(told, where=study, remedy=f"Choose one of {', '.join(known)}")
    for name in TRUTHS:
        if name in known:
            told = f"the column {name!r} of the table {table['title']!r} is that of the measured values"
            raise ReradError(told, where=study, remedy=f"Give the row another id and trained: {name}")


def _features(given: Given) -> list[Row]:
    """Return a row a feature: those of the paper, and what is measured beside them."""
    order = [name for name in given.paper.printed if name in given.features]
    order += [name for name in given.paper.printed if name not in order]
    return [_feature(given, name) for name in [*order, *(name for name in given.features if name not in order)]]


def _feature(given: Given, name: str) -> Row:
    error, unit = given.entry["error"], given.paper.units.get(name, "")
    scale = SCALES[unit] if error == "mae" else 1.0
    printed, marks = given.paper.printed.get(name, {}), given.paper.marks.get(name, {})
    digits = max((_decimals(text) for text in printed.values()), default=DIGITS)
    values = {}
    for method, measured in given.measured.items():
        p = given.p.get(method, {}).get(name, math.nan)
        own = next(iter(given.entry["marks"]), "") if p < SIGNIFICANT else ""
        numbers = [scale * value for value in measured.get(f"{error}_{name}")]
        values[method] = _cell(numbers, printed.get(method, ""), marks.get(method, ""), own, p, digits)
    if error == "mae":
        some = next((one for one in given.measured.values() if one.values), Measured({}, None))
        for which in TRUTHS:
            value = scale * some.get(f"truth_{which}_{name}")[0]
            values[which] = _cell([value, math.nan, math.nan], printed.get(which, ""), "", "", math.nan, digits)
    region, _, feature = name.partition("_")
    label = f"{named(name)}, {UNITS[unit]}" if unit else named(name)
    return {"id": name, "roi": region, "feature": feature, "unit": unit, "label": label, "values": values}


def _summary(given: Given) -> list[Row]:
    """Return the rows of the summary: means over features, then wins over ``against`` and over each floor."""
    rows: list[Row] = []
    for name, label in SUMMARY.items():
        lower = name.startswith("n_")
        against = given.entry["against"] if lower else ""
        rows.append(_line(given, name, f"{label} than {_label(given, against)}" if lower else label, against))
    for floor in given.floors:
        for error in ERRORS:
            label = f"features with lower {error.upper()} than {floor['label']}"
            name = f"n_features_lower_{error}_than_{floor['method']}"
            rows.append({**_line(given, name, label, floor["method"]), "kind": "floor"})
    return rows


def _line(given: Given, name: str, label: str, against: str) -> Row:
    printed = given.paper.printed.get(name, {})
    values = {}
    for method, measured in given.measured.items():
        text = printed.get(method, "")
        if not against:
            values[method] = _cell(measured.get(name), text, "", "", math.nan, 4 if name == "mae" else 2)
            continue
        error = "mape" if "mape" in name else "mae"
        known = measured.values and given.measured[against].values and method != against
        count = float(len(won(measured, given.measured[against], error, given.features))) if known else math.nan
        values[method] = _cell([count, math.nan, math.nan], text, "", "", math.nan, 0)
    return {"id": name, "metric": name, "label": label, "values": values}


def _label(given: Given, method: str) -> str:
    return next(str(row["label"]) for row in given.entry["rows"] if row["method"] == method)


def _cell(numbers: Sequence[float], published: str, mark: str, own: str, p: float, digits: int) -> Cell:
    value, low, high = numbers
    known = {"value": value, "low": low, "high": high, "published": published, "mark": mark}
    return {**known, "own_mark": own, "p": p, "digits": digits}


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _verdict(cell: Cell, why: str) -> str:
    if why.startswith("failed"):
        return why
    if not cell["published"]:
        return NONE
    if why:
        return f"not comparable: {why}"
    if math.isnan(cell["low"]) and not math.isnan(cell["value"]):
        return "as published" if cell["value"] == float(cell["published"]) else "not comparable: no interval"
    return judge(cell["published"], cell["low"], cell["high"])


def _frame(rows: Sequence[Row], shape: str) -> pd.DataFrame:
    ids = [*(("roi", "feature", "unit") if shape == "features" else ("metric",)), "label"]
    records = []
    for row in rows:
        record = {name: row[name] for name in ids}
        record.update({name: cell["value"] for name, cell in row["values"].items()})
        for name, cell in row["values"].items():
            record.update({f"{name}_{part}": cell[part] for part in ("published", "low", "high")})
            if shape == "features" and name not in TRUTHS:
                record.update({f"{name}_mark": cell["own_mark"], f"{name}_p": cell["p"]})
        record.update({name: row[name] for name in ("kind", "n", "seeds", "verdict")})
        records.append(record)
    return pd.DataFrame(records).astype({"n": "Int64"})


def _context(
    given: Given, study: str, cohort: Mapping[str, Any], rows: Sequence[Row], primary: str, name: str
) -> dict[str, Any]:
    entry = given.entry
    shown = {cell[key] for row in rows for cell in row["values"].values() for key in ("mark", "own_mark")} - {""}
    marks = {mark: entry.get("marks", {}).get(mark, "so marked in the paper") for mark in sorted(shown)}
    told = notes(cohort, _label(given, primary), marks, [], bool(given.paper.printed), task=TASK)
    told += [f"{row['label']}: {row['note']}." for row in entry["rows"] if row.get("note")]
    columns = [
        {"name": row["method"], "label": row["label"], "kind": row["kind"], "own": True} for row in entry["rows"]
    ]
    if entry["shape"] == "features" and entry["error"] == "mae":
        columns += [{"name": which, "label": f"measured {which}", "kind": "paper", "own": False} for which in TRUTHS]
    return {
        "id": f"{study}-{name}",
        "title": entry["title"],
        "banner": banner(cohort),
        "counted": cohort["counted"],
        "first": "Feature" if entry["shape"] == "features" else "Over all features",
        "columns": columns,
        "rows": rows,
        "primary": primary,
        "notes": [*told, *_floors_beaten(given, primary)] if entry["shape"] == "features" else told,
    }


def _floors_beaten(given: Given, primary: str) -> list[str]:
    """Return which features a floor predicts no better than the primary method does."""
    error, told = given.entry["error"], []
    for floor in given.floors:
        if not (given.measured[primary].values and given.measured[floor["method"]].values):
            continue
        beaten = won(given.measured[primary], given.measured[floor["method"]], error, given.features)
        names = f": {', '.join(map(named, beaten))}" if beaten else ""
        count = f"{len(beaten)} of {len(given.features)} features"
        told.append(f"{_label(given, primary)} has a lower {error.upper()} than {floor['label']} in {count}{names}.")
    return told
