"""Which searches a run plans, and what predict asks for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(("folds", "searches"), [("first", 1), ("each", 2)])
def test_one_search_serves_all_folds_where_it_is_told_so(tmp_path: Path, run: Run, folds: str, searches: int) -> None:
    overlay = tmp_path / "once.yaml"
    overlay.write_text(f"jobs: fold\nstudies: {{mmnas: {{methods: {{mmnas3d: {{search: {{folds: {folds}}}}}}}}}}}\n")
    trained = "results/tiny/trained/sts/mmnas3d/seed0"
    done = run(*(f"{trained}/fold{fold}/cost.json" for fold in (1, 2)), overlays=(overlay,), options=("-n",))
    assert done.returncode == 0, done.stdout
    planned = dict(re.findall(r"^ (\w+) +(\d+) *$", done.stdout, re.MULTILINE))
    assert (planned["search"], planned["train"]) == (str(searches), "2")


def test_predict_asks_for_model_and_cases(run: Run) -> None:
    done = run("predict", options=("-n",))
    assert done.returncode != 0
    assert "predict.model: null: there is nothing to predict" in done.stdout
