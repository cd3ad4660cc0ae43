"""Classification tables: every row must follow from one integer confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from rerad.core.errors import ReradError
from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import decimals, units
from rerad.evaluation.auditing.tables import CLAIMS, Published, Table

METRICS = ("acc", "sen", "spe", "pre", "f1")
AUC = "auc"
OVERLAP = "dsc"  # a table with it is one of segmentation: its accuracy counts voxels


@dataclass(frozen=True)
class Fit:
    """The integer matrix nearest to a row, and per column by how many units of the last digit it misses the print."""

    tp: int
    tn: int
    missed: dict[str, float]
    exact: bool

    def worst(self) -> float:
        """Return the largest miss, in units of the last digit."""
        return max((abs(value) for value in self.missed.values()), default=0.0)

    def show(self) -> str:
        """Return the matrix in words."""
        return f"TP {self.tp}, TN {self.tn}"


@cache
def matrices(positives: int, negatives: int) -> tuple[np.ndarray, np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return TP and TN of all confusion matrices, and each metric's numerators and denominators, all (n,).

    Precision without a positive prediction is 0/1, as scikit-learn has it.
    """
    grid = np.mgrid[: positives + 1, : negatives + 1].reshape(2, -1).astype(np.int64)
    tp, tn = grid
    fp, fn = negatives - tn, positives - tp
    parts = {
        "acc": (tp + tn, np.full_like(tp, positives + negatives)),
        "sen": (tp, np.full_like(tp, positives)),
        "spe": (tn, np.full_like(tp, negatives)),
        "pre": (tp, np.maximum(tp + fp, 1)),
        "f1": (2 * tp, np.maximum(2 * tp + fp + fn, 1)),
    }
    return tp, tn, parts


def fit(row: dict[str, str], positives: int, negatives: int) -> Fit:
    """Return the matrix that fits the printed row best: fewest columns a unit off, then fewest off, then nearest.

    A column is met when the matrix' value rounds to the print, halves either way.
    """
    tp, tn, parts = matrices(positives, negatives)
    columns = [name for name in METRICS if row.get(name)]
    excess = np.zeros((len(columns), len(tp)))
    off = np.zeros((2, len(tp)), int)
    for index, name in enumerate(columns):
        numerator, denominator = parts[name]
        printed, scale = units(row[name])
        difference = numerator * scale - printed * denominator
        off[0] += np.abs(difference) >= denominator
        off[1] += 2 * np.abs(difference) > denominator
        excess[index] = difference / denominator
    best = int(np.lexsort((np.abs(excess).sum(axis=0), off[1], off[0]))[0])
    missed = {name: float(excess[i, best]) for i, name in enumerate(columns) if _off(row[name], parts[name], best)}
    return Fit(int(tp[best]), int(tn[best]), missed, not missed)


def _off(text: str, part: tuple[np.ndarray, np.ndarray], index: int) -> bool:
    printed, scale = units(text)
    numerator, denominator = int(part[0][index]), int(part[1][index])
    return 2 * abs(numerator * scale - printed * denominator) > denominator


def fraction(name: str, fitted: Fit, positives: int, negatives: int) -> tuple[int, int]:
    """Return numerator and denominator of a metric of the fitted matrix."""
    _, _, parts = matrices(positives, negatives)
    index = fitted.tp * (negatives + 1) + fitted.tn
    return int(parts[name][0][index]), int(parts[name][1][index])


def classification_tables(published: Published) -> Iterator[tuple[Table, int, int]]:
    """Yield each table of classification metrics with its study's numbers of positives and negatives."""
    for table in published.tables.values():
        counts = class_counts(published, table.study)
        if counts and {"acc", "sen", "spe"} <= set(table.columns) and OVERLAP not in table.columns:
            yield table, *counts


def class_counts(published: Published, study: str) -> tuple[int, int] | None:
    """Return the positives and negatives that a study claims, if it does.

    Raises:
        ReradError: it claims one of them: without a word no row of the study would be checked.
    """
    found = {}
    for claim in published.claims_of("class_count", study):
        found[claim.part("class")] = round(float(claim.quantity.get("share", "1")) * float(claim.printed))
    if not found:
        return None
    if set(found) != {"positive", "negative"}:
        told = f"the claims of {study} count the classes {listed(sorted(found))}"
        raise ReradError(told, where=CLAIMS, remedy="A class_count has class=positive, another class=negative")
    return found["positive"], found["negative"]


def check_matrices(published: Published) -> list[Finding]:
    """Find the rows of classification tables that no integer confusion matrix gives."""
    findings = []
    for table, positives, negatives in classification_tables(published):
        fits = {row: fit(cells, positives, negatives) for row, cells in table.cells.items()}
        for row, fitted in fits.items():
            if all(units(text)[0] > units(text)[1] for name in METRICS if (text := table.cells[row].get(name))):
                continue  # in per cent, as check_ranges says: no matrix is nearest to it
            for column in fitted.missed:
                findings.append(_miss(table, row, column, fitted, positives, negatives))
        findings.append(_summary(table, fits, positives, negatives))
    return findings


def _miss(table: Table, row: str, column: str, fitted: Fit, positives: int, negatives: int) -> Finding:
    top, bottom = fraction(column, fitted, positives, negatives)
    printed, amount = table.cells[row][column], fitted.missed[column]
    last = abs(amount) < 1
    text = f"{fitted.show()} gives {top}/{bottom} = {top / bottom:.4f}"
    if last:
        text += f", printed {printed}: {'cut off instead of rounded' if amount > 0 else 'a unit too high'}"
    else:
        text += f", not {printed}"
    if column in ("acc", "sen", "spe") and not _is_share(printed, bottom):
        text += f"; no k/{bottom} rounds to {printed}"
    return Finding(
        *(table.study, table.name, text),
        "last_digit" if last else "no_confusion_matrix",
        *(row, column, printed, f"{top / bottom:.{decimals(printed)}f}"),
        f"{positives} positive and {negatives} negative cases, pooled predictions; {fitted.show()} fits the row best",
        f"{abs(amount):.1f} units of the last digit",
    )


def _is_share(text: str, cases: int) -> bool:
    printed, scale = units(text)
    return any(2 * abs(k * scale - printed * cases) <= cases for k in range(cases + 1))


def _summary(table: Table, fits: dict[str, Fit], positives: int, negatives: int) -> Finding:
    exact = [f"{row} {one.tp}/{one.tn}" for row, one in fits.items() if one.exact]
    last = [row for row, one in fits.items() if not one.exact and one.worst() < 1]
    none = [row for row, one in fits.items() if one.worst() >= 1]
    return Finding(
        *(table.study, table.name),
        f"{len(exact)} of {len(fits)} rows follow from one integer confusion matrix (TP/TN): {listed(exact)}; "
        f"up to a last digit: {listed(last)}; not: {listed(none)}",
        "agrees_confusion_matrix",
        column=", ".join(name for name in METRICS if name in table.columns),
        assumption=f"{positives} positive and {negatives} negative cases, pooled predictions",
        margin=f"{len(none)} rows without a matrix",
    )
