"""Costs of all trainings in one table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.costs import gather_costs


def test_rows_in_a_fixed_order(tmp_path: Path, write_cost: Callable) -> None:
    files = [
        write_cost("hc_rf", seed=10, chunk="fold1"),
        write_cost("hc_rf", seed=2, chunk="fold1", failed="ValueError: no"),
        write_cost("crop_only", seed=0),
    ]
    csv = tmp_path / "costs.csv"
    gather_costs(files, csv=csv)
    frame = pd.read_csv(csv, keep_default_na=False)
    assert list(frame.columns) == [
        "cohort", "method", "seed", "chunk", "stage", "wall_s", "cpu_s", "peak_rss_mb", "device", "gpu_s", "peak_gpu_mb", "failed",
    ]  # fmt: skip
    rows = frame[["cohort", "method", "seed", "chunk", "failed"]].to_numpy().tolist()
    assert rows == [
        ["sts", "crop_only", 0, "all", ""],
        ["sts", "hc_rf", 2, "fold1", "ValueError: no"],
        ["sts", "hc_rf", 10, "fold1", ""],
    ]
    assert frame["wall_s"].tolist() == [12.5] * 3
    before = csv.read_bytes()
    gather_costs(files[::-1], csv=csv)
    assert csv.read_bytes() == before


def test_broken_file_is_named(tmp_path: Path, write_cost: Callable) -> None:
    path = write_cost("hc_rf")
    path.write_text("{")
    with pytest.raises(ReradError, match=r"hc_rf/seed0/all/cost\.json"):
        gather_costs([path], csv=tmp_path / "costs.csv")
    assert not (tmp_path / "costs.csv").exists()


def test_no_cost_is_a_header(tmp_path: Path) -> None:
    gather_costs([], csv=tmp_path / "costs.csv")
    assert (tmp_path / "costs.csv").read_text().startswith("cohort,method,seed,chunk,stage,wall_s")
