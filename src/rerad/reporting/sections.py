"""What the page says beside tables and figures: verdict counts, comparisons of methods, findings of the audit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.reporting.rendering import NOTHING, gap, meaning, number

VERDICTS = {
    "within": "within CI",
    "above": "above published",
    "below": "below published",
    "incomparable": "not comparable",
    "failed": "failed",
    "none": "without a published value",
}
FINDING = ("study", "table", "row", "column", "printed", "implied", "finding", "kind", "assumption", "margin")
# Groups of the audit's rows, in their order on the page: kinds that begin so, and what the count is called.
GROUPS = {"differs": "", "last_digit": "last_digit", "agrees": "agrees"}
GROUP_NAMES = {"differs": "differ", "last_digit": "differ in the last digit only", "agrees": "agree"}
# Heading, class and meaning of the columns of comparisons that need their words; others are shown by their name.
COMPARED: dict[str, tuple[str, str, str]] = {
    "method": ("Method", "label", ""),
    "against": ("Against", "", ""),
    "metric": ("Metric", "", ""),
    "difference": ("Difference", "right", "method − against, 95 % interval of a paired bootstrap of patients"),
    "test": ("Test", "", "the paired test that p belongs to"),
    "p": ("p", "right", "paired test over patients"),
    "p_holm": ("p, Holm", "right", "adjusted for all comparisons of the same family"),
    "t_test_p": ("p, t-test", "right", "the papers' test: unpaired t-test over folds"),
    "wilcoxon_p": ("p, Wilcoxon", "right", "paired signed-rank test"),
    "detectable": ("Detectable", "right", "smallest true difference that the paired test finds with power 80 %"),
    "n": ("n", "count", "patients that both predicted"),
    "note": ("Note", "", ""),
}
NOTES = (
    "Each patient counts once, with the score averaged over seeds; only patients that both methods predicted.",
    "The paired tests (McNemar, DeLong, Wilcoxon) fit two methods on the same patients; the unpaired t-test over folds "
    "is the papers' own and stands beside for that reason alone. Verdicts rest on none of them.",
)
OF_FEATURES = ("mae_", "mape_")
APART = "Errors of single features are compared in comparisons.csv of the study; the tables mark those that differ."


def tally(slugs: Sequence[str]) -> list[dict[str, Any]]:
    """Return how many rows have each verdict (id, name, count), in a fixed order and without those that none has."""
    counts = {slug: list(slugs).count(slug) for slug in VERDICTS}
    return [{"id": slug, "name": VERDICTS[slug], "count": count} for slug, count in counts.items() if count]


def read_findings(path: Path, anchors: Sequence[str]) -> dict[str, Any]:
    """Return the rows of the audit's findings.csv, what differs before what agrees, and how many there are of each.

    A row leads to its table where the page has one; ``anchors`` are those of the page (``<study>-<table>``).

    Raises:
        ReradError: a column is missing.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [name for name in FINDING if name not in frame.columns]
    if missing:
        raise ReradError(f"the column {missing[0]!r} is missing", where=str(path), remedy="Run the audit again")
    rows = []
    for record in frame.to_dict("records"):
        anchor = f"{record['study']}-{record['table']}"
        place = {"where": f"{record['study']} {record['table']}".strip(), "anchor": anchor if anchor in anchors else ""}
        rows.append({**record, **place, "group": _group(record["kind"])})
    order = list(GROUPS)
    rows.sort(key=lambda row: order.index(row["group"]))
    counts = {group: sum(row["group"] == group for row in rows) for group in order}
    groups = [{"id": group, "name": GROUP_NAMES[group], "count": count} for group, count in counts.items() if count]
    return {"rows": rows, "tally": groups}


def _group(kind: str) -> str:
    return next((group for group, start in GROUPS.items() if start and kind.startswith(start)), "differs")


def read_comparisons(path: Path | None, labels: Mapping[str, str]) -> dict[str, Any] | None:
    """Return columns, rows of cells (text, value to sort by, under) and notes of a study's comparisons.csv.

    ``labels`` leads from a method's id to its name. None without a file or without a row.
    """
    if path is None or not Path(path).is_file():
        return None
    frame = pd.read_csv(path)
    if frame.empty:
        return None
    of_features = frame["metric"].str.startswith(OF_FEATURES)
    frame = frame[~of_features]
    names = [name for name in COMPARED if name in frame.columns and not frame[name].isna().all()]
    columns = [dict(zip(("heading", "style", "title"), COMPARED[name], strict=True)) for name in names]
    rows = [[_cell(name, record, labels) for name in names] for record in frame.to_dict("records")]
    return {"columns": columns, "rows": rows, "notes": (*NOTES, APART) if of_features.any() else NOTES}


def _cell(name: str, record: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    value = record[name]
    if isinstance(value, str):
        text = labels.get(value, value) if name in ("method", "against") else value
        return {"text": meaning(text) if name == "metric" else text, "value": text, "under": _under(name, record)}
    if value is None or math.isnan(value):
        return {"text": "" if name == "note" else NOTHING, "value": "", "under": ""}
    under = _under(name, record)
    if name == "n":
        return {"text": f"{value:.0f}", "value": f"{value:.0f}", "under": under}
    if name == "p" or name.startswith("p_") or name.endswith("_p"):
        return {"text": probability(value), "value": repr(float(value)), "under": under}
    text = gap(value) if name == "difference" else number(value)
    return {"text": text, "value": repr(float(value)), "under": under}


def probability(value: float) -> str:
    """Return a p value with three digits, never as zero."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _under(name: str, record: Mapping[str, Any]) -> str:
    """Return the small print of a cell: interval, seeds averaged, patients, what a test went over."""

    def known(other: str) -> bool:
        value = record.get(other)
        return bool(value) if isinstance(value, str) else value is not None and not math.isnan(value)

    if name == "difference" and known("low") and known("high"):
        return f"[{gap(record['low'])}, {gap(record['high'])}]"
    if name == "method":
        chosen = (("selection", "last"), ("variant", "published"))
        return ", ".join(str(record[other]) for other, usual in chosen if known(other) and record[other] != usual)
    if name == "detectable" and known("detectable_patients"):
        return f"{record['detectable_patients']:.0f} patients"
    if name == "wilcoxon_p" and known("wilcoxon_over"):
        return f"over {record['wilcoxon_over']}"
    return ""
