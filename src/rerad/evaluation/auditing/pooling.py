"""Whether printed numbers are those of pooled predictions or means over folds."""

from __future__ import annotations

from statistics import median

import numpy as np

from rerad.evaluation.auditing.confusion import AUC, class_counts, classification_tables, fit
from rerad.evaluation.auditing.finding import Finding
from rerad.evaluation.auditing.folds import Arrangements, arrangements
from rerad.evaluation.auditing.rounding import SLACK, rounded, units
from rerad.evaluation.auditing.tables import Claim, Published, Table

JOINT = ("pre", "f1")


def check_pooling(published: Published) -> list[Finding]:
    """Compare printed precision, F1 and AUC with what means over folds would be, where a paper says they are means."""
    findings = []
    for claim in published.claims_of("mean_over_folds"):
        counts, folds = class_counts(published, claim.study), int(claim.part("folds"))
        tables = [table for table, *_ in classification_tables(published) if table.study == claim.study]
        if counts is None or any(count % folds for count in counts):
            continue
        sizes = (counts[0] // folds, counts[1] // folds)
        if (ways := arrangements(*sizes, folds)) is not None:
            findings += _precision(claim, tables, counts, ways)
        findings.append(_auc(claim, tables, counts, sizes, folds))
    return findings


def _precision(claim: Claim, tables: list[Table], counts: tuple[int, int], ways: Arrangements) -> list[Finding]:
    """Say in how many arrangements of the correct cases the mean over folds would print the same digits."""
    shares: dict[tuple[int, int], float] = {}
    rows = met = 0
    for table in tables:
        for cells in table.cells.values():
            fitted = fit(cells, *counts)
            rows += 1
            if any(name in fitted.missed for name in JOINT):
                continue
            met += 1
            shares[fitted.tp, fitted.tn] = _share(cells, (fitted.tp, fitted.tn), ways)
    if not shares:
        return []
    never = sum(share == 0 for share in shares.values())
    return [
        Finding(
            *(claim.study, ", ".join(table.name for table in tables)),
            f"precision and F1 of {met} of {rows} rows are those of the pooled predictions ({len(shares)} different "
            f"matrices); means over {ways.folds} folds would print the same digits in no way at all for {never} of the "
            f"matrices, and in at most {100 * max(shares.values()):.1f} % of the ways for the others",
            "pooled_not_mean",
            column=", ".join(JOINT),
            printed=claim.quote,
            implied="pooled predictions",
            assumption=f"{ways.folds} stratified folds; ways in which the right predictions can lie in them, each "
            "equally likely; precision 0 without a positive call",
            margin=f"median {100 * median(shares.values()):.2g} % of the ways",
        )
    ]


def _share(cells: dict[str, str], matrix: tuple[int, int], ways: Arrangements) -> float:
    chosen = (ways.tp == matrix[0]) & (ways.tn == matrix[1])
    weight = ways.weight[chosen]
    same = np.ones(len(weight), bool)
    for name in JOINT:
        if cells.get(name):
            printed = rounded(cells[name])
            mean = ways.mean[name][chosen]
            same &= (mean >= printed.low - SLACK) & (mean <= printed.high + SLACK)
    return float(weight[same].sum() / weight.sum())


def _auc(claim: Claim, tables: list[Table], counts: tuple[int, int], sizes: tuple[int, int], folds: int) -> Finding:
    """Count the printed AUC that six folds' areas can average to: with untied scores a fold's is k/(4·4)."""
    printed = sorted({cells[AUC] for table in tables for cells in table.cells.values() if cells.get(AUC)})
    grid = sizes[0] * sizes[1] * folds
    pooled = counts[0] * counts[1]
    fitting = [text for text in printed if _on_grid(text, grid)]
    pooled_fitting = [text for text in printed if _on_grid(text, pooled)]
    expected, pooled_expected = (_density(g) for g in (grid, pooled))
    return Finding(
        *(claim.study, ", ".join(table.name for table in tables)),
        f"{len(fitting)} of {len(printed)} different AUC are a mean of {folds} fold areas (k/{grid}), where chance "
        f"gives {100 * expected:.0f} %; {len(pooled_fitting)} are a pooled area (k/{pooled}), chance "
        f"{100 * pooled_expected:.0f} %; with tied scores {sum(_on_grid(text, 2 * grid) for text in printed)} are a "
        f"mean (k/{2 * grid}), chance {100 * _density(2 * grid):.0f} %",
        "auc_not_mean_over_folds" if len(fitting) < len(printed) else "agrees_auc_mean_over_folds",
        column=AUC,
        printed=claim.quote,
        implied=f"{len(printed) - len(fitting)} of {len(printed)} are no such mean",
        assumption=f"{folds} stratified folds of {sizes[0]} + {sizes[1]}, area by ranks, no tied scores unless said",
        margin=f"{len(printed) - len(fitting)} AUC off the grid",
    )


def _on_grid(text: str, grid: int) -> bool:
    printed, scale = units(text)
    nearest = round(printed * grid / scale)
    return 2 * abs(nearest * scale - printed * grid) <= grid


def _density(grid: int, scale: int = 1000) -> float:
    """Return the share of numbers from 0.5 to 1 with three decimals that some k/grid rounds to."""
    numbers = range(scale // 2, scale)
    return sum(_on_grid(f"{value / scale:.3f}", grid) for value in numbers) / len(numbers)
