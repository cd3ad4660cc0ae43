"""Splits: everyone tested once, classes and modalities balanced, nobody on both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.core.splits import check_splits, make_splits


def cohort(positives: int, negatives: int, without_ct: int = 0) -> pd.DataFrame:
    cases = pd.DataFrame(
        {
            "case": [f"c{index:02d}" for index in range(positives + negatives)],
            "included": 1,
            "target": [1] * positives + [0] * negatives,
            "has_ct": 1,
        }
    )
    cases.loc[np.random.default_rng(0).permutation(len(cases))[:without_ct], "has_ct"] = 0
    return cases


@pytest.mark.parametrize("seed", range(5))
def test_the_papers_six_folds_of_eight(seed: int) -> None:
    splits = make_splits(cohort(24, 24), folds=6, seed=seed)
    test = splits[splits["role"] == "test"].merge(cohort(24, 24))
    assert (test.groupby("fold").size() == 8).all()
    assert (test.groupby("fold")["target"].sum() == 4).all()
    assert sorted(test["case"]) == sorted(cohort(24, 24)["case"])
    assert (splits.groupby("fold").size() == 48).all()


def test_cases_without_ct_are_spread_over_the_folds() -> None:
    cases = cohort(24, 24, without_ct=14)
    test = make_splits(cases, folds=6, seed=1).query("role == 'test'").merge(cases)
    assert (test.groupby("fold").size() == 8).all()
    assert (test.groupby("fold")["target"].sum() == 4).all()
    with_ct = test[test["has_ct"] == 1]
    assert with_ct.groupby("fold").size().between(5, 7).all()
    assert with_ct.groupby("fold")["target"].nunique().eq(2).all()


def test_excluded_cases_are_in_no_fold() -> None:
    cases = cohort(6, 6)
    cases.loc[0, ["included", "target"]] = [0, np.nan]
    assert "c00" not in set(make_splits(cases, folds=3, seed=0)["case"])


def test_the_seed_decides_and_the_order_of_the_rows_does_not() -> None:
    cases = cohort(10, 12)
    first = make_splits(cases, folds=4, seed=3)
    assert first.equals(make_splits(cases.sample(frac=1, random_state=0), folds=4, seed=3))
    assert not first.equals(make_splits(cases, folds=4, seed=4))


def test_too_few_cases_of_a_class() -> None:
    with pytest.raises(ReradError, match="2 positive and 9 negative cases are too few for 3 folds"):
        make_splits(cohort(2, 9), folds=3, seed=0)


def test_a_case_on_both_sides_is_refused() -> None:
    splits = make_splits(cohort(4, 4), folds=2, seed=0)
    leaked = pd.concat([splits, splits[splits["role"] == "test"].assign(role="train")])
    with pytest.raises(ReradError, match=r"case c\d\d stands twice in fold"):
        check_splits(leaked)


def test_a_case_that_is_never_tested_is_refused() -> None:
    splits = make_splits(cohort(4, 4), folds=2, seed=0)
    with pytest.raises(ReradError, match="case c00 is tested 0 times"):
        check_splits(splits.assign(role=np.where(splits["case"] == "c00", "train", splits["role"])))


def gliomas(high: int, low: int, unknown: int = 0) -> pd.DataFrame:
    grades = ["HGG"] * high + ["LGG"] * low + [np.nan] * unknown
    return pd.DataFrame({"case": [f"g{index:03d}" for index in range(len(grades))], "included": 1, "grade": grades})


def test_a_cohort_without_targets_is_stratified_by_grade() -> None:
    # BraTS 2019: 259 and 76.
    splits = make_splits(gliomas(259, 76), folds=5, seed=0)
    test = splits[splits["role"] == "test"].merge(gliomas(259, 76))
    assert (test.groupby("fold").size() == 67).all()
    assert test[test["grade"] == "LGG"].groupby("fold").size().between(15, 16).all()
    assert (splits.groupby("fold").size() == 335).all()


@pytest.mark.parametrize("cases", [gliomas(0, 0, 11), gliomas(4, 1, 6)])
def test_grades_may_be_unknown(cases: pd.DataFrame) -> None:
    test = make_splits(cases, folds=5, seed=0).query("role == 'test'")
    assert sorted(test["case"]) == sorted(cases["case"])
    assert test.groupby("fold").size().between(2, 3).all()


def test_the_cases_of_a_patient_stay_together() -> None:
    cases = gliomas(0, 0, 40).assign(patient=[f"p{index % 17}" for index in range(40)])
    splits = make_splits(cases, folds=5, seed=0).merge(cases)
    assert (splits.groupby(["fold", "patient"])["role"].nunique() == 1).all()
    assert sorted(splits.query("role == 'test'")["case"]) == sorted(cases["case"])


def test_fewer_patients_than_folds() -> None:
    cases = gliomas(6, 0).assign(patient=["a", "a", "b", "b", "c", "c"])
    with pytest.raises(ReradError, match="3 patients are too few for 4 folds"):
        make_splits(cases, folds=4, seed=0)
