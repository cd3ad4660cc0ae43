"""Gliomas: regions, training cases beside held-out ones, grades apart, and the list of every case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.evaluate import evaluate
from rerad.evaluation.itemise import COLUMNS, itemise
from rerad.metrics.masks import METRICS
from rerad.training.predictions import SEGMENTATION

CASES = ["A", "B", "C", "D", "E", "F"]  # tested in folds 1, 2, 3, 1, 2, 3
GRADES = ["HGG", "LGG", "HGG", "HGG", "LGG", None]
LOWER = {"WT": 0.0, "TC": 0.1, "ET": 0.2}


def predictions(seed: int = 0) -> pd.DataFrame:
    """Every case in three folds: Dice of WT is 0.5 + 0.05 · case where tested, 0.1 + 0.1 · fold where trained on."""
    rows = []
    for number, case in enumerate(CASES):
        for fold in (1, 2, 3):
            role = "test" if number % 3 + 1 == fold else "train"
            best = 0.5 + 0.05 * number if role == "test" else 0.1 + 0.1 * fold
            for region, lower in LOWER.items():
                dice = best - lower + 0.01 * seed
                values = dict.fromkeys(METRICS, dice) | {"hd95_mm": 10 * (1 - dice)}
                lead = {"case": case, "fold": fold, "seed": seed, "role": role, "selection": "last"}
                rows.append({**lead, "variant": "published", "region": region, **values})
    return pd.DataFrame(rows)[SEGMENTATION]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    pd.DataFrame({"case": CASES, "grade": GRADES}).to_csv(path, index=False)
    return path


@pytest.fixture
def measure(tmp_path: Path, cases: Path) -> Callable[..., pd.DataFrame]:
    def run(*tables: pd.DataFrame, cases: Path | None = cases) -> pd.DataFrame:
        files = [tmp_path / f"{number}.csv" for number in range(len(tables))]
        for file, table in zip(files, tables, strict=True):
            table.to_csv(file, index=False)
        metrics = tmp_path / "metrics.csv"
        evaluate({"segmentation": files}, metrics=metrics, bootstraps=200, seed=0, cases=cases)
        return pd.read_csv(metrics)

    return run


def value(table: pd.DataFrame, metric: str, scope: str = "pooled", role: str = "test", group: str = "all") -> pd.Series:
    chosen = table.query("metric == @metric and scope == @scope and role == @role and group == @group")
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_training_cases_count_with_the_mean_over_their_networks(measure: Callable) -> None:
    table = measure(predictions())
    # A and D are trained on in folds 2 and 3, B and E in 1 and 3, C and F in 1 and 2: 0.35, 0.3, 0.25.
    found = value(table, "dice_wt", role="train")
    assert (found["value"], found["n"]) == (pytest.approx(0.3), 6)
    assert value(table, "dice_et", role="train")["value"] == pytest.approx(0.1)
    # The folds themselves have 0.2, 0.3 and 0.4.
    folds = value(table, "dice_wt", "fold", "train")
    assert folds[["value", "sd", "n"]].tolist() == pytest.approx([0.3, 0.1, 3])
    # Held-out cases are what they were.
    assert value(table, "dice_wt")["value"] == pytest.approx(0.625)
    assert value(table, "hd95_mm_tc")["value"] == pytest.approx(10 * (1 - 0.525))


def test_grades_stand_apart_and_those_unknown_in_neither(measure: Callable) -> None:
    table = measure(predictions())
    high, low = (value(table, "dice_wt", group=grade) for grade in ("HGG", "LGG"))
    # HGG: A, C, D with 0.5, 0.6, 0.65; LGG: B, E with 0.55 and 0.7; F has no grade.
    assert (high["value"], high["n"]) == (pytest.approx(1.75 / 3), 3)
    assert (low["value"], low["n"]) == (pytest.approx(0.625), 2)
    assert 0.5 <= high["low"] < high["value"] < high["high"] <= 0.65
    assert value(table, "dice_wt", role="train", group="LGG")["value"] == pytest.approx(0.3)


def test_without_grades_there_is_one_group(measure: Callable, tmp_path: Path) -> None:
    other = tmp_path / "sts.csv"
    other.write_text("case,target\nA,1\n")
    alone = measure(predictions(), cases=None)
    assert set(alone["group"]) == {"all"}
    pd.testing.assert_frame_equal(measure(predictions(), cases=other), alone)
    # Grades add rows and change none.
    graded = measure(predictions()).query("group == 'all'")
    pd.testing.assert_frame_equal(graded.reset_index(drop=True), alone)


def test_a_training_case_twice_in_a_fold_is_refused(measure: Callable) -> None:
    table = predictions()
    twice = table.query("case == 'B' and fold == 3 and region == 'TC'")
    with pytest.raises(ReradError, match="case B, region TC stands twice in fold 3 with seed 0"):
        measure(pd.concat([table, twice]))


def listed(tmp_path: Path, cases: Path, methods: dict[str, list[pd.DataFrame]]) -> pd.DataFrame:
    files: dict[str, list[Path]] = {}
    for method, tables in methods.items():
        files[method] = [tmp_path / f"{method}{number}.csv" for number in range(len(tables))]
        for file, table in zip(files[method], tables, strict=True):
            table.to_csv(file, index=False)
    itemise(files, cases=cases, csv=tmp_path / "list.csv")
    return pd.read_csv(tmp_path / "list.csv")


def test_every_case_is_listed_with_its_mean_over_networks(tmp_path: Path, cases: Path) -> None:
    best = predictions().assign(selection="best_test", dice=0.99)
    table = listed(tmp_path, cases, {"net": [predictions(), predictions(seed=1), best], "other": [predictions()]})
    assert list(table) == COLUMNS
    assert len(table) == 2 * 2 * 3 * len(CASES)
    row = table.query("case == 'A' and region == 'TC' and method == 'net'").set_index("role")
    # Tested in one fold and trained on in two, by two seeds.
    assert row["networks"].to_dict() == {"test": 2, "train": 4}
    assert row["dice"].to_dict() == pytest.approx({"test": 0.405, "train": 0.255})
    assert row["grade"].tolist() == ["HGG", "HGG"]
    assert table.query("case == 'F'")["grade"].isna().all()
    assert table["dice"].max() < 0.99


def test_a_method_that_failed_is_left_out_of_the_list(tmp_path: Path, cases: Path) -> None:
    table = listed(tmp_path, cases, {"net": [predictions(), predictions()[:0]], "other": [predictions()]})
    assert set(table["method"]) == {"other"}
    assert listed(tmp_path, cases, {"net": [predictions()[:0]]}).empty


def test_the_same_list_whatever_the_order(tmp_path: Path, cases: Path) -> None:
    listed(tmp_path, cases, {"a": [predictions(), predictions(seed=1)], "b": [predictions()]})
    first = (tmp_path / "list.csv").read_bytes()
    shuffled = [table.sample(frac=1, random_state=3) for table in (predictions(seed=1), predictions())]
    listed(tmp_path, cases, {"b": [predictions().sample(frac=1, random_state=1)], "a": shuffled})
    assert (tmp_path / "list.csv").read_bytes() == first


def test_a_metric_without_a_value_stays_empty(tmp_path: Path, cases: Path, measure: Callable) -> None:
    table = predictions()
    table.loc[(table["case"] == "D") & (table["region"] == "ET"), "sensitivity"] = np.nan
    found = listed(tmp_path, cases, {"net": [table]})
    empty = found[found["sensitivity"].isna()]
    assert set(zip(empty["case"], empty["region"], empty["role"], strict=True)) == {
        ("D", "ET", "test"), ("D", "ET", "train"),
    }  # fmt: skip
    metrics = measure(table)
    assert value(metrics, "sensitivity_et", role="train")["n"] == 5
    assert value(metrics, "sensitivity_et", role="train")["value"] == pytest.approx((0.15 + 0.1 * 2 + 0.05 * 2) / 5)
