"""The breast cohort goes through the rules that serve every cohort, as soon as a study asks for it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny_run import command

from rerad.cohorts.breast.tissues import FATTY, GLANDULAR
from rerad.core.splits import read_splits
from rerad.imaging.stored import open_case

pytestmark = pytest.mark.workflow

STUDY = {
    "title": "Breasts",
    "reference": {"authors": "A", "title": "T", "venue": "V", "year": 2018},
    "cohort": "breast",
    "paper_cohort": {"cases": 24, "positives": 10},
    "folds": 2,
    "task": "classification",
    "primary": "auc",
    "compare_with": None,
    "methods": {"majority": {"model": "majority", "modalities": ["MR"], "recipe": {}}},
    "tables": {
        "table1": {
            "title": "T",
            "published": "mmnas_table1.csv",
            "rows": [{"method": "majority", "label": "M", "kind": "floor"}],
        }
    },
    "figures": {},
    "deviations": [],
}


def test_acquire_prepare_split_and_picture(root: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for name in ("config", "envs", "workflow", "profiles"):
        shutil.copytree(root / name, repository / name)
    shutil.copy(root / "Snakefile", repository)
    (repository / "src").symlink_to(root / "src")
    (repository / "config" / "studies" / "breasts.yaml").write_text(yaml.safe_dump(STUDY))
    cohort = "results/tiny/cohorts/breast"
    line = command(tmp_path, "acquire_breast", f"{cohort}/splits.csv", f"{cohort}/quality")
    line[line.index("--snakefile") + 1] = str(repository / "Snakefile")
    finished = subprocess.run(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path, check=False
    )
    assert finished.returncode == 0, finished.stdout
    folder = tmp_path / cohort
    cases = pd.read_csv(folder / "cases.csv")
    splits = read_splits(folder / "splits.csv")
    assert sorted(cases["group"]) == ["benign", "benign", "malignant", "malignant", "normal", "normal"]
    tested = splits[splits["role"] == "test"].merge(cases, on="case")
    assert tested.groupby("fold")["group"].apply(sorted).tolist() == [["benign", "malignant", "normal"]] * 2
    for case in cases["case"]:
        labels = open_case(folder / "arrays", case, channels=1).labels
        assert {FATTY, GLANDULAR} <= set(np.unique(labels))
    assert sorted(path.stem for path in (folder / "quality").glob("*.png")) == cases["case"].tolist()
    assert pd.read_csv(folder / "patient_flow.csv").empty
    assert (tmp_path / "results" / "tiny" / "data" / "breast" / "ATTRIBUTION.md").read_text().startswith("# PHANTOM")
