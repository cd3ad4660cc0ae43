"""The audit: what published tables and claims say about themselves, without any data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_text
from rerad.core.printed import PRINTED
from rerad.evaluation.auditing import (
    amounts,
    confusion,
    errors_by_feature,
    orders,
    planted,
    pooling,
    ranges,
    rows,
    segmentation,
    shapes,
    significance,
    texts,
)
from rerad.evaluation.auditing.finding import AGREES, COLUMNS, Finding, as_table
from rerad.evaluation.auditing.tables import CLAIMS, Claim, Published, read

# Of all tables, or of all claims of one kind.
CHECKS: tuple[Callable[[Published], list[Finding]], ...] = (
    ranges.check_ranges,
    confusion.check_matrices,
    planted.check_power,
    pooling.check_pooling,
    rows.check_duplicates,
    rows.check_repeated,
    rows.check_label_auc,
    significance.check_marks,
    segmentation.check_segmentation,
    shapes.check_formulas,
    texts.check_one_quantity,
    texts.check_early_stop,
    texts.check_basis,
)
# Of one claim: the column `check` of claims.csv.
OF_CLAIM: dict[str, Callable[[Published, Claim], list[Finding]]] = {
    "above": errors_by_feature.above,
    "average": amounts.average,
    "best": orders.best,
    "bounded": shapes.bounded,
    "cell": amounts.cell,
    "column_mean": errors_by_feature.column_mean,
    "column_wins": errors_by_feature.column_wins,
    "difference": amounts.difference,
    "false_positives": amounts.false_positives,
    "in_cases": amounts.in_cases,
    "lowest": errors_by_feature.lowest,
    "marked": errors_by_feature.marked,
    "no_worse": orders.no_worse,
    "not_lowest": orders.not_lowest,
    "pairs": orders.pairs,
    "rank": orders.rank,
    "same_method": rows.same_method,
    "share": amounts.share,
    "unit": shapes.unit,
}
# Read by the checks of all tables above.
READ_ELSEWHERE = {"basis", "class_count", "early_stop", "formula", "mean_over_folds", "one_quantity", "part", "t_test"}


def audit(published_folder: str | Path) -> pd.DataFrame:
    """Return every finding about the tables and claims of a folder, contradictions first.

    ``published_folder`` holds ``<study>_<table>.csv`` and ``claims.csv`` as in ``config/published``. Columns: study,
    table, row, column, printed, implied, finding, kind, assumption, margin, all text. A kind that begins with
    ``agrees`` is a check that the print passes.

    >>> audit("config/published").query("kind == 'no_confusion_matrix'").row.unique()  # doctest: +SKIP

    Raises:
        ReradError: the folder has no tables, a table or claim is malformed, or a claim names a check or cell that
            does not exist.
    """
    published = read(Path(published_folder))
    findings = [one for check in CHECKS for one in _run(partial(check, published), check.__name__)]
    for claim in published.claims:
        findings += _of_claim(published, claim)
    return as_table(findings)


def _of_claim(published: Published, claim: Claim) -> list[Finding]:
    if claim.check in READ_ELSEWHERE:
        return []
    if claim.check not in OF_CLAIM:
        raise ReradError(
            f"the check {claim.check!r} of {claim.quote!r} does not exist",
            where=CLAIMS,
            remedy=f"Checks are {', '.join(sorted({*OF_CLAIM, *READ_ELSEWHERE}))}",
        )
    return _run(partial(OF_CLAIM[claim.check], published, claim), f"{claim.check} of {claim.study}, {claim.quote!r}")


def _run(check: Callable[[], list[Finding]], name: str) -> list[Finding]:
    try:
        return check()
    except ReradError as error:
        if error.where != PRINTED:
            raise
        raise ReradError(error.what, where=f"{CLAIMS}: the check {name}", remedy=error.remedy) from error
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise ReradError(
            f"the check {name} cannot be made: {error}",
            where=CLAIMS,
            remedy="Correct what its claims name: rows, columns and numbers as in the tables",
        ) from error


def write_findings(published: Path, *, csv: Path, md: Path) -> None:
    """Write the findings as a table and as a page: contradictions by study, then the checks that were passed.

    Raises:
        ReradError: as ``audit``, or a place that cannot be written.
    """
    found = audit(published)
    write_csv(csv, found)
    write_text(md, _page(found))


def _page(found: pd.DataFrame) -> str:
    agrees = found["kind"].str.startswith(AGREES)
    lines = ["# Audit of the published tables", ""]
    lines.append(f"{(~agrees).sum()} findings, {agrees.sum()} checks passed. No data were needed.")
    for title, part in (("Findings", found[~agrees]), ("Checks passed", found[agrees])):
        lines += ["", f"## {title}"]
        for study, rows_of in part.groupby("study", sort=True):
            lines += ["", f"### {study}", "", f"| {' | '.join(COLUMNS[1:])} |", "|" + "---|" * (len(COLUMNS) - 1)]
            for record in rows_of[COLUMNS[1:]].to_dict("records"):
                lines.append(f"| {' | '.join(_cell(record[name]) for name in COLUMNS[1:])} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    # `*` is a mark in the papers and emphasis in Markdown.
    return text.replace("|", r"\|").replace("*", r"\*")
