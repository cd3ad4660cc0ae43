"""How much the arithmetic of confusion matrices can find: the share of single-digit errors that leave no matrix."""

from __future__ import annotations

from collections.abc import Iterator

from rerad.evaluation.auditing.confusion import AUC, METRICS, classification_tables, fit
from rerad.evaluation.auditing.finding import Finding
from rerad.evaluation.auditing.tables import Published


def digit_errors(text: str) -> Iterator[str]:
    """Yield the text with each of its digits changed by one, up and down; 0 is not lowered and 9 not raised."""
    for index, digit in enumerate(text):
        if digit.isdigit():
            for changed in (int(digit) - 1, int(digit) + 1):
                if 0 <= changed <= 9:
                    yield f"{text[:index]}{changed}{text[index + 1 :]}"


def planted(row: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield column and row for each single-digit error in a row of a classification table."""
    for column in (*METRICS, AUC):
        for changed in digit_errors(row.get(column, "")):
            yield column, {**row, column: changed}


def check_power(published: Published) -> list[Finding]:
    """Say per table how many single-digit errors the enumeration of matrices would find in its consistent rows."""
    findings = []
    for table, positives, negatives in classification_tables(published):
        results = [
            (column, fit(row, positives, negatives).exact)
            for cells in table.cells.values()
            if fit(cells, positives, negatives).exact
            for column, row in planted(cells)
        ]
        if results:
            findings.append(_share(table.study, table.name, results))
    return findings


def _share(study: str, table: str, results: list[tuple[str, bool]]) -> Finding:
    five = [not exact for column, exact in results if column != AUC]
    caught = sum(not exact for _, exact in results)
    return Finding(
        *(study, table),
        f"of {len(five)} single-digit errors in {', '.join(METRICS)} the matrices would show {sum(five)} "
        f"({100 * sum(five) / len(five):.1f} %); with {AUC}, which no matrix fixes, {caught} of {len(results)} "
        f"({100 * caught / len(results):.1f} %)",
        "agrees_power",
        column=", ".join((*METRICS, AUC)),
        assumption="one digit of one value changed by one, in rows that fit as printed",
        margin=f"{len(five) - sum(five)} errors leave a matrix",
    )
