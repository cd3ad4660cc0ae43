import numpy as np
import pytest

from rerad.core.errors import ReradError
from rerad.models.resampling import balanced_bootstraps, check_inner_folds, partitions, stratified_subsplits

TARGET = np.repeat([1, 0], [6, 20])


def test_balanced_bootstraps_draw_both_classes_alike():
    target = np.repeat([1, 0], [10, 40])
    drawn = balanced_bootstraps(target, samples=400, generator=np.random.default_rng(0))
    assert (drawn.sum(axis=1) == 50).all()
    # Without the adjustment the share would be 0.2. Drawing anew where too few positives stay outside costs a little.
    assert drawn[:, :10].sum() / drawn.sum() == pytest.approx(0.48, abs=0.03)
    for side in (drawn > 0, drawn == 0):
        assert side[:, :10].sum(axis=1).min() >= 2
        assert side[:, 10:].sum(axis=1).min() >= 2


def test_too_few_cases_are_an_error_not_an_endless_loop():
    with pytest.raises(ReradError, match="3 positive and 9 negative"):
        balanced_bootstraps(np.repeat([1, 0], [3, 9]), samples=2, generator=np.random.default_rng(0))


@pytest.mark.parametrize(("positives", "negatives", "number"), [(6, 20, 3), (20, 6, 3), (20, 20, 1), (15, 19, 1)])
def test_partitions_hold_the_minority_and_deal_out_the_majority(positives, negatives, number):
    target = np.repeat([1, 0], [positives, negatives])
    minority = np.flatnonzero(target == (positives <= negatives))
    parts = partitions(target, generator=np.random.default_rng(0))
    assert len(parts) == number
    shares = [np.setdiff1d(part, minority) for part in parts]
    assert all(np.isin(minority, part).all() for part in parts)
    assert sorted(np.concatenate(shares)) == sorted(np.setdiff1d(np.arange(len(target)), minority))
    assert np.ptp([len(share) for share in shares]) <= 1


def test_subsplits_are_stratified_and_disjoint():
    for train, test in stratified_subsplits(TARGET, splits=5, held_out=1 / 3, generator=np.random.default_rng(0)):
        assert TARGET[test].sum() == 2
        assert (TARGET[test] == 0).sum() == 7
        assert sorted([*train, *test]) == list(range(26))


def test_a_subsplit_without_a_class_is_refused():
    with pytest.raises(ReradError, match="1 positive and 20 negative"):
        stratified_subsplits(np.repeat([1, 0], [1, 20]), splits=1, held_out=0.3, generator=np.random.default_rng(0))


@pytest.mark.parametrize("target", [TARGET, 1 - TARGET])
def test_each_inner_fold_needs_a_case_of_the_rarer_class(target):
    check_inner_folds(target, 6)
    with pytest.raises(ReradError, match=r"search\.inner_folds: 6 training cases of one class are too few for 7"):
        check_inner_folds(target, 7)
