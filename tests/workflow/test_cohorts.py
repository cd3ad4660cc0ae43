"""Cohorts of which no study is there yet go through the rules that serve every cohort, as soon as one asks for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tiny_run import command, read_cohort

from rerad.cohorts.breast.tissues import FATTY, GLANDULAR
from rerad.imaging.stored import open_case

pytestmark = pytest.mark.workflow


def study_of(cohort: str, *, modality: str, folds: int) -> dict[str, Any]:
    """Return the smallest study of a cohort."""
    return {
        "title": "T",
        "reference": {"authors": "A", "title": "T", "venue": "V", "year": 2018},
        "cohort": cohort,
        "paper_cohort": {"cases": 24, "positives": 10},
        "folds": folds,
        "task": "classification",
        "primary": "auc",
        "compare_with": None,
        "methods": {"majority": {"model": "majority", "modalities": [modality], "recipe": {}}},
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


@pytest.fixture(scope="module")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the cohorts alone went through the workflow, in one run."""
    folder = tmp_path_factory.mktemp("cohorts")
    repository = folder / "repository"
    for name in ("config", "envs", "workflow", "profiles"):
        shutil.copytree(root / name, repository / name)
    shutil.copy(root / "Snakefile", repository)
    (repository / "src").symlink_to(root / "src")
    study = study_of("breast", modality="MR", folds=2)
    (repository / "config" / "studies" / "of_breast.yaml").write_text(yaml.safe_dump(study))
    cohorts = "results/tiny/cohorts"
    targets = ["acquire_breast", *(f"{cohorts}/breast/{file}" for file in ("splits.csv", "quality"))]
    line = command(folder, *targets, repository=repository)
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_breasts_are_acquired_prepared_split_and_pictured(finished: Path) -> None:
    breasts = read_cohort(finished, "breast")
    assert sorted(breasts.cases["group"]) == ["benign", "benign", "malignant", "malignant", "normal", "normal"]
    tested = breasts.splits[breasts.splits["role"] == "test"].merge(breasts.cases, on="case")
    assert tested.groupby("fold")["group"].apply(sorted).tolist() == [["benign", "malignant", "normal"]] * 2
    for case in breasts.cases["case"]:
        labels = open_case(breasts.arrays, case, channels=1).labels
        assert {FATTY, GLANDULAR} <= set(np.unique(labels))
    assert breasts.pictures == breasts.cases["case"].tolist()
    assert breasts.flow.empty
    assert breasts.credit.startswith("# PHANTOM")
