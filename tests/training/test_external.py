"""Scores of others: what they yield, counted by hand, and everything that is refused by name."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.compare import compare
from rerad.evaluation.evaluate import evaluate
from rerad.training.external_file import check_run, read_scores
from rerad.training.job import Job
from rerad.training.train import train

# Four positive and four negative cases in two folds; STS_007 has no CT, STS_008 is excluded.
TARGET = {
    "STS_000": 1,
    "STS_001": 0,
    "STS_002": 1,
    "STS_003": 0,
    "STS_004": 1,
    "STS_005": 0,
    "STS_006": 1,
    "STS_007": 0,
}
FOLD = {name: 1 + place // 4 for place, name in enumerate(TARGET)}
# Of the 16 pairs of a positive and a negative case 11 (4 + 3 + 3 + 1) are in order and one is a tie.
SCORE = dict(zip(TARGET, [0.9, 0.1, 0.6, 0.3, 0.55, 0.7, 0.2, 0.2], strict=True))
AUC = 11.5 / 16


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    cases = pd.DataFrame({"case": [*TARGET, "STS_008"], "target": [*TARGET.values(), 1]})
    cases = cases.assign(
        included=(cases["case"] != "STS_008").astype(int), has_ct=(cases["case"] < "STS_007").astype(int)
    )
    cases.to_csv(tmp_path / "cases.csv", index=False)
    roles = [(name, fold, "test" if FOLD[name] == fold else "train") for fold in (1, 2) for name in TARGET]
    pd.DataFrame(roles, columns=["case", "fold", "role"]).to_csv(tmp_path / "splits.csv", index=False)
    return tmp_path


@pytest.fixture
def scores(cohort: Path) -> pd.DataFrame:
    table = pd.read_csv(cohort / "splits.csv")
    return table.assign(score=table["case"].map(SCORE))


@pytest.fixture
def trained(cohort: Path) -> Callable[..., tuple[pd.DataFrame, dict[str, Any], Path]]:
    """Return a function that takes scores through the workflow's own train."""

    def run(
        scores: pd.DataFrame, *, seed: int = 0, folds: tuple[int, ...] = (1, 2), name: str = "mine", **entry: Any
    ) -> tuple[pd.DataFrame, dict[str, Any], Path]:
        file = cohort / "mine.csv"
        scores.to_csv(file, index=False)
        modalities = entry.pop("modalities", [])
        out = cohort / "trained" / name / f"seed{seed}" / "all"
        train(
            Job(
                cases=cohort / "cases.csv",
                splits=cohort / "splits.csv",
                external=file,
                method=name,
                settings={"model": "external", "modalities": modalities, "recipe": {"file": str(file), **entry}},
                seed=seed,
                cohort="sts",
                folds=list(folds),
                folder=out,
                threads=1,
            )
        )
        cost = json.loads((out / "cost.json").read_text())
        return pd.read_csv(out / "predictions_classification.csv"), cost, out / "predictions_classification.csv"

    return run


def metrics_of(path: Path) -> pd.DataFrame:
    metrics = path.parents[2] / "metrics.csv"
    evaluate({"classification": [path]}, metrics=metrics, bootstraps=100, seed=0)
    return pd.read_csv(metrics).query("scope == 'pooled'").set_index("metric")


def test_metrics_are_those_counted_by_hand(scores: pd.DataFrame, trained: Callable) -> None:
    table, cost, path = trained(scores.sample(frac=1, random_state=0))
    assert cost["failed"] is None
    test = table[table["role"] == "test"]
    assert dict(zip(test["case"], test["score"], strict=True)) == SCORE
    assert dict(zip(test["case"], test["target"], strict=True)) == TARGET
    assert len(table) == 16
    metrics = metrics_of(path)
    assert metrics.loc["auc", "value"] == pytest.approx(AUC)
    assert metrics.loc["acc", "value"] == 6 / 8  # STS_005 is called positive, STS_006 is not
    assert (metrics.loc["sen", "value"], metrics.loc["spe", "value"], metrics.loc["auc", "n"]) == (0.75, 0.75, 8)


def test_what_the_training_cost_is_unknown_and_not_nothing(scores: pd.DataFrame, trained: Callable) -> None:
    _, cost, _ = trained(scores)
    assert {cost[name] for name in ("wall_s", "cpu_s", "peak_rss_mb", "device", "gpu_s", "peak_gpu_mb")} == {None}
    assert cost["note"].startswith(f"scores of mine.csv (SHA-256 {cost['sha256'][:12]}…), nothing was trained here")
    assert "leakage" not in cost["note"]
    _, blind, _ = trained(scores[scores["role"] == "test"])
    assert "which cases it was trained on is not told" in blind["note"]
    # Of one fold nothing is said: of that one leakage could not be checked either.
    _, half, _ = trained(scores[(scores["role"] == "test") | (scores["fold"] == 1)])
    assert half["note"].endswith(
        "which cases it was trained on in fold 2 is not told, so that leakage could not be checked there"
    )


def test_scores_of_any_scale_keep_their_order_and_their_threshold(scores: pd.DataFrame, trained: Callable) -> None:
    table, _, path = trained(scores.assign(score=40 * scores["score"] - 7), threshold=13.0)
    assert table["score"].between(0, 1).all()
    metrics = metrics_of(path)
    assert (metrics.loc["auc", "value"], metrics.loc["acc", "value"]) == (pytest.approx(AUC), 6 / 8)
    # A score at the threshold counts as positive, one below it by the last bit does not, and neither 1e-20 and 1e-30
    # nor 1e9 and 1e10 become one.
    apart = {
        "STS_000": 1e10,
        "STS_001": 0.5,
        "STS_002": 1e9,
        "STS_003": np.nextafter(0.5, 0),
        "STS_004": 1e-20,
        "STS_005": 1e-30,
    }
    table, _, _ = trained(scores.assign(score=scores["case"].map({**SCORE, **apart})), threshold=0.5)
    known = table.query("role == 'test'").set_index("case")["score"]
    assert list(known.sort_values(kind="stable").index) == [
        "STS_005",
        "STS_004",
        "STS_006",
        "STS_007",
        "STS_003",
        "STS_001",
        "STS_002",
        "STS_000",
    ]
    assert known["STS_006"] == known["STS_007"]
    assert known.drop(["STS_006", "STS_007"]).is_unique
    assert known["STS_003"] < 0.5 <= known["STS_001"]


@pytest.mark.parametrize(
    ("negative", "positive"),
    [
        pytest.param([0.49999999999] * 4, [0.50000000001] * 4, id="beside the threshold"),
        pytest.param([22.0, 23.0, 24.0, 25.0], [26.0, 27.0, 28.0, 29.0], id="next to one"),
    ],
)
def test_scores_are_judged_as_they_are(
    scores: pd.DataFrame, trained: Callable, negative: list[float], positive: list[float]
) -> None:
    values = {1: iter(positive), 0: iter(negative)}
    told = {name: next(values[target]) for name, target in TARGET.items()}
    if max(positive) > 1:
        told = {name: 1 / (1 + math.exp(-logit)) for name, logit in told.items()}
    table, _, path = trained(scores.assign(score=scores["case"].map(told)))
    assert dict(zip(table["case"], table["score"], strict=True)) == told
    metrics = metrics_of(path)
    assert metrics.loc["auc", "value"] == 1.0
    assert metrics.loc["acc", "value"] == (0.5 if max(positive) > 1 else 1.0)


def test_a_job_of_one_fold_has_that_fold(scores: pd.DataFrame, trained: Callable) -> None:
    table, _, _ = trained(scores, folds=(2,))
    assert set(table["fold"]) == {2}
    assert list(table.loc[table["role"] == "test", "case"]) == ["STS_004", "STS_005", "STS_006", "STS_007"]


def test_seeds_are_kept_apart_or_shared(scores: pd.DataFrame, trained: Callable) -> None:
    assert (trained(scores, seed=3)[0]["seed"] == 3).all()
    both = pd.concat([scores.assign(seed=0), scores.assign(seed=1, score=1 - scores["score"])])
    table, cost, _ = trained(both, seed=1)
    assert "every seed" not in cost["note"]
    assert table.query("role == 'test' and case == 'STS_000'")["score"].item() == pytest.approx(0.1)
    assert "there is no line of seed 2" in trained(both, seed=2)[1]["failed"]


def test_cases_that_lack_a_modality_are_left_out_where_the_entry_says_so(
    scores: pd.DataFrame, trained: Callable
) -> None:
    few = scores[scores["case"] != "STS_007"]
    table, cost, _ = trained(few, modalities=["PET", "CT"])
    assert (cost["failed"], table["case"].nunique()) == (None, 7)
    assert "unknown case 'STS_007'" in trained(scores, modalities=["PET", "CT"])[1]["failed"]


def test_the_workflows_own_file_of_predictions_is_one(scores: pd.DataFrame, trained: Callable) -> None:
    table, _, path = trained(scores)
    again, cost, _ = trained(pd.read_csv(path), name="again")
    assert cost["failed"] is None
    pd.testing.assert_frame_equal(again, table)


def test_it_is_compared_with_other_methods_case_by_case(
    scores: pd.DataFrame, trained: Callable, tmp_path: Path
) -> None:
    mine = trained(scores)[2]
    half = trained(scores.assign(score=0.5), name="half")[2]
    told: dict[str, Any] = {"reference": "half", "rows": ["mine", "half"], "seed": 0, "bootstraps": 100}
    compare({"mine": [mine], "half": [half]}, comparisons=tmp_path / "comparisons.csv", **told)
    line = pd.read_csv(tmp_path / "comparisons.csv").query("metric == 'auc'").iloc[0]
    assert (line["n"], line["folds"]) == (8, 2)
    assert line["difference"] == pytest.approx(AUC - 0.5)


def test_what_the_guide_shows_is_a_file_that_is_taken(
    cohort: Path, trained: Callable, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs" / "bring_a_method.md").read_text(), flags=re.DOTALL)
    fitted, plain = (block.replace("results/demo/cohorts/sts/", "") for block in blocks)
    generator = np.random.default_rng(0)
    columns = ["PET_shape_Sphericity", "PET_firstorder_Entropy"]
    features = pd.DataFrame(generator.normal(5, 1, (8, 2)), columns=columns).assign(case=list(TARGET))
    features.to_csv(cohort / "features.csv", index=False)
    monkeypatch.chdir(cohort)
    exec(fitted, {})
    table, cost, _ = trained(pd.read_csv("mine.csv"))
    assert (cost["failed"], len(table)) == (None, 16)
    exec(plain, {"pd": pd})
    table, cost, _ = trained(pd.read_csv("mine.csv"), threshold=4.8)
    assert cost["failed"] is None
    called = table.query("role == 'test'").set_index("case")["score"] >= 0.5
    assert called.to_dict() == dict(zip(features["case"], features["PET_firstorder_Entropy"] >= 4.8, strict=True))


def changed(scores: pd.DataFrame, case: str, fold: int, /, **values: Any) -> pd.DataFrame:
    table = scores.astype({"score": object})
    chosen = (table["case"] == case) & (table["fold"] == fold)
    for name, value in values.items():
        table.loc[chosen, name] = value
    return table


def one_more(scores: pd.DataFrame, case: str, fold: int, role: str) -> pd.DataFrame:
    return pd.concat([scores, pd.DataFrame([{"case": case, "fold": fold, "role": role, "score": 0.5}])])


def without(scores: pd.DataFrame, case: str, fold: int) -> pd.DataFrame:
    return scores[(scores["case"] != case) | (scores["fold"] != fold)]


BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "both sides": (lambda s: one_more(s, "STS_001", 1, "train"), r"line 18: case STS_001 is on both sides of fold 1: test on line 3, train here\. A fold's test"),
    "leakage": (lambda s: one_more(without(s, "STS_001", 1), "STS_001", 1, "train"), r"line 17: leakage: case STS_001 was trained on in fold 1, which tests it according to .*splits\.csv\. Train fold 1 without"),
    "leakage by role": (lambda s: changed(without(s, "STS_001", 1), "STS_001", 2, role="test"), r"leakage: case STS_001 is tested in fold 2, whose training side it is on in .*splits\.csv\. Score each case"),
    "tested twice": (lambda s: changed(s, "STS_001", 2, role="test"), r"line 11: case STS_001 is tested in fold 2, on line 3 in fold 1\. A case is tested once"),
    "missing case": (lambda s: s[~s["case"].isin(["STS_005", "STS_006"])], r"mine\.csv: case STS_005 has no line with the role test, nor have 1 others; .*splits\.csv tests it in fold 2\. Score every"),
    "missing test line": (lambda s: without(s, "STS_005", 2), r"case STS_005 has no line with the role test; "),
    "unknown case": (lambda s: changed(s, "STS_001", 1, case="STS-001"), r"line 3: unknown case 'STS-001'\. Did you mean 'STS_001'\? Wanted are the cases in .*cases\.csv"),
    "excluded case": (lambda s: one_more(s, "STS_008", 1, "train"), r"line 18: unknown case 'STS_008'"),
    "beyond 1": (lambda s: changed(s, "STS_001", 1, score=1.2), r"line 3: score '1\.2' of case STS_001 is no probability\. Probabilities lie from 0 to 1\. .*threshold"),
    "below 0": (lambda s: changed(s, "STS_001", 1, score=-0.01), r"line 3: score '-0\.01' of case STS_001 is no probability"),
    "not finite": (lambda s: changed(s, "STS_001", 1, score="inf"), r"line 3: score 'inf' of case STS_001 is not finite"),
    "nan": (lambda s: changed(s, "STS_001", 1, score="nan"), r"line 3: score 'nan' of case STS_001 is not finite"),
    "no score": (lambda s: changed(s, "STS_001", 1, score=np.nan), r"line 3: score '' of case STS_001 is no number"),
    "comma": (lambda s: changed(s, "STS_001", 1, score="0,7"), r"line 3: score '0,7' of case STS_001 is no number\. Write one such as 0\.7"),
    "twice": (lambda s: one_more(s, "STS_001", 1, "test"), r"line 18: case STS_001 stands twice in fold 1, first on line 3\. Remove one"),
    "missing column": (lambda s: s.drop(columns="role"), r"mine\.csv: column 'role' is missing\. Needed are case, fold, role, score; seed, target"),
    "misspelt column": (lambda s: s.assign(sed=0), r"unknown column 'sed'\. Remove or rename it"),
    "wrong fold": (lambda s: changed(s, "STS_001", 1, fold=3), r"line 3: fold 3 of case STS_001 is not in the split\. Take folds from .*splits\.csv: 1, 2"),
    "no fold": (lambda s: s.assign(fold=s["fold"] + 0.5), r"line 2: fold '1\.5' of case STS_000 is no whole number"),
    "role": (lambda s: changed(s, "STS_001", 1, role="val"), r"line 3: role 'val' of case STS_001 is neither train nor test\. Write train or test, in small"),
    "score with an underscore": (lambda s: changed(s, "STS_001", 1, score="0.1_5"), r"line 3: score '0\.1_5' of case STS_001 is no number"),
    "score in other digits": (lambda s: changed(s, "STS_001", 1, score="٠.٥"), r"line 3: score '٠\.٥' of case STS_001 is no number"),
    "endless fold": (lambda s: s.astype({"fold": object}).pipe(changed, "STS_001", 1, fold="9" * 5000), r"of case STS_001 is no whole number"),
    "target": (lambda s: s.assign(target=1), r"line 3: target 1 of case STS_001, 0 in .*cases\.csv\. Check that the scores"),
    "no target": (lambda s: s.assign(target="yes"), r"line 2: target 'yes' of case STS_000 is neither 0 nor 1"),
    "no case": (lambda s: changed(s, "STS_001", 1, case=""), r"line 3: the case is empty"),
    "selection": (lambda s: s.assign(selection="best_test"), r"line 2: selection 'best_test' of case STS_000\. Keep the lines with 'last' alone"),
    "no line": (lambda s: s.iloc[:0], r"mine\.csv: there is no line below the header"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_is_refused_by_name(scores: pd.DataFrame, trained: Callable, cohort: Path, kind: str) -> None:
    spoil, message = BROKEN[kind]
    table, cost, path = trained(spoil(scores))
    with pytest.raises(ReradError, match=message):
        raise ReradError(cost["failed"])
    assert table.empty
    assert evaluate({"classification": [path]}, metrics=cohort / "metrics.csv", bootstraps=100, seed=0) is None
    assert len((cohort / "metrics.csv").read_text().splitlines()) == 1  # a row without values, and the others stand


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"mine\.csv: is empty\. Write UTF-8 text with commas between the columns case, fold, role, score"),
        (b"\n  \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", r"is no CSV file \('utf-8' codec.*Write UTF-8 text"),
        (b"case;fold;role;score\nA;1;test;0.5\n", r"column 'case' is missing\. Separate columns by commas\."),
        (b"case,fold,role,score\nA,1,test\n", r"line 2: 3 fields, the header has 4"),
        (b'case,fold,role,score\n"A,1,test,0.5\n', "is no CSV file"),
        (b"case,fold,role,score,case\nA,1,test,0.5,A\n", "column 'case' stands there twice"),
        (None, r"mine\.csv: no such file\. Correct the path"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "mine.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ReradError, match=message):
        read_scores(file, threshold=None)


def test_a_spreadsheets_export_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(
        b'\xef\xbb\xbfcase,fold, role,score\r\n"A, the first",1, test, 0.5\r\n\r\nB,1,train,1\r\n'
    )
    found = read_scores(tmp_path / "mine.csv", threshold=None)
    assert [(one.line, one.case, one.role, one.score) for one in found] == [
        (2, "A, the first", "test", 0.5),
        (4, "B", "train", 1.0),
    ]


def test_folds_and_seeds_are_those_of_the_run(scores: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    scores.assign(seed=0).to_csv(file, index=False)
    found = read_scores(file, threshold=None)
    check_run(found, file, folds=2, seeds=[0])
    for wrong, message in (
        ({"folds": 1, "seeds": [0]}, r"line 10: fold 2 of case STS_000\. The cohort has the folds 1 to 1"),
        ({"folds": 2, "seeds": [1]}, r"line 2: seed 0 of case STS_000 is none of the run's\. Its seeds are 1"),
        ({"folds": 2, "seeds": [0, 1]}, r"mine\.csv: there is no line of seed 1\. Add its lines"),
    ):
        with pytest.raises(ReradError, match=message):
            check_run(found, file, **wrong)
