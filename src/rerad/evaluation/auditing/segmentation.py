"""Segmentation tables: Jaccard from Dice, and the prevalence that accuracy, sensitivity and specificity imply."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from rerad.evaluation.auditing.finding import Finding, listed
from rerad.evaluation.auditing.rounding import Interval
from rerad.evaluation.auditing.tables import Published, Table

NEEDED = ("dsc", "jac", "acc", "sen", "spe")
POOLED = "voxels of all cases pooled; every printed value anywhere within its rounding"
STEPS = 41  # points along each rounding interval; the extremes lie at its ends or inside


def check_segmentation(published: Published) -> list[Finding]:
    """Check each table that has Dice, Jaccard, accuracy, sensitivity and specificity."""
    findings = []
    for table in published.tables.values():
        if set(NEEDED) <= set(table.columns):
            findings += _jaccard(table) + [_dice(table, row) for row in table.cells] + _prevalences(table)
    return findings


def _jaccard(table: Table) -> list[Finding]:
    findings, holding = [], []
    for row in table.cells:
        dice = table.value(row, "dsc")
        implied = Interval(dice.low / (2 - dice.low), dice.high / (2 - dice.high))
        if implied.overlaps(table.value(row, "jac")):
            holding.append(row)
            continue
        findings.append(
            Finding(
                *(table.study, table.name, "Jaccard is not D/(2 − D)", "jaccard_differs"),
                *(row, "jac", table.cells[row]["jac"], implied.show(4)),
                "both from the same overlaps",
                f"{implied.gap(table.value(row, 'jac')):.4f}",
            )
        )
    if holding:
        findings.append(
            Finding(
                *(table.study, table.name),
                f"Jaccard = D/(2 − D) holds in {len(holding)} of {len(table.cells)} rows ({listed(holding)}); means "
                "over cases would in general miss it",
                "agrees_jaccard",
                column="dsc, jac",
                assumption="pooled voxels, or Jaccard computed from the mean Dice",
            )
        )
    return findings


def prevalence(accuracy: Interval, sensitivity: Interval, specificity: Interval) -> tuple[Interval, Interval]:
    """Return the prevalence, and the Dice that goes with it, over all values that round to the printed ones.

    Accuracy is prevalence · sensitivity + (1 − prevalence) · specificity; Dice is 2TP/(2TP + FP + FN).
    """
    axes = [np.linspace(one.low, one.high, STEPS) for one in (accuracy, sensitivity, specificity)]
    acc, sen, spe = np.meshgrid(*axes, indexing="ij")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (acc - spe) / (sen - spe)
        found, missed, false = share * sen, share * (1 - sen), (1 - share) * (1 - spe)
        dice = 2 * found / (2 * found + missed + false)
    valid = (share >= 0) & (share <= 1) & np.isfinite(dice)
    if not valid.any():
        return Interval(np.nan, np.nan), Interval(np.nan, np.nan)
    return (
        Interval(float(share[valid].min()), float(share[valid].max())),
        Interval(float(dice[valid].min()), float(dice[valid].max())),
    )


def _dice(table: Table, row: str) -> Finding:
    share, dice = prevalence(*(table.value(row, name) for name in ("acc", "sen", "spe")))
    if np.isnan(share.low):
        return _no_prevalence(table, row)
    printed = table.value(row, "dsc")
    agrees = printed.overlaps(dice)
    return Finding(
        *(table.study, table.name),
        f"accuracy, sensitivity and specificity imply a prevalence of {100 * share.low:.1f} to {100 * share.high:.1f} "
        f"% and with it a Dice of {dice.show(3)}, printed {table.cells[row]['dsc']}",
        "agrees_prevalence" if agrees else "dice_of_other_prevalence",
        *(row, "dsc", table.cells[row]["dsc"], dice.show(3), POOLED),
        f"misses by {printed.gap(dice):.3f}" if not agrees else "none",
    )


def _no_prevalence(table: Table, row: str) -> Finding:
    """Accuracy is a weighted mean of sensitivity and specificity: it cannot lie beyond both."""
    accuracy, *sides = (table.value(row, name) for name in ("acc", "sen", "spe"))
    between = Interval(min(side.low for side in sides), max(side.high for side in sides))
    shown = f"{table.cells[row]['sen']} and {table.cells[row]['spe']}"
    return Finding(
        *(table.study, table.name),
        f"the accuracy {table.cells[row]['acc']} does not lie between sensitivity and specificity, {shown}, whose "
        "weighted mean it is: no prevalence gives it",
        "accuracy_impossible",
        *(row, "acc", table.cells[row]["acc"], between.show(4), POOLED),
        f"{accuracy.gap(between):.4f}",
    )


def _prevalences(table: Table) -> list[Finding]:
    """Compare the prevalences of the rows: all methods were tested on the same voxels."""
    shares = {row: prevalence(*(table.value(row, n) for n in ("acc", "sen", "spe")))[0] for row in table.cells}
    return [
        Finding(
            *(table.study, table.name),
            f"{first} implies a prevalence of {_percent(shares[first])} %, {second} of {_percent(shares[second])} %: "
            "not the same voxels, or not pooled",
            "prevalence_differs",
            *(f"{first}, {second}", "acc, sen, spe", _percent(shares[first]), _percent(shares[second]), POOLED),
            f"{100 * shares[first].gap(shares[second]):.1f} percentage points",
        )
        for first, second in combinations(shares, 2)
        if not (np.isnan(shares[first].low) or np.isnan(shares[second].low))
        and not shares[first].overlaps(shares[second])
    ]


def _percent(share: Interval) -> str:
    return f"{100 * share.low:.1f} to {100 * share.high:.1f}"
