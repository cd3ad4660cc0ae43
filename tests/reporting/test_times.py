"""The table of times: every way has its row, and the answer follows from the numbers."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_breasts import ENTRY, make_breasts

from rerad.core.errors import ReradError
from rerad.evaluation.times import DENSE, EXACT, PATCHES, RADIOMICS, SKIMAGE, Timed, time_maps
from rerad.reporting.times import worth, write_times

TIMES = {"method": "radsynth", "size": 14, "crop": 6, "turns": 1, "paper_image_s": 2400, "paper_patient_s": 11.8}
METRICS = ["task", "role", "group", "selection", "variant", "scope", "metric", "value"]


def test_every_way_is_timed_and_the_paper_stands_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "skimage" else find(name))
    breasts = make_breasts(tmp_path / "breasts")
    row = ["synthesis", "test", "all", "last", "published", "pooled", "correlation_fatty", 0.97]
    pd.DataFrame([row], columns=METRICS).to_csv(tmp_path / "metrics.csv", index=False)
    files = {"csv": tmp_path / "costs.csv", "html": tmp_path / "costs.html"}
    places = {"cases": breasts / "cases.csv", "arrays": breasts / "arrays", "metrics": tmp_path / "metrics.csv"}
    write_times(study="radsynth", times=TIMES, method=ENTRY, phantom=True, **places, **files)
    table = pd.read_csv(files["csv"]).set_index("way")
    assert [*table.index][:5] == [EXACT, DENSE, PATCHES, RADIOMICS, SKIMAGE]
    assert table.loc[EXACT, "pixels"] == 14 * 14
    assert table.loc[DENSE, "pixels"] == 10 * 10
    assert table.loc[PATCHES, "pixels"] == 6 * 10  # of as many rows as the slow ways get
    assert table.loc[RADIOMICS, "pixels"] == 36
    assert (table.loc[[EXACT, DENSE, PATCHES, RADIOMICS], "pixels_per_s"] > 0).all()
    assert math.isnan(table.loc[SKIMAGE, "pixels_per_s"])
    assert "not installed" in table.loc[SKIMAGE, "note"]
    assert table.loc["paper: GLCM on a GPU", "pixels_per_s"] == pytest.approx(512 * 512 / 2400)
    assert "r = 0.970 (fatty)" in files["html"].read_text()


def test_the_answer_follows_from_the_times() -> None:
    ways = {EXACT: 10.0, DENSE: 2.0, PATCHES: 0.5}
    slower = [Timed(way, 100, 100 / rate) for way, rate in ways.items()]
    told = worth(slower, {"fatty": 0.9})
    assert "Not on this machine" in told
    assert "makes 5 times" in told
    assert "20 times as many as patch by patch" in told
    faster = [Timed(way, 100, 100 / rate) for way, rate in {**ways, DENSE: 30.0}.items()]
    assert "For its speed: over whole slices it makes 3 times" in worth(faster, {})


def test_a_slice_without_a_window_is_refused() -> None:
    with pytest.raises(ReradError, match="no window to time"):
        time_maps(np.ones((4, 9), np.uint8), {}, count=64, crop=4, turns=1)
