"""Claims of order: best, better in all, rank, not the smallest."""

from __future__ import annotations

from rerad.core.errors import ReradError
from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import quotes
from rerad.evaluation.auditing.tables import CLAIMS, EVERY, Claim, Published, Table

# Distances: the only classification or segmentation values of which less is better.
LOWER_IS_BETTER = ("haus",)


def _columns(claim: Claim, table: Table) -> list[str]:
    asked = claim.parts("columns")
    # A misspelt column would leave nothing to compare, and the claim would hold.
    if strange := [name for name in asked if name not in (EVERY, *table.columns)]:
        raise _unknown(claim, f"the column {strange[0]!r}", f"{table.key} has {listed(table.columns)}")
    return [name for name in table.columns if asked == [EVERY] or name in asked]


def _check_rivals(claim: Claim, tables: list[Table]) -> None:
    known = [row for table in tables for row in table.cells]
    if strange := [row for row in claim.parts("rivals") if row not in (EVERY, *known)]:
        raise _unknown(claim, f"the rival {strange[0]!r}", f"The rows are {listed(list(dict.fromkeys(known)))}")


def _unknown(claim: Claim, what: str, remedy: str) -> ReradError:
    told = f"the claim {claim.quote!r} ({claim.study}, check {claim.check!r}) names {what}, which there is not"
    return ReradError(told, where=CLAIMS, remedy=remedy)


def _sign(column: str) -> int:
    return -1 if column.startswith(LOWER_IS_BETTER) else 1


def best(published: Published, claim: Claim) -> list[Finding]:
    """Find where a row that is said to be best is beaten or met: ``row``, ``tables``, ``columns``, ``rivals``."""
    findings, compared = [], 0
    own = published.table(claim.study, claim.quantity.get("own", claim.parts("tables")[0]))
    tables = [published.table(claim.study, name) for name in claim.parts("tables")]
    _check_rivals(claim, tables)
    for table in tables:
        rivals = [row for row in table.cells if row != claim.part("row")]
        if claim.parts("rivals") != [EVERY]:
            rivals = [row for row in rivals if row in claim.parts("rivals")]
        for column in _columns(claim, table):
            if not own.has(claim.part("row"), column):
                continue
            mine = own.cells[claim.part("row")][column]
            printing = [row for row in rivals if table.has(row, column)]
            beaten = [row for row in printing if _sign(column) * (table.number(row, column) - float(mine)) > 0]
            tied = [row for row in printing if table.number(row, column) == float(mine)]
            compared += len(printing)
            findings += _against(claim, table, column, mine, beaten, "claim_contradicted")
            findings += _against(claim, table, column, mine, tied, "claim_tied")
    return findings or [_holds(claim, f"{claim.part('row')} is best in all {compared} comparisons")]


def _against(claim: Claim, table: Table, column: str, mine: str, rows: list[str], kind: str) -> list[Finding]:
    if not rows:
        return []
    word = "equals" if kind == "claim_tied" else "is beaten by"
    shown = [f"{row} ({table.cells[row][column]})" for row in rows]
    extreme = max(rows, key=lambda row: _sign(column) * table.number(row, column))
    return [
        Finding(
            *(claim.study, table.name if table.study == claim.study else table.key),
            f"“{claim.quote}” ({claim.where}): {claim.part('row')} with {column} {mine} {word} {listed(shown)}",
            kind,
            *(claim.part("row"), column, mine, table.cells[extreme][column]),
            "the claim is meant for every value of the table",
            f"{abs(table.number(extreme, column) - float(mine)):.3g}",
        )
    ]


def pairs(published: Published, claim: Claim) -> list[Finding]:
    """Find where the first of two rows is not better: ``pairs`` as ``a>b, c>d``, ``tables``, ``columns``."""
    findings, compared = [], 0
    for table in (published.table(claim.study, name) for name in claim.parts("tables")):
        for pair in claim.parts("pairs"):
            first, _, second = (word.strip() for word in pair.partition(">"))
            for column in _columns(claim, table):
                if not (table.has(first, column) and table.has(second, column)):
                    continue
                compared += 1
                ahead = _sign(column) * (table.number(first, column) - table.number(second, column))
                if ahead > 0:
                    continue
                findings.append(_pair(claim, table, first, second, column))
    return findings or [_holds(claim, f"holds in all {compared} comparisons")]


def _pair(claim: Claim, table: Table, first: str, second: str, column: str) -> Finding:
    mine, other = table.cells[first][column], table.cells[second][column]
    tied = table.number(first, column) == table.number(second, column)
    return Finding(
        *(claim.study, table.name),
        f"“{claim.quote}” ({claim.where}): {first} has {column} {mine}, {second} {other}"
        + (": no better" if tied else ": worse"),
        "claim_tied" if tied else "claim_contradicted",
        *(first, column, mine, other),
        "the claim is meant for every value of the table",
        f"{abs(table.number(first, column) - table.number(second, column)):.3g}",
    )


def rank(published: Published, claim: Claim) -> list[Finding]:
    """Compare a claimed rank, and the number quoted with it, with a table: ``table``, ``row``, ``column``, ``rank``."""
    table = published.table(claim.study, claim.part("table"))
    row, column, claimed = claim.part("row"), claim.part("column"), int(claim.part("rank"))
    mine = table.number(row, column)
    others = [other for other in table.cells if other != row and table.has(other, column)]
    ahead = [other for other in others if _sign(column) * (table.number(other, column) - mine) > 0]
    tied = [other for other in others if table.number(other, column) == mine]
    place = 1 + len(ahead)
    text = f"{row} has rank {place} in {column}, claimed {claimed}"
    kind = "agrees_rank" if place == claimed else "claim_contradicted"
    if tied:
        text += f"; it shares it with {listed(tied)}"
        kind = "claim_tied" if place == claimed else kind
    if claim.printed and not quotes(claim.printed, table.text(row, column), percent=claim.unit == "%"):
        text += f"; quoted {claim.printed}, the table has {table.cells[row][column]}"
        kind = "claim_contradicted"
    return [
        Finding(
            *(claim.study, table.name, f"“{claim.quote}” ({claim.where}): {text}", kind),
            *(row, column, claim.printed or table.cells[row][column], f"rank {place}"),
            "rows of this table only",
            f"{len(tied)} rows share the value",
        )
    ]


def not_lowest(published: Published, claim: Claim) -> list[Finding]:
    """Find rows in which a column that is said not to be the smallest is: ``tables``, ``columns``, ``column``."""
    findings = []
    for table in (published.table(claim.study, name) for name in claim.parts("tables")):
        for row in table.cells:
            if not table.has(row, *claim.parts("columns")):
                continue
            values = {name: table.number(row, name) for name in claim.parts("columns")}
            column = claim.part("column")
            smallest = min(value for name, value in values.items() if name != column)
            if values[column] < smallest:
                others = ", ".join(f"{name} {table.cells[row][name]}" for name in values if name != column)
                findings.append(
                    Finding(
                        *(claim.study, table.name),
                        f"“{claim.quote}” ({claim.where}): in {row} it has ({others})",
                        "claim_contradicted",
                        *(row, column, table.cells[row][column], f"≥ {smallest:g}"),
                        "the claim is meant for every row",
                        f"{smallest - values[column]:.3g}",
                    )
                )
    return findings or [_holds(claim, "holds in every row")]


def no_worse(published: Published, claim: Claim) -> list[Finding]:
    """Count per table in which columns a row is better, equal and worse than another: ``row``, ``than``, ``tables``."""
    findings = []
    for table in (published.table(claim.study, name) for name in claim.parts("tables")):
        row, other = claim.part("row"), claim.part("than")
        columns = [c for c in _columns(claim, table) if table.has(row, c) and table.has(other, c)]
        ahead = {c: _sign(c) * (table.number(row, c) - table.number(other, c)) for c in columns}
        worse = [f"{c} {table.cells[row][c]} > {table.cells[other][c]}" for c in ahead if ahead[c] < 0 and _sign(c) < 0]
        worse += [
            f"{c} {table.cells[row][c]} < {table.cells[other][c]}" for c in ahead if ahead[c] < 0 and _sign(c) > 0
        ]
        better = [c for c in ahead if ahead[c] > 0]
        findings.append(
            Finding(
                *(claim.study, table.name),
                f"“{claim.quote}” ({claim.where}): {row} is worse than {other} in {len(worse)} of {len(ahead)} values "
                f"({listed(worse)}) and better in {len(better)} ({listed(better)})",
                "claim_contradicted" if len(worse) > len(better) else "agrees_claim",
                *(row, ", ".join(ahead), "", f"{len(better)} better, {len(worse)} worse"),
                "printed means compared; no interval is printed",
                f"{len(worse) - len(better)} more worse than better",
            )
        )
    return findings


def _holds(claim: Claim, text: str) -> Finding:
    return Finding(
        *(claim.study, claim.quantity.get("tables", "")),
        f"“{claim.quote}” ({claim.where}): {text}",
        "agrees_claim",
        row=claim.quantity.get("row", ""),
        column=claim.quantity.get("columns", ""),
        printed=claim.printed,
    )
