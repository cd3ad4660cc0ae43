"""Scores of others enter a run by an overlay alone, and their file is an input like any other."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rerad.core.splits import make_splits

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.workflow


def test_a_file_of_scores_is_an_input_of_its_rows_alone(tmp_path: Path, run: Run) -> None:
    cohort = tmp_path / "results" / "tiny" / "cohorts" / "sts"
    cohort.mkdir(parents=True)
    cases = pd.DataFrame(
        {"case": [f"P{number}" for number in range(8)], "included": 1, "target": [0, 1] * 4, "has_ct": 1}
    )
    cases.to_csv(cohort / "cases.csv", index=False)
    splits = make_splits(cases, folds=2, seed=0)
    splits.to_csv(cohort / "splits.csv", index=False)
    overlay, file = tmp_path / "mine.yaml", tmp_path / "mine.csv"
    overlay.write_text("studies: {chmfl: {external: {mine: mine.csv}}}\n")
    target = "results/tiny/trained/sts/mine/seed0/all/predictions_classification.csv"
    only = ("--allowed-rules", "train")  # the cohort is there, be it without its scans

    splits.assign(score=1.25).to_csv(file, index=False)
    refused = run(target, overlays=(overlay,), options=only)
    assert refused.returncode != 0
    told = " ".join(refused.stdout.split())
    assert f"external method mine: {file}, line 2: score '1.25' of case P0 is no probability" in told

    splits.assign(score=0.25).to_csv(file, index=False)
    taken = run(target, overlays=(overlay,), options=only)
    assert taken.returncode == 0, taken.stdout
    table = pd.read_csv(tmp_path / target)
    assert (len(table), set(table["score"])) == (16, {0.25})

    splits.assign(score=0.75).to_csv(file, index=False)
    again = run(target, overlays=(overlay,), options=(*only, "-n"))
    assert again.returncode == 0, again.stdout
    assert re.search(r"train\s+1\b", again.stdout), again.stdout
