"""Costs of all trainings in one table a method, and one a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.costs import first_said, gather_costs, join_costs, read_costs, trainings

RECORD = {
    "wall_s": 12.5, "cpu_s": 11.0, "peak_rss_mb": 300.0, "device": "cpu", "gpu_s": 0.0, "peak_gpu_mb": 0.0, "failed": None,
}  # fmt: skip


def write_cost(folder: Path, place: str, name: str = "cost.json", **changes: Any) -> Path:
    path = folder / "trained" / "sts" / place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**RECORD, **changes}))
    return path


def test_rows_in_a_fixed_order(tmp_path: Path) -> None:
    files = [
        write_cost(tmp_path, "hc_rf/seed10/fold1"),
        write_cost(tmp_path, "hc_rf/seed2/fold1", failed="ValueError: no"),
        write_cost(tmp_path, "hc_rf/seed2/fold1", "search_cost.json"),
        write_cost(tmp_path, "crop_only/seed0/all", code="0123"),
    ]
    csv = tmp_path / "costs.csv"
    gather_costs(files, csv=csv)
    frame = pd.read_csv(csv, dtype={"code": str}, keep_default_na=False)
    assert list(frame.columns) == [
        "cohort", "method", "seed", "chunk", "stage", "wall_s", "cpu_s", "peak_rss_mb", "device", "gpu_s", "peak_gpu_mb",
        "code", "failed", "note",
    ]  # fmt: skip
    rows = frame[["cohort", "method", "seed", "chunk", "stage", "code", "failed"]].to_numpy().tolist()
    assert rows == [
        ["sts", "crop_only", 0, "all", "train", "0123", ""],
        ["sts", "hc_rf", 2, "fold1", "search", "", ""],
        ["sts", "hc_rf", 2, "fold1", "train", "", "ValueError: no"],
        ["sts", "hc_rf", 10, "fold1", "train", "", ""],
    ]
    assert frame["wall_s"].tolist() == [12.5] * 4
    before = csv.read_bytes()
    gather_costs(files[::-1], csv=csv)
    assert csv.read_bytes() == before


def test_the_table_of_a_run_is_that_of_all_its_trainings(tmp_path: Path) -> None:
    methods = {
        "other": [write_cost(tmp_path, "other/seed0/all", failed='NA, "line"\r\ntwo\r', wall_s=None, device=None)],
        "hc_rf": [write_cost(tmp_path, f"hc_rf/seed{seed}/all", wall_s=0.1 + seed) for seed in (0, 1)],
    }
    tables = [tmp_path / f"{method}.csv" for method in methods]
    for files, csv in zip(methods.values(), tables, strict=True):
        gather_costs(files, csv=csv)
    joined = join_costs(tables, csv=tmp_path / "joined.csv")
    gather_costs([file for files in methods.values() for file in files], csv=tmp_path / "at_once.csv")
    assert (tmp_path / "joined.csv").read_bytes() == (tmp_path / "at_once.csv").read_bytes()
    assert joined["failed"].tolist() == ["", "", 'NA, "line"\ntwo']
    assert joined["wall_s"].tolist()[:2] == [0.1, 1.1]
    assert joined.loc[2, ["wall_s", "device"]].isna().all()


def test_what_a_row_says_is_that_of_its_trainings(tmp_path: Path) -> None:
    csv = tmp_path / "costs.csv"
    searched = write_cost(tmp_path, "hc_rf/seed0/all", "search_cost.json", failed="too few cases")
    trained = [
        write_cost(tmp_path, "hc_rf/seed0/all"),
        write_cost(tmp_path, "hc_rf/seed1/all", failed="nothing chosen"),
    ]
    gather_costs([searched, *trained], csv=csv)
    rows = trainings(csv)
    assert (first_said(rows, "failed"), first_said(rows, "note"), rows["seed"].nunique()) == ("nothing chosen", "", 2)
    assert trainings(None).empty
    assert first_said(trainings(None), "failed") == ""


def test_broken_file_is_named(tmp_path: Path) -> None:
    path = write_cost(tmp_path, "hc_rf/seed0/all")
    path.write_text("{")
    with pytest.raises(ReradError, match=r"hc_rf/seed0/all/cost\.json"):
        gather_costs([path], csv=tmp_path / "costs.csv")
    assert not (tmp_path / "costs.csv").exists()


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    csv = tmp_path / "costs.csv"
    gather_costs([write_cost(tmp_path, "hc_rf/seed0/all")], csv=csv)
    pd.read_csv(csv).drop(columns="failed").to_csv(csv, index=False)
    with pytest.raises(ReradError, match=r"costs\.csv.*'failed' is missing"):
        read_costs(csv)


def test_no_cost_is_a_header(tmp_path: Path) -> None:
    gather_costs([], csv=tmp_path / "costs.csv")
    assert (tmp_path / "costs.csv").read_text().startswith("cohort,method,seed,chunk,stage,wall_s")
    assert join_costs([], csv=tmp_path / "run.csv").empty
