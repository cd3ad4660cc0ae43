"""Prevalence and Dice from rounded accuracy, sensitivity and specificity."""

from __future__ import annotations

import math
import random

import pytest

from rerad.evaluation.auditing.rounding import Interval, rounded
from rerad.evaluation.auditing.segmentation import check_segmentation, prevalence
from rerad.evaluation.auditing.tables import Published, Table


def printed(tp: float, fp: float, fn: float, tn: float) -> dict[str, str]:
    dice = 2 * tp / (2 * tp + fp + fn)
    values = {
        "dsc": dice, "jac": tp / (tp + fp + fn), "acc": (tp + tn) / (tp + fp + fn + tn),
        "sen": tp / (tp + fn), "spe": tn / (tn + fp),
    }  # fmt: skip
    return {name: f"{value:.3f}" for name, value in values.items()}


def table(*rows: dict[str, str]) -> Published:
    cells = {f"m{index}": row for index, row in enumerate(rows)}
    one = Table("x", "table1", list(rows[0]), cells, {row: {} for row in cells})
    return Published({one.key: one})


def test_a_true_matrix_is_never_contradicted() -> None:
    draw = random.Random(1)
    for _ in range(60):
        share = draw.uniform(0.05, 0.6)
        sen, spe = draw.uniform(0.3, 0.99), draw.uniform(0.7, 0.97)
        cells = printed(share * sen, (1 - share) * (1 - spe), share * (1 - sen), (1 - share) * spe)
        if abs(float(cells["sen"]) - float(cells["spe"])) < 0.002:
            continue  # accuracy then says nothing of the prevalence
        found, dice = prevalence(*(rounded(cells[name]) for name in ("acc", "sen", "spe")))
        assert found.overlaps(Interval(share, share))
        assert dice.overlaps(rounded(cells["dsc"]))
        assert all(one.kind.startswith("agrees") for one in check_segmentation(table(cells)))


def test_the_published_rows_by_hand() -> None:
    """CFL: (0.960 − 0.941)/(0.991 − 0.941) = 0.38; ends (0.9595 − 0.9415)/(0.9915 − 0.9415) and so on."""
    share, dice = prevalence(rounded("0.960"), rounded("0.991"), rounded("0.941"))
    assert (share.low, share.high) == pytest.approx((0.36, 0.40))
    assert dice.low > 0.94
    assert dice.high < 0.96


def test_jaccard_and_prevalence_are_told() -> None:
    good = printed(0.1, 0.02, 0.03, 0.85)
    bad = {**good, "jac": "0.700"}
    other = printed(0.3, 0.02, 0.03, 0.65)
    kinds = [one.kind for one in check_segmentation(table(good, bad, other))]
    assert kinds.count("jaccard_differs") == 1
    assert kinds.count("prevalence_differs") == 2  # the third row against the first two
    assert kinds.count("agrees_prevalence") == 3


def test_an_accuracy_beyond_both_sides_is_named() -> None:
    good = printed(0.1, 0.02, 0.03, 0.85)
    found = [one for one in check_segmentation(table(good, {**good, "acc": "0.500"})) if one.kind[:6] != "agrees"]
    assert [(one.kind, one.row, one.column, one.printed) for one in found] == [
        ("accuracy_impossible", "m1", "acc", "0.500")
    ]
    assert not any("nan" in text for text in (found[0].finding, found[0].implied, found[0].margin))


def test_impossible_accuracy_has_no_prevalence() -> None:
    share, dice = prevalence(rounded("0.990"), rounded("0.500"), rounded("0.600"))
    assert math.isnan(share.low)
    assert math.isnan(dice.low)
