import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from rerad.core.errors import ReradError
from rerad.evaluation.compare import COLUMNS, compare
from rerad.evaluation.delong import delong_test
from rerad.evaluation.power import detectable_accuracy
from rerad.training.predictions import by_method

TARGET = np.tile([1, 1, 1, 1, 0, 0, 0, 0], 6)


def predictions(score, *, seed=0, selection="last", variant="published", target=TARGET, fold=None):
    """Six folds of 4 + 4 with the given out-of-fold scores, and a training row that must not count."""
    table = pd.DataFrame({"case": [f"c{n:02d}" for n in range(len(target))], "target": target, "score": score})
    table = table.assign(fold=np.repeat(range(1, 7), 8) if fold is None else fold, seed=seed, role="test")
    train = table.assign(role="train", score=0.5, fold=table["fold"] % 6 + 1)
    return pd.concat([table, train]).assign(selection=selection, variant=variant)


def scores_with_errors(*wrong):
    """Scores that are right about every case but those, with no two alike."""
    right = TARGET == 1
    right[list(wrong)] = ~right[list(wrong)]
    return np.where(right, 0.7, 0.3) + np.linspace(0, 0.1, 48)


METHODS = {
    "new": predictions(scores_with_errors(0, 4, 8, 12)),
    "old": predictions(scores_with_errors(0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40)),
    "volume": predictions(np.where(np.arange(48) % 2 == 0, 0.8, 0.2)),
    "majority": predictions(np.full(48, 0.5)),
}


def measure(tmp_path, methods=METHODS, *, reference="new", rows=None, floors=("volume", "majority"), **given):
    paths = {}
    for name, tables in methods.items():
        tables = tables if isinstance(tables, list) else [tables]
        paths[name] = [tmp_path / f"{name}{number}.csv" for number in range(len(tables))]
        for path, table in zip(paths[name], tables, strict=True):
            table.to_csv(path, index=False)
    compare(
        paths,
        reference=reference,
        rows=list(methods) if rows is None else rows,
        comparisons=tmp_path / "comparisons.csv",
        floors=floors,
        **{"seed": 0, "bootstraps": 300, **given},
    )
    return pd.read_csv(tmp_path / "comparisons.csv")


def line(table, method, against, metric, selection="last"):
    chosen = table.query("method == @method and against == @against and metric == @metric and selection == @selection")
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_every_row_meets_the_reference_and_every_floor(tmp_path):
    table = measure(tmp_path)
    assert list(table) == COLUMNS
    pairs = table[table["metric"] == "acc"]
    assert list(zip(pairs["role"], pairs["method"], pairs["against"], strict=True)) == [
        ("reference", "old", "new"),
        ("reference", "volume", "new"),
        ("reference", "majority", "new"),
        ("floor", "new", "volume"),
        ("floor", "old", "volume"),
        ("floor", "new", "majority"),
        ("floor", "old", "majority"),
    ]
    assert (table["n"] == 48).all()
    assert (table["n_positive"] == 24).all()


def test_accuracy_by_hand(tmp_path):
    found = line(measure(tmp_path), "old", "new", "acc")
    # 44 and 37 of 48 are right, seven cases only with the new one.
    assert found[["value", "against_value", "difference"]].tolist() == pytest.approx([37 / 48, 44 / 48, -7 / 48])
    assert (found["test"], found["p"]) == ("McNemar, exact", pytest.approx(2 / 128))
    assert found["detectable"] == pytest.approx(detectable_accuracy(48, 7))
    assert found["detectable_patients"] == math.ceil(detectable_accuracy(48, 7) * 48)
    assert found["low"] < -7 / 48 < found["high"] < 0


def test_auc_by_delong(tmp_path):
    found = line(measure(tmp_path), "old", "new", "auc")
    old, new = (METHODS[name].query("role == 'test'")["score"].to_numpy() for name in ("old", "new"))
    expected = delong_test(TARGET, old, new)
    assert found[["difference", "p"]].tolist() == pytest.approx([expected.value, expected.p])
    assert found["detectable"] == pytest.approx(2.801585 * expected.error, rel=1e-6)
    assert found["low"] < expected.value < found["high"]


def test_tests_over_folds_by_hand(tmp_path):
    found = line(measure(tmp_path), "old", "new", "acc")
    # Wrong of eight per fold: old 2, 2, 2, 2, 2, 1 and new 2, 2, 0, 0, 0, 0 (cases 0, 4 | 8, 12 | 16, 20 | …), with means
    # 11/6 and 4/6, variances 1/6 and 16/15: t = 7/6 / sqrt((1/6 + 16/15)/2 · 2/6), ten degrees of freedom.
    assert found["t_test_p"] == pytest.approx(2 * student.sf(7 / 6 / math.sqrt((1 / 6 + 16 / 15) / 6), 10))
    assert found["t_test_p"] == pytest.approx(0.02774, abs=5e-6)
    # Four folds differ, all one way: three by 2 and one by 1 of eight; z = (10 - 5 - 0.5)/sqrt(7.5 - 24/48).
    assert found["wilcoxon_p"] == pytest.approx(0.0890, abs=1e-4)
    assert (found["folds"], found["wilcoxon_over"]) == (6, "folds")


def test_holm_runs_over_the_lines_of_a_role_and_metric(tmp_path):
    table = measure(tmp_path)
    part = table.query("role == 'reference' and metric == 'acc'").sort_values("p")
    p = part["p"].to_numpy()
    assert part["p_holm"].to_numpy() == pytest.approx(np.maximum.accumulate(np.minimum(1, p * [3, 2, 1])))
    assert (part["family"] == 3).all()
    assert (table.query("role == 'floor'")["family"] == 4).all()


def test_a_pair_seen_from_the_other_side_is_the_same(tmp_path):
    table = measure(tmp_path)
    for metric in ("acc", "auc"):
        one, other = line(table, "new", "volume", metric), line(table, "volume", "new", metric)
        assert one["difference"] == pytest.approx(-other["difference"])
        same = ["p", "t_test_p", "wilcoxon_p", "detectable"]
        assert one[same].astype(float).tolist() == pytest.approx(other[same].astype(float).tolist())


def test_only_common_cases_count(tmp_path):
    part = METHODS["old"][~METHODS["old"]["case"].isin(["c00", "c01", "c07"])]
    table = measure(tmp_path, {**METHODS, "old": part})
    found = line(table, "old", "new", "acc")
    assert (found["n"], found["n_positive"]) == (45, 22)
    assert found[["value", "against_value"]].tolist() == pytest.approx([35 / 45, 42 / 45])
    assert line(table, "new", "volume", "acc")["n"] == 48


def test_scores_are_averaged_over_seeds(tmp_path):
    low, high = scores_with_errors(0, 4) - 0.05, scores_with_errors(0, 8) + 0.05
    twice = [predictions(low, seed=0), predictions(high, seed=1)]
    table = measure(tmp_path, {**METHODS, "old": twice})
    once = measure(tmp_path, {**METHODS, "old": predictions((low + high) / 2)})
    assert line(table, "old", "new", "acc")["seeds"] == 2
    same = [name for name in COLUMNS if name != "seeds"]
    pd.testing.assert_frame_equal(table[same], once[same])


def test_each_selection_is_compared_with_its_like(tmp_path):
    both = pd.concat([METHODS["old"], predictions(scores_with_errors(0), selection="best_test")])
    reference = pd.concat([METHODS["new"], predictions(scores_with_errors(0, 4), selection="best_test")])
    table = measure(tmp_path, {**METHODS, "old": both, "new": reference})
    assert line(table, "old", "new", "acc", "best_test")["difference"] == pytest.approx(1 / 48)
    assert line(table, "old", "new", "acc")["difference"] == pytest.approx(-7 / 48)
    # The floors have no such selection.
    assert set(table.query("selection == 'best_test'")["role"]) == {"reference"}


def test_other_folds_have_no_test_over_folds(tmp_path):
    other = predictions(scores_with_errors(0, 4), fold=np.repeat([2, 1, 3, 4, 5, 6], 8))
    found = line(measure(tmp_path, {**METHODS, "old": other}), "old", "new", "acc")
    assert np.isnan([found["t_test_p"], found["wilcoxon_p"]]).all()
    assert found["note"] == "folds differ"
    assert found["p"] == pytest.approx(2 * (1 + 0) / 4)


def test_a_failed_method_has_lines_without_values_and_the_others_stand(tmp_path):
    table = measure(tmp_path, {**METHODS, "old": METHODS["old"][:0]})
    failed = line(table, "old", "new", "acc")
    assert failed["note"] == "old has no predictions"
    assert failed[["n", "difference", "p", "p_holm"]].isna().all()
    assert line(table, "volume", "new", "acc")["family"] == 2
    assert line(table, "new", "majority", "auc")["difference"] > 0.3


def test_without_a_reference_only_floors_are_met(tmp_path):
    assert set(measure(tmp_path, reference=None)["role"]) == {"floor"}
    assert measure(tmp_path, reference=None, floors=()).empty


def test_a_class_of_one_case_has_no_delong(tmp_path):
    few = np.array([1, 0, 0, 0])
    methods = {
        "new": predictions([0.9, 0.1, 0.2, 0.3], target=few, fold=[1, 1, 2, 2]),
        "old": predictions([0.4, 0.1, 0.2, 0.6], target=few, fold=[1, 1, 2, 2]),
    }
    found = line(measure(tmp_path, methods, floors=()), "old", "new", "auc")
    assert found["note"] == "too few cases of a class"
    assert math.isnan(found["p"])
    assert found["difference"] == pytest.approx(-1 / 3)


def test_same_seed_same_bytes_whatever_the_order(tmp_path):
    measure(tmp_path)
    first = (tmp_path / "comparisons.csv").read_bytes()
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in METHODS.items()}
    measure(tmp_path, shuffled)
    assert (tmp_path / "comparisons.csv").read_bytes() == first
    measure(tmp_path, seed=1)
    assert (tmp_path / "comparisons.csv").read_bytes() != first


def test_files_of_a_run_are_sorted_by_method(tmp_path):
    measure(tmp_path)
    files = []
    for name, table in METHODS.items():
        for fold in (2, 1, 4, 3, 6, 5):
            files.append(tmp_path / "trained" / "sts" / name / "seed0" / f"fold{fold}" / "predictions.csv")
            files[-1].parent.mkdir(parents=True)
            table[table["fold"] == fold].to_csv(files[-1], index=False)
    given = {"reference": "new", "rows": list(METHODS), "floors": ["volume", "majority"]}
    compare(by_method(files), **given, comparisons=tmp_path / "again.csv", seed=0, bootstraps=300)
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "comparisons.csv").read_bytes()


@pytest.mark.parametrize(
    ("methods", "given", "said"),
    [
        ({**METHODS, "old": METHODS["old"].assign(target=1 - METHODS["old"]["target"])}, {}, "one target with old"),
        ({**METHODS, "old": pd.concat([METHODS["old"]] * 2)}, {}, "tested 2 times"),
        (METHODS, {"reference": "best"}, "no predictions are given for the method 'best'"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, methods, given, said):
    with pytest.raises(ReradError, match=said):
        measure(tmp_path, methods, **given)
    assert not (tmp_path / "comparisons.csv").exists()
