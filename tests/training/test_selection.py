"""The best epoch on the test side: higher accuracy, then lower loss, then earlier."""

from __future__ import annotations

import math

import pytest

from rerad.training.selection import Best, accuracy

TARGET = [0, 1, 1, 0]
RIGHT3, OTHER3, RIGHT2 = [0.1, 0.9, 0.9, 0.9], [0.1, 0.9, 0.1, 0.1], [0.9, 0.9, 0.9, 0.9]


@pytest.mark.parametrize(("epochs", "best"), [
    ([(RIGHT2, 0.1), (RIGHT3, 0.9)], 2),  # accuracy before loss
    ([(RIGHT3, 0.5), (OTHER3, 0.4)], 2),  # then the loss
    ([(RIGHT3, 0.5), (OTHER3, 0.5)], 1),  # then the earliest
    ([(RIGHT3, 0.5), (OTHER3, 0.6)], 1),
    ([(RIGHT2, math.nan), (RIGHT2, 2.0)], 2),  # no number, no candidate
    ([([math.nan] * 4, 0.1), (RIGHT2, 2.0)], 2),
    ([([math.nan] * 4, 0.1)], 0),
    ([([], 0.1)], 0),
])  # fmt: skip
def test_the_rule(epochs: list, best: int) -> None:
    found = Best()
    for epoch, (scores, loss) in enumerate(epochs, 1):
        found.see_scores(epoch, scores, TARGET if scores else [], loss)
    assert found.classified == best
    assert found.scores == (epochs[best - 1][0] if best else [])


def test_masks_go_by_their_mean_dice() -> None:
    found = Best()
    for epoch, dice in ((10, [0.2, 0.4]), (20, [0.1, 0.6]), (30, [0.35, 0.35]), (40, [math.nan, 1.0])):
        found.see_masks(epoch, dice, [f"{epoch}a", f"{epoch}b"])
    assert (found.segmented, found.masks) == (20, ["20a", "20b"])


def test_a_saved_state_goes_on() -> None:
    found = Best()
    found.see_scores(3, RIGHT3, TARGET, 0.5)
    again = Best(**found.state())
    again.see_scores(4, OTHER3, TARGET, 0.5)
    assert again == found


def test_a_tie_at_one_half_is_positive() -> None:
    assert accuracy([0.5, 0.5], [1, 0]) == 0.5


@pytest.mark.parametrize(("errors", "best"), [
    ([0.5, 0.3, 0.4], 2), ([0.3, 0.3], 1), ([math.nan, 0.9], 2), ([math.nan], 0),
])  # fmt: skip
def test_of_numbers_the_epoch_with_the_lowest_error_counts_the_earliest_of_equals(errors: list, best: int) -> None:
    found = Best()
    for epoch, error in enumerate(errors, start=1):
        found.see_values(epoch, [[float(epoch)]], error)
    assert found.fitted == best
    assert found.values == ([[float(best)]] if best else [])
