"""Claims of amount: a quoted number, a difference, an average, a false positive rate."""

from __future__ import annotations

from rerad.core.errors import ReradError
from rerad.evaluation.auditing.confusion import class_counts, classification_tables, fit
from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import SLACK, Interval, decimals, quotes, rounded, total
from rerad.evaluation.auditing.tables import CLAIMS, Claim, Published, Table


def cell(published: Published, claim: Claim) -> list[Finding]:
    """Compare a number quoted in the text with its cell: ``at``; ``unit`` % where the cell is a fraction.

    ``cells=percent`` where the cell is in per cent as well.
    """
    table, row, column = published.cell(claim.study, claim.part("at"))
    scale = _scale(claim)
    agrees = quotes(claim.printed, table.text(row, column), percent=scale == 100)
    return [
        Finding(
            *(claim.study, table.name),
            f"“{claim.quote}” ({claim.where}): the table has {table.cells[row][column]}",
            "agrees_quoted_number" if agrees else "quoted_number_differs",
            *(row, column, claim.printed + claim.unit, table.cells[row][column]),
            margin=f"{round(abs(float(claim.printed) - scale * table.number(row, column)), 6):g}",
        )
    ]


def _scale(claim: Claim) -> int:
    """Return what cells are multiplied by to be in the claim's unit."""
    return 100 if claim.unit == "%" and claim.quantity.get("cells") != "percent" else 1


def difference(published: Published, claim: Claim) -> list[Finding]:
    """Compare a quoted difference of two cells with both readings of per cent: ``a``, ``b``, ``relation``.

    ``relation`` is ``more`` (than printed) or ``equal``. In the cells' own unit if the claim has no %. Relative is to
    ``a``. ``higher`` (``a`` or ``b``) says which of them the text calls the larger; without it either may be.

    Raises:
        ReradError: another relation, or another word for the higher one.
    """
    _check_words(claim)
    (table, row, column), (other_table, other_row, other) = (
        published.cell(claim.study, claim.part(key)) for key in ("a", "b")
    )
    first, second = table.value(row, column), other_table.value(other_row, other)
    gap = first - second if first.low + first.high >= second.low + second.high else second - first
    percent = claim.unit == "%"
    readings = {"percentage points" if percent else "the difference": gap * _scale(claim)}
    if percent:
        # Nothing is relative to a printed zero.
        readings |= {} if first.low <= 0 <= first.high else {"relative": gap / first * 100}
    held = [name for name, value in readings.items() if _fits(value, claim)]
    shown = [f"{name} {value.show(decimals(claim.printed) + 1)}" for name, value in readings.items()]
    kind = "agrees_difference"
    if not held:
        kind = "difference_differs"
    elif percent and len(held) < len(readings):
        kind = "percent_points_or_relative"
    means = f"fits as {listed(held)}" if held else "fits no reading"
    if _reversed(claim, first, second):
        kind, means = "difference_reversed", f"{means}, but the other way round: {_order(claim, table, other_table)}"
    return [
        Finding(
            *(claim.study, table.name),
            f"“{claim.quote}” ({claim.where}): {listed(shown)}; {claim.printed}{claim.unit} {means}",
            kind,
            *(row, f"{column} − {other}" if column != other else column),
            *(f"{'> ' if claim.part('relation') == 'more' else ''}{claim.printed}{claim.unit}", listed(shown)),
            f"against {other_row} in {other_table.name}" if other_row != row else "",
            f"{round(min(abs((v.low + v.high) / 2 - float(claim.printed)) for v in readings.values()), 6):g}",
        )
    ]


def _check_words(claim: Claim) -> None:
    for key, words in (("relation", ("equal", "more")), ("higher", ("a", "b"))):
        if claim.quantity.get(key, words[0]) not in words:
            told = f"{key}={claim.part(key)} of the claim {claim.quote!r} ({claim.study})"
            raise ReradError(told, where=CLAIMS, remedy=f"Write {key}={' or '.join(words)}")


def _reversed(claim: Claim, first: Interval, second: Interval) -> bool:
    larger, smaller = (second, first) if claim.quantity.get("higher") == "b" else (first, second)
    return "higher" in claim.quantity and larger.high < smaller.low


def _order(claim: Claim, table: Table, other_table: Table) -> str:
    (_, row, column), (_, other_row, other) = (claim.part(key).split(":") for key in ("a", "b"))
    return f"{row} has {table.cells[row][column]}, {other_row} {other_table.cells[other_row][other]}"


def _fits(value: Interval, claim: Claim) -> bool:
    if claim.part("relation") == "more":
        return value.high > float(claim.printed) + SLACK
    return value.overlaps(rounded(claim.printed))


def average(published: Published, claim: Claim) -> list[Finding]:
    """Compare a quoted average with that of the cells: ``over`` = ``table:*:column``; ``else`` names other numbers.

    Ends of rounding intervals that merely touch do not count as agreement: all cells would have had to be
    rounded by the full half unit, in the same direction.
    """
    name, _, column = claim.part("over").split(":")
    table = published.table(claim.study, name)
    values = [table.value(row, column) for row in table.cells if table.cells[row][column]]
    mean = total(values) / len(values)
    printed = rounded(claim.printed)
    agrees = mean.low < printed.high - SLACK and printed.low < mean.high - SLACK
    digits = decimals(claim.printed)
    middle = (mean.low + mean.high) / 2
    text = f"the {len(values)} values average {middle:.{digits + 1}f} ({mean.show(digits + 1)})"
    parts = [one for one in published.claims_of("part", claim.study) if one.part("of") == claim.quantity.get("else")]
    if parts and not agrees:
        other = total([rounded(one.printed) for one in parts]) / len(parts)
        fits = "fits" if other.overlaps(printed) else "does not fit either"
        text += (
            f"; the average of {listed([one.printed for one in parts])} ({parts[0].where}), "
            f"{(other.low + other.high) / 2:.{digits + 1}f}, {fits}"
        )
    return [
        Finding(
            *(claim.study, table.name, f"“{claim.quote}” ({claim.where}): {text}"),
            "agrees_average" if agrees else "average_differs",
            *("all", column, claim.printed, f"{middle:.{digits}f}"),
            "unweighted mean of the printed values",
            f"{abs(middle - float(claim.printed)):.{digits + 1}f}",
        )
    ]


def false_positives(published: Published, claim: Claim) -> list[Finding]:
    """Compare a quoted false positive rate with the matrix and with the other rows: ``row``, ``table``."""
    counts = class_counts(published, claim.study)
    if counts is None:
        return []
    positives, negatives = counts
    table = published.table(claim.study, claim.part("table"))
    row = claim.part("row")
    count = negatives - fit(table.cells[row], *counts).tn
    rate, of_all = 100 * count / negatives, 100 * count / (positives + negatives)
    printed = rounded(claim.printed)
    text = (
        f"{row} has {count} false positives: {count}/{negatives} = {rate:.1f} %; {claim.printed} % is "
        f"{count}/{positives + negatives} = {of_all:.1f} %"
        if printed.overlaps(of_all) and not printed.overlaps(rate)
        else f"{row} has {count} false positives of {negatives}: {rate:.1f} %"
    )
    where = (claim.study, table.name, f"“{claim.quote}” ({claim.where}): {text}")
    findings = [
        Finding(
            *where,
            "agrees_false_positive_rate" if printed.overlaps(rate) else "rate_of_other_whole",
            *(row, "spe", f"{claim.printed} %", f"{rate:.1f} %"),
            f"{positives} positive and {negatives} negative cases",
            f"{abs(rate - float(claim.printed)):.1f} percentage points",
        )
    ]
    fewer = _fewer(published, claim.study, count)
    if fewer:
        findings.append(
            Finding(
                *(claim.study, table.name),
                f"“{claim.quote}” ({claim.where}): fewer false positives than {row}'s {count} have {listed(fewer)}",
                "claim_contradicted",
                *(row, "spe", table.cells[row]["spe"], listed(fewer)),
                "all classification tables of the study; matrix that fits each row best",
                f"{len(fewer)} rows",
            )
        )
    return findings


def _fewer(published: Published, study: str, count: int) -> list[str]:
    found: dict[str, str] = {}
    for table, positives, negatives in classification_tables(published):
        for row, cells in table.cells.items() if table.study == study else []:
            other = negatives - fit(cells, positives, negatives).tn
            if other < count:
                found.setdefault(row, f"{row} ({other}, {table.name})")
    return list(found.values())


def in_cases(published: Published, claim: Claim) -> list[Finding]:
    """Say how many cases lie behind a difference that the text calls large: ``a``, ``b``."""
    counts = class_counts(published, claim.study)
    if counts is None:
        return []
    (table, row, column), (other_table, other_row, other) = (
        published.cell(claim.study, claim.part(key)) for key in ("a", "b")
    )
    whole = {"sen": counts[0], "spe": counts[1], "acc": sum(counts)}[column]
    first, second = _cases(table, row, column, counts), _cases(other_table, other_row, other, counts)
    return [
        Finding(
            *(claim.study, table.name),
            f"“{claim.quote}” ({claim.where}): {first} against {second} of {whole} cases, a difference of "
            f"{first - second}",
            "difference_in_cases",
            *(row, column, f"{table.cells[row][column]} / {other_table.cells[other_row][other]}"),
            f"{first - second} of {whole}",
            "integer matrix that fits each row best",
            f"{abs(first - second)} of {whole} cases",
        )
    ]


def _cases(table: Table, row: str, column: str, counts: tuple[int, int]) -> int:
    fitted = fit(table.cells[row], *counts)
    return {"sen": fitted.tp, "spe": fitted.tn, "acc": fitted.tp + fitted.tn}[column]


def share(published: Published, claim: Claim) -> list[Finding]:
    """Say what a quoted per cent of a count is a share of: ``part`` (a cell), ``whole`` (a table: its rows)."""
    table, row, column = published.cell(claim.study, claim.part("part"))
    count, whole = round(table.number(row, column)), len(published.table(claim.study, claim.part("whole")).cells)
    rest = whole - count
    of_whole, more = 100 * count / whole, f"{100 * (count - rest) / rest:.0f} %" if rest else "no finite number"
    fits = rounded(claim.printed).overlaps(of_whole)
    return [
        Finding(
            *(claim.study, table.name),
            f"“{claim.quote}” ({claim.where}): {count} of {whole} are {of_whole:.0f} % of them; {count} against "
            f"{rest} would be {more} more",
            "share_called_increase" if fits else "share_differs",
            *(row, column, f"{claim.printed} %", f"{count} of {whole}"),
            "a share of the features, not an increase",
            f"{abs(of_whole - float(claim.printed)):.1f} percentage points",
        )
    ]
