"""Rows against rows: one method with two values, two methods with one, areas of thresholded labels."""

from __future__ import annotations

from itertools import combinations

from rerad.evaluation.auditing.confusion import AUC, METRICS, classification_tables, fit, fraction
from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import rounded
from rerad.evaluation.auditing.tables import Claim, Published

Place = tuple[str, str, str]  # study, table, row


def _rows(published: Published) -> dict[Place, dict[str, str]]:
    return {
        (table.study, table.name, row): {name: cells[name] for name in (*METRICS, AUC) if cells.get(name)}
        for table, *_ in classification_tables(published)
        for row, cells in table.cells.items()
    }


def check_duplicates(published: Published) -> list[Finding]:
    """Find rows with different ids that agree in every value."""
    places: dict[tuple[str, str], list[tuple[Place, Place]]] = {}
    rows = _rows(published)
    for first, second in combinations(rows, 2):
        if first[2] != second[2] and rows[first] == rows[second]:
            names = sorted((first[2], second[2]))
            places.setdefault((names[0], names[1]), []).append((first, second))
    findings = []
    for (one, other), found in places.items():
        first, second = found[0]
        values = rows[first]
        where = sorted({f"{study} {table}" for pair in found for study, table, _ in pair})
        findings.append(
            Finding(
                *(first[0], first[1]),
                f"{one} and {other} agree in all {len(values)} values ({listed(where)})",
                "identical_rows",
                *(first[2], ", ".join(values), " / ".join(values.values()), f"{second[0]} {second[1]} {second[2]}"),
                "two methods would differ in at least one value",
                f"{len(values)} of {len(values)} values",
            )
        )
    return findings


def check_repeated(published: Published) -> list[Finding]:
    """Find methods that stand in several tables with different values, and say which of them fits a matrix."""
    rows, findings, agreeing = _rows(published), [], []
    for method in dict.fromkeys(row for *_, row in rows):
        places = [place for place in rows if place[2] == method]
        # A table may have fewer columns than the other, or a cell without a number.
        printing = {c: [place for place in places if c in rows[place]] for c in (*METRICS, AUC)}
        different = [c for c, found in printing.items() if len({rows[place][c] for place in found}) > 1]
        if len(places) > 1 and not different:
            agreeing.append(method)
        for column in different:
            findings.append(_repeated(published, method, column, printing[column], rows))
    if agreeing:
        findings.append(
            Finding(
                *("all", "all"),
                f"{len(agreeing)} methods stand in several tables with the same values: {listed(agreeing)}",
                "agrees_repeated_rows",
                margin="no digit",
            )
        )
    return findings


def _repeated(
    published: Published, method: str, column: str, places: list[Place], rows: dict[Place, dict[str, str]]
) -> Finding:
    counts = {table.key: (p, n) for table, p, n in classification_tables(published)}
    words, exact = [], []
    for study, table, row in places:
        fitted = fit(rows[study, table, row], *counts[f"{study}.{table}"])
        words.append(f"{rows[study, table, row][column]} ({study} {table})")
        exact += [f"{study} {table}"] if fitted.exact else []
    values = [float(rows[place][column]) for place in places]
    return Finding(
        *(places[0][0], places[0][1]),
        f"{method} has {column} {listed(words)}; exact integer matrix in: {listed(exact)}",
        "same_method_differs",
        *(method, column, rows[places[0]][column]),
        ", ".join(sorted({rows[place][column] for place in places} - {rows[places[0]][column]})),
        "one method on one cohort has one result",
        f"{max(values) - min(values):.3f}",
    )


def check_label_auc(published: Published) -> list[Finding]:
    """Find areas under the curve that equal the balanced accuracy: what thresholded labels give."""
    found: dict[tuple[str, str], list[tuple[Place, str]]] = {}
    for table, positives, negatives in classification_tables(published):
        for row, cells in table.cells.items():
            fitted = fit(cells, positives, negatives)
            shares = [fraction(name, fitted, positives, negatives) for name in ("sen", "spe")]
            balanced = sum(top / bottom for top, bottom in shares) / 2
            if cells.get(AUC) and rounded(cells[AUC]).overlaps(balanced):
                found.setdefault((row, cells[AUC]), []).append(((table.study, table.name, row), f"{balanced:.4f}"))
    return [
        Finding(
            *places[0][0][:2],
            f"the AUC equals the balanced accuracy {places[0][1]}, as an AUC of thresholded labels does "
            f"({listed([f'{study} {table}' for (study, table, _), _ in places])})",
            "auc_of_labels",
            *(row, AUC, printed, places[0][1]),
            "balanced accuracy of the integer matrix that fits the row best",
            f"{abs(float(printed) - float(places[0][1])):.4f}",
        )
        for (row, printed), places in found.items()
    ]


def same_method(published: Published, claim: Claim) -> list[Finding]:
    """Compare two rows that name one method, value by value."""
    (first, a), (second, b) = (_row(published, claim, key) for key in ("a", "b"))
    shared = [name for name in (*METRICS, AUC) if first.get(name) and second.get(name)]
    different = [name for name in shared if first[name] != second[name]]
    return [
        Finding(
            *(claim.study, claim.part("a").split(":")[0]),
            f"{a} and {b} name one method and agree in {len(shared) - len(different)} of {len(shared)} values; "
            f"their {column} is {first[column]} and {second[column]}",
            "same_method_differs",
            *(a, column, first[column], second[column]),
            f"{claim.where}: {claim.quote}",
            f"{abs(float(first[column]) - float(second[column])):.3f}",
        )
        for column in different
    ]


def _row(published: Published, claim: Claim, key: str) -> tuple[dict[str, str], str]:
    name, _, row = claim.part(key).partition(":")
    return published.table(claim.study, name).cells[row], row
