"""Two runs side by side: what was changed is found, and nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import small_runs

from rerad.core import lock
from rerad.core.errors import ReradError
from rerad.core.files import sha256
from rerad.reporting.runs.compare import compare_runs

PARTS = ("config", "versions", "data", "files", "code", "cases", "cells", "patients")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    return small_runs.make_run(tmp_path_factory.mktemp("made") / "results" / "one")


@pytest.fixture
def one(made: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    results = tmp_path / "results"
    results.mkdir()
    shutil.copytree(made, results / "one")
    return results / "one"


def compared(one: Path, two: Path) -> tuple[str, dict[str, pd.DataFrame], str]:
    """Return the short text, the tables and the page of two runs."""
    text = compare_runs(one.name, two.name, results=one.parent)
    folder = one.parent / "compare" / f"{one.name}_{two.name}"
    found = {
        name: pd.read_csv(folder / f"{name}.csv", keep_default_na=False, dtype={"case": str})
        for name in (*PARTS, "methods")
    }
    return text, found, (folder / "compare.html").read_text()


def changed(found: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    table = found[name]
    return table[~table["change"].isin(["same", "place"])]


def only(found: dict[str, pd.DataFrame], *names: str) -> bool:
    """Tell whether just these parts differ."""
    return {name for name in PARTS if len(changed(found, name))} == set(names)


def test_identical_runs_have_no_difference(one: Path, check_html: Callable) -> None:
    two = small_runs.copy(one, "two")
    text, found, page = compared(one, two)
    assert "No difference." in text
    assert only(found)
    # Two rows of six metrics, one of three: each has a paired difference, and it is none.
    known = found["cells"][found["cells"]["low"] != ""]
    assert len(known) == 15
    assert (known[["difference", "low", "high"]].astype(float) == 0).all(axis=None)
    assert "<b>No difference.</b>" in page
    assert "PHANTOM" not in page
    checker = check_html(page)
    assert {target for target in checker.targets if not target.startswith("#")} == {"patients.csv"}
    assert {target.removeprefix("#") for target in checker.targets if target.startswith("#")} <= set(checker.ids)


def test_a_patient_who_changes_sides_by_hand(one: Path, check_html: Callable) -> None:
    two = small_runs.copy(one, "two")
    scores = [*small_runs.SCORES[:3], 0.65, *small_runs.SCORES[4:]]  # P4, at 0.3, was missed
    small_runs.write(small_runs.predictions(two, "first"), small_runs.classified(scores))
    small_runs.tables(two)
    text, found, page = compared(one, two)
    assert only(found, "cells", "patients")
    (patient,) = changed(found, "patients").to_dict("records")
    told = ("method", "case", "change", "a", "b", "decision_a", "decision_b", "truth_a", "truth_b")
    assert [str(patient[name]) for name in told] == ["first", "P4", "now right", "0.3", "0.65", "0", "1", "1", "1"]
    cells = changed(found, "cells").set_index("column")
    # Accuracy 6/8 and 7/8, sensitivity 3/4 and 1, precision 3/4 and 4/5, F1 3/4 and 8/9, AUC 14/16 and 1.
    assert set(cells.index) == {"acc", "sen", "pre", "f1", "auc"}
    assert set(cells["row"]) == {"first"}
    assert cells["difference"].astype(float).to_dict() == pytest.approx(
        {"acc": 1 / 8, "sen": 1 / 4, "pre": 1 / 20, "f1": 8 / 9 - 3 / 4, "auc": 1 / 8}
    )
    # One patient more of eight: the resampled difference is binomial(8, 1/8) / 8, with 2.5 and 97.5 % points 0 and 3/8.
    assert (float(cells["low"]["acc"]), float(cells["high"]["acc"])) == (0, 0.375)
    assert set(cells["n"].astype(float)) == {8}
    assert "1 now right" in text
    (method,) = found["methods"][found["methods"]["changed"].astype(str).isin(["1", "1.0"])].to_dict("records")
    assert (method["method"], float(method["mean_change"])) == ("first", pytest.approx(0.35 / 8))
    check_html(page)
    assert "+0.125" in page


def test_a_score_on_the_same_side_and_a_mask(one: Path) -> None:
    two = small_runs.copy(one, "two")
    small_runs.write(small_runs.predictions(two, "first"), small_runs.classified([0.91, *small_runs.SCORES[1:]]))
    dice = {**small_runs.DICE, "ET": [0.5, 0.6, 0.7, 0.6]}
    small_runs.write(small_runs.predictions(two, "net"), small_runs.segmented(dice))
    small_runs.tables(two)
    _, found, _ = compared(one, two)
    patients = changed(found, "patients")
    assert [tuple(row) for row in patients[["measure", "case", "change"]].to_numpy()] == [
        ("dice_et", "P4", "score"), ("hd95_mm_et", "P4", "score"), ("score", "P1", "score"),
    ]  # fmt: skip
    (cell,) = changed(found, "cells").to_dict("records")
    # One of four cases loses 0.2: the mean 0.05, and no resample gains.
    assert (cell["row"], cell["column"], float(cell["difference"]), float(cell["high"])) == (
        "net",
        "dice_et",
        pytest.approx(-0.05),
        0,
    )
    assert float(cell["low"]) < -0.05


@pytest.mark.parametrize(
    ("change", "part", "key", "a", "b"),
    [
        (lambda r: r["config"]["studies"]["sarcoma"]["methods"]["other"]["recipe"].update(epochs=9), "config", "studies.sarcoma.methods.other.recipe.epochs", "4", "9"),
        (lambda r: r["config"]["studies"]["sarcoma"]["deviations"][0].update(ours="ten"), "config", "studies.sarcoma.deviations[Folds].ours", "two", "ten"),
        (lambda r: r["config"]["studies"]["sarcoma"]["tables"]["table1"]["rows"].reverse(), "config", "studies.sarcoma.tables.table1.rows", "[first, again]", "[again, first]"),
        (lambda r: r["config"]["cohorts"]["sts"].update(extra=None), "config", "cohorts.sts.extra", "", "null"),
        (lambda r: r["packages"].update(numpy="2.5.0"), "versions", "packages.numpy", "2.4.6", "2.5.0"),
        (lambda r: r["data"][1].update(manifest_sha256="x"), "data", "brats.manifest_sha256", "sum of brats", "x"),
    ],
)  # fmt: skip
def test_a_planted_key_is_found_alone(one: Path, change: Callable, part: str, key: str, a: str, b: str) -> None:
    _, found, page = compared(one, small_runs.copy(one, "two", change))
    assert only(found, part)
    (row,) = changed(found, part).to_dict("records")
    assert (row["key"], str(row["a"]), str(row["b"])) == (key, a, b)
    assert key in page


def test_other_code_another_layer_and_another_fold(one: Path) -> None:
    two = small_runs.copy(one, "two")
    small_runs.write_json(small_runs.predictions(two, "net").with_name("cost.json"), {"code": "new", "failed": None})
    layers = two / "glioma" / "tables" / "layers.csv"
    layers.write_text(layers.read_text().replace("20", "21"))
    splits = two / "cohorts" / "brats" / "splits.csv"
    splits.write_text(splits.read_text().replace("P1,1,test", "P1,2,test"))
    _, found, page = compared(one, two)
    assert only(found, "code", "cells", "cases")
    assert changed(found, "code")["key"].tolist() == ["brats/net"]
    (cell,) = changed(found, "cells").to_dict("records")
    # The fewest leading columns that tell the rows apart.
    assert [str(cell[name]) for name in ("row", "column", "a", "b")] == ["in / b", "parameters", "20", "21"]
    (case,) = changed(found, "cases").to_dict("records")
    assert [str(case[name]) for name in ("cohort", "case", "fold_a", "fold_b")] == ["brats", "P1", "1", "2"]
    assert "1 other cell differs" in page


def test_another_interval_and_another_file(one: Path) -> None:
    sums = {}
    for place, digit in (("data", "1"), ("data2", "2")):
        manifest = one.parents[1] / place / "sts" / "manifest.csv"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(f"file,size,sha256,url,licence,doi\na.dcm,1,same,,,\nb.dcm,1,{digit},,,\n")
        sums[place] = sha256(manifest)

    def moved(record: dict) -> None:
        record["config"]["paths"]["data"] = "data2"
        record["data"][0]["manifest_sha256"] = sums["data2"]

    def known(record: dict) -> None:
        record["data"][0]["manifest_sha256"] = sums["data"]

    first, two = small_runs.copy(one, "first", known), small_runs.copy(one, "two", moved)
    table = two / "sarcoma" / "tables" / "table1.csv"
    lines = pd.read_csv(table, dtype=str, keep_default_na=False)
    lines.loc[0, "acc_low"] = "0.123"
    small_runs.write(table, lines)
    text, found, page = compared(first, two)
    assert only(found, "data", "files", "cells")
    assert changed(found, "files")[["cohort", "file", "change"]].to_numpy().tolist() == [["sts", "b.dcm", "differs"]]
    (cell,) = changed(found, "cells").to_dict("records")
    assert [str(cell[name]) for name in ("row", "column", "change")] == ["first", "acc", "interval"]
    assert "1 in another interval only" in text
    assert "2 keys of the configuration only say where the run lies." in text
    assert "b.dcm" in page
    assert "a.dcm" not in page
    # A manifest that is not the one that the run recorded tells nothing about its files.
    assert only(compared(one, two)[1], "data", "cells")


def test_other_patients_are_listed_and_tables_compared_on_the_common_ones(one: Path) -> None:
    two = small_runs.copy(one, "two")
    # Without P4 and P8, the two that were wrong.
    kept = [case for case in small_runs.CASES if case not in ("P4", "P8")]
    for method, scores in small_runs.METHODS.items():
        mine = [score for case, score in zip(small_runs.CASES, scores, strict=True) if case in kept]
        small_runs.write(small_runs.predictions(two, method), small_runs.classified(mine, cases=kept))
    small_runs.write(two / "cohorts" / "sts" / "cases.csv", pd.DataFrame({"case": kept, "included": 1}))
    small_runs.tables(two)
    _, found, page = compared(one, two)
    assert changed(found, "cases")[["case", "change"]].to_numpy().tolist() == [["P4", "only in A"], ["P8", "only in A"]]
    cells = found["cells"].set_index(["row", "column"])
    acc = cells.loc[("first", "acc")]
    # In the tables 6/8 and 6/6, on the six common patients 1 and 1.
    assert [str(acc[name]) for name in ("change", "a", "b")] == ["differs", "0.75", "1"]
    assert [float(acc[name]) for name in ("n", "a_common", "b_common", "difference", "low", "high")] == [
        6,
        1,
        1,
        0,
        0,
        0,
    ]
    assert set(changed(found, "patients")["change"]) == {"only in A"}
    assert "only in A" in page


def test_a_phantom_is_not_paired_with_patients(one: Path) -> None:
    two = small_runs.copy(one, "two", lambda record: record["config"]["cohorts"]["sts"].update(source="phantom"))
    text, found, page = compared(one, two)
    assert "PHANTOM AGAINST REAL. sts is a phantom in B" in text
    assert "PHANTOM AGAINST REAL. sts is a phantom in B" in page
    cells = found["cells"]
    own = cells[(cells["study"] == "sarcoma") & (cells["a_low"] != "")]
    assert set(own["note"]) == {"a phantom against real patients"}
    assert set(own["low"]) == {""}
    assert (own["a_low"] == own["b_low"]).all()
    assert "sts" not in set(found["patients"]["cohort"])
    assert len(changed(found, "cases")) == 16  # eight patients only in A, eight only in B
    other = small_runs.copy(two, "three", lambda record: record["data"][0].update(manifest_sha256="another"))
    text, found, _ = compared(two, other)
    assert "PHANTOM. " in text
    assert "two different phantoms" in set(found["cells"]["note"])


def test_another_truth_is_said(one: Path) -> None:
    two = small_runs.copy(one, "two", lambda record: record["config"].update(permute_labels=1))
    for method in small_runs.METHODS:
        path = small_runs.predictions(two, method)
        table = pd.read_csv(path)
        small_runs.write(path, table.assign(target=table["target"].to_numpy()[::-1]))
    small_runs.tables(two)
    text, found, page = compared(one, two)
    assert "NULL RUN. The labels were permuted in B alone." in text
    assert "0 → 1" in page
    own = found["patients"][found["patients"]["cohort"] == "sts"]
    assert set(own["change"]) == {"truth"}
    assert "another truth of 8 of 8 patients" in set(found["cells"]["note"])


def test_without_predictions_both_intervals_stand(one: Path) -> None:
    two = small_runs.copy(one, "two")
    small_runs.predictions(two, "first").unlink()
    _, found, _ = compared(one, two)
    own = found["cells"][(found["cells"]["row"] == "first") & (found["cells"]["a_low"] != "")]
    assert set(own["note"]) == {"no predictions of B"}
    assert set(own["low"]) == {""}
    methods = found["methods"][found["methods"]["note"] != ""]
    assert methods[["method", "note"]].to_numpy().tolist() == [["first", "no predictions of B"]]


def as_folds(run: Path, method: str) -> None:
    """Split what one job of a method predicted into the files of a job a fold."""
    path = small_runs.predictions(run, method)
    for fold, rows in pd.read_csv(path).groupby("fold"):
        small_runs.write(path.parents[1] / f"fold{fold}" / path.name, rows)
    path.unlink()


@pytest.mark.parametrize("gathered", [True, False])
def test_where_folds_are_jobs_a_method_of_one_job_is_found(one: Path, gathered: bool) -> None:
    two = small_runs.copy(one, "two", lambda record: record["config"].update(jobs="fold"))
    whole = small_runs.predictions(two, "first")
    as_folds(two, "net")
    if gathered:
        small_runs.write(whole.parents[2] / whole.name, pd.read_csv(whole))
        whole.unlink()
    _, found, _ = compared(one, two)
    assert not found["cells"]["note"].str.contains("no predictions").any()
    assert set(found["patients"]["cohort"]) == {"sts", "brats"}
    assert set(found["patients"]["change"]) == {"same"}
    assert not found["methods"]["note"].str.contains("no predictions").any()


def test_a_failed_training_is_named_and_its_row_stands_empty(one: Path) -> None:
    two = small_runs.copy(one, "two")
    small_runs.write(small_runs.predictions(two, "first"), small_runs.classified([], cases=[]))
    (two / "costs.csv").write_text("cohort,method,seed,chunk,stage,failed\nsts,first,0,all,train,ValueError\n")
    small_runs.tables(two)
    text, found, page = compared(one, two)
    assert "Failed in B: first, seed 0, all." in text
    assert "Failed in B: first, seed 0, all." in page
    acc = found["cells"].set_index(["row", "column"]).loc[("first", "acc")]
    assert [str(acc[name]) for name in ("change", "a", "b", "low", "note")] == [
        "differs",
        "0.75",
        "",
        "",
        "no predictions of B",
    ]
    assert set(changed(found, "cells")["row"]) == {"first"}


def test_what_only_one_run_has(one: Path) -> None:
    two = small_runs.copy(one, "two", lambda record: record["config"]["studies"].pop("glioma"))
    text, found, page = compared(one, two)
    own = changed(found, "cells")
    assert set(own["study"]) == {"glioma"}
    assert set(own["change"]) == {"only in A"}
    assert "This study is only in A" in page
    assert "Not compared, only in A (cohort brats): net." in page
    assert "studies.glioma and below" in page
    assert "studies.glioma.methods" not in page
    assert "only in A" in set(found["methods"]["note"])
    assert "4 only in A (of 12 cases)" in text


def test_runs_of_other_seeds(one: Path, tmp_path: Path) -> None:
    two = small_runs.make_run(one.with_name("two"), seeds=(0, 1))
    better = [0.9, 0.8, 0.7, 0.6, 0.2, 0.1, 0.4, 0.3]
    small_runs.write(small_runs.predictions(two, "first", 1), small_runs.classified(better, 1))
    small_runs.tables(two, (0, 1))
    _, found, _ = compared(one, two)
    acc = found["cells"].set_index(["row", "column"]).loc[("first", "acc")]
    # As in the table: the mean over the seeds of 6/8 and 8/8.
    assert [float(acc[name]) for name in ("a_common", "b_common", "difference")] == [0.75, 0.875, 0.125]


def test_broken_runs_are_named(one: Path) -> None:
    results = one.parent
    with pytest.raises(ReradError, match=r"none: there is no such run. Finished runs there: one"):
        compare_runs("one", "none", results=results)
    with pytest.raises(ReradError, match=r"make compare A=demo B=paper"):
        compare_runs("one", "", results=results)
    with pytest.raises(ReradError, match="both are the same run"):
        compare_runs("one", str(one), results=results)
    two = small_runs.copy(one, "two")
    table = two / "sarcoma" / "tables" / "table1.csv"
    whole = table.read_text()
    table.unlink()
    with pytest.raises(
        ReradError, match=r"table1.csv: the table table1 of sarcoma is missing: the run was not finished"
    ):
        compare_runs("one", "two", results=results)
    table.write_text("")
    with pytest.raises(ReradError, match=r"table1.csv: cannot be read as a table"):
        compare_runs("one", "two", results=results)
    table.write_text(whole)
    record = two / "provenance" / "provenance.json"
    for text, told in (
        ('{"code": {}}', "the key 'config' is missing"),
        ("[", "is no JSON object"),
        (None, "is missing: the run was not finished"),
    ):
        record.write_text(text) if text else record.unlink()
        with pytest.raises(ReradError, match=rf"provenance\.json: {told}"):
            compare_runs("one", "two", results=results)


def test_a_run_at_work_is_left_alone(one: Path) -> None:
    two = small_runs.copy(one, "two")
    lock.claim_run(two)
    try:
        with pytest.raises(ReradError, match=r"two: a run is at work here \(process \d+"):
            compare_runs("one", "two", results=one.parent)
    finally:
        lock._held.pop((two / ".lock").resolve()).close()
    compare_runs("one", "two", results=one.parent)


def test_from_the_command_line_byte_for_byte(one: Path) -> None:
    small_runs.copy(one, "two", lambda record: record["config"].update(seed=1))
    compared(one, one.with_name("two"))
    folder = one.parent / "compare" / "one_two"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = [sys.executable, "-m", "rerad.reporting.runs", "--results", str(one.parent)]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([*command, "one", "two"], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "Configuration          1 only in B" in done.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
