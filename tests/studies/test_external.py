"""Methods that were trained elsewhere join a study from an overlay alone, and pass for nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rerad.core.errors import ConfigError
from rerad.core.splits import make_splits
from rerad.studies import Plan, load
from rerad.studies.external import check_files, external_file
from rerad.studies.merge import merge

LINES = "case,fold,role,score\nSTS_000,1,test,0.5\nSTS_000,2,train,0.5\n"


@pytest.fixture(scope="module")
def config(root: Path) -> dict[str, Any]:
    base = yaml.safe_load((root / "config" / "config.yaml").read_text())
    config = merge(base, yaml.safe_load((root / "config" / "demo.yaml").read_text()))
    return merge(config, {"studies": {"mmnas": {"enabled": False}, "nas3dunet": {"enabled": False}}})


def loaded(config: dict[str, Any], root: Path, study: dict[str, Any], name: str = "chmfl", **more: Any) -> Plan:
    return load(merge(config, {"studies": {name: study}, **more}), root=root)


def test_a_file_joins_every_table_of_classification(config: dict[str, Any], root: Path) -> None:
    plain, plan = load(config, root=root), loaded(config, root, {"external": {"mine": "mine.csv"}})
    entry = {"model": "external", "modalities": [], "recipe": {"file": "mine.csv"}}
    assert plan.methods["sts"]["mine"] == entry
    assert external_file(entry) == str(Path.cwd() / "mine.csv")
    before, study = plain.studies["chmfl"], plan.studies["chmfl"]
    row = {"method": "mine", "label": "mine (external)", "kind": "external"}
    for table in ("table1", "table2", "tables2", "tables3"):
        assert study["tables"][table]["rows"] == [*before["tables"][table]["rows"], row]
    assert study["tables"]["tables4"] == before["tables"]["tables4"]  # of masks
    assert "mine" in plan.rows("chmfl")
    assert ("sts", "mine", 0, "all") in set(plan.trainings())
    roc = next(name for name, figure in study["figures"].items() if figure["kind"] == "roc")
    assert plan.figure("chmfl", roc)["rows"][-1] == {"method": "mine", "label": "mine (external)"}
    assert plan.figure("chmfl", "forest_table1")["rows"][-1] == row
    assert ("studies.chmfl.methods.mine", None, entry) in plan.difference()


def test_an_entry_says_where_it_stands_and_how_it_is_called(config: dict[str, Any], root: Path) -> None:
    entry = {"file": "a.csv", "label": "Mine", "modalities": ["PET", "CT"], "threshold": 13, "tables": ["table2"]}
    study = loaded(config, root, {"external": {"mine": entry}}).studies["chmfl"]
    assert study["methods"]["mine"]["recipe"] == {"file": "a.csv", "threshold": 13}
    assert study["methods"]["mine"]["modalities"] == ["PET", "CT"]
    shown = [table for table, content in study["tables"].items() if content["rows"][-1]["label"] == "Mine (external)"]
    assert shown == ["table2"]


def entry(**changes: Any) -> dict[str, Any]:
    return {"model": "external", "modalities": ["PET"], "recipe": {"file": "a.csv"}, **changes}


def table(kind: str, method: str = "mine") -> dict[str, Any]:
    rows = [{"method": method, "label": "Mine", "kind": kind}]
    return {"table9": {"title": "T", "published": "chmfl_table1.csv", "rows": rows}}


MASKS = {"task": "segmentation", "primary": "dsc", "columns": {"dsc": "dice"}}


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ({"external": {"hc_rf": "a.csv"}}, r"studies\.chmfl: external\.hc_rf: the study has a method of this id\. Write another"),
        ({"external": {"mine": {}}}, r"external\.mine\.file: missing key"),
        ({"external": {"mine": {"file": "a.csv", "thresh": 3}}}, r"external\.mine\.thresh: unknown key\. Did you mean 'threshold'"),
        ({"external": {"mine": 3}}, r"external\.mine: 3 does not do\. Write text or keys and values"),
        ({"external": {"mine": {"file": "a.csv", "modalities": ["t1"]}}}, r"methods\.mine\.modalities: the cohort sts has no t1"),
        ({"external": {"mine": {"file": "a.csv", "tables": ["tables4"]}}}, r"external\.mine\.tables: 'tables4' is no table of classification\. Scores can stand in: table1"),
        ({"methods": {"mine": {**entry(), "recipe": {}}}}, r"methods\.mine\.recipe\.file: missing key"),
        ({"methods": {"mine": entry(search={"epochs": 1})}}, r"methods\.mine\.search\.epochs: unknown key"),
        ({"methods": {"hc_rf": {"modalities": []}}}, r"methods\.hc_rf\.modalities: \[\] does not do\. Write at least 1"),
        ({"methods": {"mine": entry()}, "tables": table("paper")}, r"table9\.rows: the row 'mine' is of the kind paper, but its scores come from a file\. Write kind: external"),
        ({"tables": table("external", "hc_rf")}, r"the row 'hc_rf' is of the kind external, but its method is trained here"),
        ({"methods": {"mine": entry()}, "tables": {"table9": {**table("external")["table9"], **MASKS}}}, r"'mine' has scores only, the table is one of segmentation"),
        ({"methods": {"mine": entry()}, "figures": {"fig9": {"kind": "maps", "caption": "c", "rows": [{"method": "mine", "label": "M"}]}}},
         r"figures\.fig9: a figure of the kind maps cannot show 'mine', of which there are only scores\. Scores can be shown by: roc"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(config: dict[str, Any], root: Path, study: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded(config, root, study)


def test_a_study_of_masks_takes_no_scores(config: dict[str, Any], root: Path) -> None:
    with pytest.raises(ConfigError, match=r"studies\.nas3dunet: external\.mine\.tables: the study has no table of"):
        loaded(config, root, {"enabled": True, "external": {"mine": "a.csv"}}, name="nas3dunet")


def test_a_broken_file_is_named_before_any_work(
    config: dict[str, Any], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no run has made a cohort
    file = tmp_path / "mine.csv"
    plan = loaded(config, root, {"external": {"mine": str(file)}})
    with pytest.raises(ConfigError, match=r"external method mine: .*mine\.csv: no such file\. Correct the path"):
        check_files(plan)
    file.write_text(LINES)
    assert check_files(plan) == []  # nobody knows the cohort yet
    for broken, message in (
        (LINES.replace("0.5", "1.5"), r"line 2: score '1\.5' of case STS_000 is no probability"),
        (LINES + "STS_001,4,test,0.5\n", r"line 4: fold 4 of case STS_001\. The cohort has the folds 1 to 3"),
        (LINES + "STS_000,1,train,0.5\n", r"line 4: case STS_000 is on both sides of fold 1"),
    ):
        file.write_text(broken)
        with pytest.raises(ConfigError, match=rf"external method mine: .*mine\.csv, {message}"):
            check_files(plan)
    file.write_text(LINES.replace("0.5", "1.5"))
    check_files(loaded(config, root, {"external": {"mine": {"file": str(file), "threshold": 1}}}))


def test_leakage_is_told_before_any_work_where_the_split_is_there(
    config: dict[str, Any], root: Path, tmp_path: Path
) -> None:
    cohort = tmp_path / "results" / "demo" / "cohorts" / "sts"
    cohort.mkdir(parents=True)
    cases = pd.DataFrame({"case": [f"P{place}" for place in range(6)], "included": 1, "target": [0, 1] * 3})
    cases.to_csv(cohort / "cases.csv", index=False)
    splits = make_splits(cases, folds=3, seed=0)
    splits.to_csv(cohort / "splits.csv", index=False)
    file = tmp_path / "mine.csv"
    plan = loaded(config, root, {"external": {"mine": str(file)}}, paths={"results": str(tmp_path / "results")})
    splits.assign(score=0.5).to_csv(file, index=False)
    assert check_files(plan) == []
    swapped = splits.assign(score=0.5, role=splits["role"].mask(splits["case"] == "P0", "train"))
    swapped.to_csv(file, index=False)
    [told] = check_files(plan)
    assert re.match(
        r"External method mine, on the cohort as it is now: .*mine\.csv, line \d+: leakage: case P0 was", told
    )


def test_two_studies_of_a_cohort_share_a_file(config: dict[str, Any], root: Path) -> None:
    named = merge(config, {"studies": {"chmfl": {"external": {"mine": {"file": "a.csv", "label": "Mine"}}}}})
    plan = loaded(named, root, {"enabled": True, "external": {"mine": "a.csv"}}, name="mmnas")
    assert [method for _, method, _, _ in plan.trainings()].count("mine") == 1
    assert "mine" in plan.rows("chmfl")
    assert "mine" in plan.rows("mmnas")
