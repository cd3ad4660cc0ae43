"""Tables of errors by feature: their means, wins and lowest values, as text and summary tables state them."""

from __future__ import annotations

from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import decimals, total
from rerad.evaluation.auditing.tables import Claim, Published, Table


def column_mean(published: Published, claim: Claim) -> list[Finding]:
    """Compare a row of means with the table it averages: ``over``, ``result`` = ``table:row``, maybe ``scale``.

    ``scale`` names the column that each row is divided by (the features' maxima).
    """
    table = published.table(claim.study, claim.part("over"))
    name, _, row = claim.part("result").partition(":")
    result, scale = published.table(claim.study, name), claim.quantity.get("scale")
    findings = []
    for column in (c for c in result.columns if result.cells[row][c]):
        values = [
            table.value(r, column) / table.value(r, scale) if scale else table.value(r, column) for r in table.cells
        ]
        mean, printed = total(values) / len(values), result.value(row, column)
        digits = decimals(result.cells[row][column])
        findings.append(
            Finding(
                *(claim.study, result.name),
                f"the mean over {len(values)} features of {table.name}{' / ' + scale if scale else ''} is "
                f"{mean.show(digits)}, printed {result.cells[row][column]}",
                "agrees_mean" if mean.overlaps(printed) else "mean_differs",
                *(row, column, result.cells[row][column], mean.show(digits)),
                "each printed value anywhere within its rounding",
                f"{mean.gap(printed):.3g}",
            )
        )
    return findings


def column_wins(published: Published, claim: Claim) -> list[Finding]:
    """Compare counts of features with a lower error than a reference: ``over``, ``against``, ``result``."""
    table = published.table(claim.study, claim.part("over"))
    name, _, row = claim.part("result").partition(":")
    result, reference = published.table(claim.study, name), claim.part("against")
    findings = []
    for column in (c for c in result.columns if result.cells[row][c]):
        lower = [r for r in table.cells if table.number(r, column) < table.number(r, reference)]
        tied = [r for r in table.cells if table.number(r, column) == table.number(r, reference)]
        printed = int(result.cells[row][column])
        kind, text = "wins_differ", "which they cannot be"
        if len(lower) == printed:
            kind, text = "agrees_wins", "as printed"
        elif len(lower) < printed <= len(lower) + len(tied):
            kind, text = "agrees_wins_with_tie", f"so {printed - len(lower)} of the ties is below the rounding"
        ties = f" and {len(tied)} printed ties ({listed(tied)})" if tied else ""
        findings.append(
            Finding(
                *(claim.study, result.name),
                f"{column} is below {reference} in {len(lower)} features{ties}; printed {printed}, {text}",
                kind,
                *(row, column, str(printed), str(len(lower))),
                f"rows of {table.name} as printed",
                f"{printed - len(lower)} features",
            )
        )
    return findings


def lowest(published: Published, claim: Claim) -> list[Finding]:
    """Compare the number of rows in which a column is lowest: ``over``, ``column``, ``columns`` (the rivals)."""
    table, column = published.table(claim.study, claim.part("over")), claim.part("column")
    rivals = [name for name in claim.parts("columns") if name != column]
    smallest = {row: min(table.number(row, name) for name in rivals) for row in table.cells}
    clear = [row for row in table.cells if table.number(row, column) < smallest[row]]
    tied = [row for row in table.cells if table.number(row, column) == smallest[row]]
    fits = len(clear) <= int(claim.printed) <= len(clear) + len(tied)
    return [_count(claim, table, column, len(clear), fits, f"{column} is lowest in {len(clear)} rows", tied)]


def above(published: Published, claim: Claim) -> list[Finding]:
    """Compare the number of rows above a limit: ``over``, ``column``, ``limit``."""
    table, column = published.table(claim.study, claim.part("over")), claim.part("column")
    rows = [row for row in table.cells if table.number(row, column) > float(claim.part("limit"))]
    text = f"{column} is above {claim.part('limit')} in {len(rows)} rows ({listed(rows)})"
    return [_count(claim, table, column, len(rows), len(rows) == int(claim.printed), text, [])]


def marked(published: Published, claim: Claim) -> list[Finding]:
    """Compare the number of marked cells: ``over``, ``mark``."""
    table = published.table(claim.study, claim.part("over"))
    cells = [f"{row} {c}" for row in table.cells for c, mark in table.marks[row].items() if mark == claim.part("mark")]
    text = f"{len(cells)} marked ({listed(cells)})"
    return [_count(claim, table, "", len(cells), len(cells) == int(claim.printed), text, [])]


def _count(claim: Claim, table: Table, column: str, count: int, fits: bool, text: str, tied: list[str]) -> Finding:
    ties = f", {len(tied)} ties" if tied else ""
    return Finding(
        *(claim.study, table.name, f"“{claim.quote}” ({claim.where}): {text}{ties}, claimed {claim.printed}"),
        "agrees_count" if fits else "count_differs",
        *("all", column, claim.printed, str(count)),
        "rows as printed",
        f"{abs(count - int(claim.printed))} rows",
    )
