"""Marks of significance that the printed numbers rule out under the paper's own test."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import t as student

from rerad.evaluation.auditing.confusion import METRICS, class_counts, fit
from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.folds import arrangements, smallest_squares
from rerad.evaluation.auditing.rounding import SLACK
from rerad.evaluation.auditing.tables import Claim, Published, Table

Matrix = tuple[int, int]


def check_marks(published: Published) -> list[Finding]:
    """Find the marked values that an unpaired t-test over the folds cannot call significant, whatever the folds were.

    For each marked value the smallest possible p is sought over all ways in which the correct cases can lie in the
    folds (see ``smallest_p``).
    """
    findings = []
    for claim in published.claims_of("t_test"):
        counts = class_counts(published, claim.study)
        for name in claim.parts("tables") if counts else []:
            findings += _table(published.table(claim.study, name), claim, counts or (0, 0))
    return findings


def _table(table: Table, claim: Claim, counts: tuple[int, int]) -> list[Finding]:
    reference, folds = claim.part("reference"), int(claim.part("folds"))
    matrices = {row: fit(cells, *counts) for row, cells in table.cells.items()}
    pairs = {row: (one.tp, one.tn) for row, one in matrices.items()}
    cells = [(row, column) for row in pairs for column in METRICS if table.marks[row].get(column) == claim.part("mark")]
    findings, possible = [], 0.0
    for row, column in cells:
        p = smallest_p(column, pairs[row], pairs[reference], counts, folds)
        if p is None or p < float(claim.printed):
            possible = max(possible, p or 0.0)
            continue
        findings.append(_impossible(table, row, column, p, claim, pairs, counts))
    findings.append(_summary(table, claim, cells, findings, possible))
    findings.append(_over_patients(table, claim, [row for row, column in cells if column == "acc"], pairs, counts))
    return findings


def smallest_p(column: str, first: Matrix, second: Matrix, counts: tuple[int, int], folds: int) -> float | None:
    """Return the smallest two-sided p of Student's unpaired t-test over folds that two matrices (TP, TN) allow.

    Accuracy needs folds of equal size only; the others assume stratified folds. None if it cannot be enumerated.
    """
    positives, negatives = counts
    if (positives + negatives) % folds:
        return None
    if column == "acc":
        size = (positives + negatives) // folds
        points = [[(sum(one) / folds / size, smallest_squares(sum(one), folds) / size**2)] for one in (first, second)]
    elif positives % folds or negatives % folds:
        return None
    else:
        fronts = [_front(column, one, counts, folds) for one in (first, second)]
        if None in fronts:
            return None
        points = [front for front in fronts if front is not None]
    return min(_p(a, b, folds) for a in points[0] for b in points[1])


def _p(first: tuple[float, float], second: tuple[float, float], folds: int) -> float:
    """Return p from mean and sum of squares of two samples of equal size."""
    difference = abs(first[0] - second[0])
    variance = (first[1] + second[1]) / (folds - 1) / folds
    if difference < SLACK:
        return 1.0
    return 0.0 if variance < SLACK**2 else float(2 * student.sf(difference / variance**0.5, 2 * folds - 2))


@cache
def _front(column: str, matrix: Matrix, counts: tuple[int, int], folds: int) -> list[tuple[float, float]] | None:
    """Return the (mean, squares) that no other arrangement beats in both, for high means and for low ones."""
    ways = arrangements(counts[0] // folds, counts[1] // folds, folds)
    if ways is None:
        return None
    chosen = (ways.tp == matrix[0]) & (ways.tn == matrix[1])
    mean, squares = ways.mean[column][chosen], np.maximum(ways.squares[column][chosen], 0)
    return [(float(mean[i]), float(squares[i])) for sign in (1, -1) for i in _frontier(sign * mean, squares)]


def _frontier(mean: np.ndarray, squares: np.ndarray) -> list[int]:
    kept, highest = [], -np.inf
    for index in np.lexsort((-mean, squares)):
        if mean[index] > highest + SLACK:
            kept.append(int(index))
            highest = mean[index]
    return kept


def _impossible(
    table: Table, row: str, column: str, p: float, claim: Claim, pairs: dict[str, Matrix], counts: tuple[int, int]
) -> Finding:
    reference, folds = claim.part("reference"), int(claim.part("folds"))
    same = table.cells[row][column] == table.cells[reference][column]
    size = sum(counts) // folds
    strata = "" if column == "acc" else f", {counts[0] // folds} positive and {counts[1] // folds} negative in each"
    return Finding(
        *(table.study, table.name),
        f"marked p < {claim.printed} against {reference}, but "
        + ("the two values are equal" if same else f"p is at least {p:.3f} however the cases lie in the folds"),
        "impossible_significance",
        *(row, column, table.cells[row][column] + claim.part("mark"), f"p ≥ {p:.3f}"),
        f"unpaired t-test over {folds} folds of {size}{strata}; TP/TN {pairs[row][0]}/{pairs[row][1]} against "
        f"{pairs[reference][0]}/{pairs[reference][1]}, the integer matrices that fit best",
        f"smallest possible p {p:.3f} against {claim.printed}",
    )


def _summary(
    table: Table, claim: Claim, cells: list[tuple[str, str]], findings: list[Finding], possible: float
) -> Finding:
    return Finding(
        *(table.study, table.name),
        f"{len(findings)} of {len(cells)} marked values cannot have p < {claim.printed} under the paper's own test; "
        "the others can, if the folds were as even as possible",
        "agrees_significance" if not findings else "impossible_significance_count",
        column=", ".join(METRICS),
        printed=claim.part("mark"),
        implied=str(len(cells) - len(findings)),
        assumption=f"unpaired t-test over {claim.part('folds')} folds; not decidable for auc",
        margin=f"largest of the smallest p that remain possible {possible:.3f}",
    )


def _over_patients(
    table: Table, claim: Claim, rows: list[str], pairs: dict[str, Matrix], counts: tuple[int, int]
) -> Finding:
    cases, reference = sum(counts), sum(pairs[claim.part("reference")])
    p = {row: _binary_p(sum(pairs[row]), reference, cases) for row in rows}
    failing = [row for row in rows if p[row] >= float(claim.printed)]
    return Finding(
        *(table.study, table.name),
        f"read over the {cases} patients instead of the folds, {len(failing)} of {len(rows)} marked accuracies would "
        f"have p ≥ {claim.printed}: " + listed([f"{row} ({p[row]:.2f})" for row in failing]),
        "significance_over_patients",
        column="acc",
        printed=claim.part("mark"),
        implied=f"{len(rows) - len(failing)} of {len(rows)}",
        assumption=f"unpaired t-test over {cases} right or wrong predictions a method",
        margin=f"largest p {max(p.values(), default=0):.2f} against {claim.printed}",
    )


def _binary_p(first: int, second: int, cases: int) -> float:
    """Return p of the unpaired t-test of two samples of zeros and ones."""
    squares = sum(k * (cases - k) / cases for k in (first, second))
    if first == second:
        return 1.0
    variance = squares / (cases - 1) / cases
    return 0.0 if variance == 0 else float(2 * student.sf(abs(first - second) / cases / variance**0.5, 2 * cases - 2))
