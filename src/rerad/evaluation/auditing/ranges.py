"""Values that cannot be, whatever stands beside them: rates above 1, distances below 0, a mean outside its range."""

from __future__ import annotations

from rerad.evaluation.auditing.finding import Finding
from rerad.evaluation.auditing.rounding import SLACK, Interval
from rerad.evaluation.auditing.tables import Published, Table

FRACTIONS = ("acc", "sen", "spe", "pre", "f1", "auc", "dsc", "jac")
OF_REGIONS = ("dice_", "sens_", "spec_")  # fractions too, one column a region
CORRELATION = "correlation"
NOT_NEGATIVE = ("haus",)
DEVIATION = "_sd"
SUMMARY = ("min", "max", "mean")


def check_ranges(published: Published) -> list[Finding]:
    """Find rates beyond 0 and 1, correlations beyond −1 and 1, negative distances, means outside their ranges."""
    findings = []
    for table in published.tables.values():
        for row in table.cells:
            findings += [found for column in table.columns for found in _beyond(table, row, column)]
            if table.has(row, *SUMMARY):
                findings += _summary(table, row)
    return findings


def allowed(column: str) -> Interval | None:
    """Return what a column may hold, None if that is not known."""
    if column in FRACTIONS or column.startswith(OF_REGIONS):
        return Interval(0.0, 1.0)
    if column == CORRELATION:
        return Interval(-1.0, 1.0)
    if column.startswith(NOT_NEGATIVE) or column.endswith(DEVIATION):
        return Interval(0.0, float("inf"))
    return None


def _beyond(table: Table, row: str, column: str) -> list[Finding]:
    limits = allowed(column)
    if limits is None or not table.has(row, column):
        return []
    value, printed = table.number(row, column), table.text(row, column)
    if limits.low - SLACK <= value <= limits.high + SLACK:
        return []
    text = f"{column} cannot be {printed}"
    if (limits.low, limits.high) == (0, 1):
        # Of a digit too many 1.683 is left, of per cent at least one whole number of them.
        text = f"{column} is a fraction, {printed} {'would be one in per cent' if 2 <= value <= 100 else 'is none'}"
    return [
        Finding(
            *(table.study, table.name, text, "impossible_value"),
            *(row, column, printed, f"{limits.low:g} to {limits.high:g}"),
            margin=f"{max(limits.low - value, value - limits.high):.3g}",
        )
    ]


def _summary(table: Table, row: str) -> list[Finding]:
    low, high, mean = (table.value(row, column) for column in SUMMARY)
    if low.low <= mean.high + SLACK and mean.low <= high.high + SLACK:
        return []
    shown = " to ".join(table.text(row, column) for column in SUMMARY[:2])
    text = f"the mean does not lie between minimum and maximum, {shown}"
    return [
        Finding(
            *(table.study, table.name, text, "impossible_value"),
            *(row, "mean", table.text(row, "mean"), shown),
            "each printed value anywhere within its rounding",
            f"{max(low.low - mean.high, mean.low - high.high):.3g}",
        )
    ]
