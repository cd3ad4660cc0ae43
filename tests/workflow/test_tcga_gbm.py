"""The cohort with expression goes through the rules that serve every cohort, as soon as a study asks for it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tiny_run import command

from rerad.cohorts.tcga_gbm.stored import open_expression
from rerad.core.splits import read_splits

pytestmark = pytest.mark.workflow

STUDY = {
    "title": "Radiogenomics",
    "reference": {"authors": "A", "title": "T", "venue": "V", "year": 2018},
    "cohort": "tcga_gbm",
    "paper_cohort": {"cases": 109, "positives": 1},
    "folds": 3,
    "task": "classification",
    "primary": "auc",
    "compare_with": None,
    "methods": {"majority": {"model": "majority", "modalities": ["enhancing"], "recipe": {}}},
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


def test_acquire_prepare_split_describe_and_picture(root: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for name in ("config", "envs", "workflow", "profiles"):
        shutil.copytree(root / name, repository / name)
    shutil.copy(root / "Snakefile", repository)
    (repository / "src").symlink_to(root / "src")
    (repository / "config" / "studies" / "genes.yaml").write_text(yaml.safe_dump(STUDY))
    cohort = "results/tiny/cohorts/tcga_gbm"
    line = command(tmp_path, "acquire_tcga_gbm", f"{cohort}/splits.csv", f"{cohort}/features.csv", f"{cohort}/quality")
    line[line.index("--snakefile") + 1] = str(repository / "Snakefile")
    finished = subprocess.run(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path, check=False
    )
    assert finished.returncode == 0, finished.stdout
    folder = tmp_path / cohort
    cases = pd.read_csv(folder / "cases.csv")
    splits = read_splits(folder / "splits.csv")
    features = pd.read_csv(folder / "features.csv")
    included = cases.loc[cases["included"] == 1, "case"].tolist()
    assert len(cases) == 12
    assert included == cases["case"].tolist()[: len(included)]
    assert set(splits["case"]) == set(included)
    assert splits["fold"].nunique() == 3
    assert features["case"].tolist() == included
    assert features.shape[1] == 21
    assert (features.drop(columns="case") > 0).all(axis=None)
    assert sorted(path.stem for path in (folder / "quality").glob("*.png")) == included
    assert open_expression(folder / "arrays").values.shape == (12, 30)
    assert pd.read_csv(folder / "features_flow.csv").empty
    assert set(pd.read_csv(folder / "patient_flow.csv")["status"]) == {"expression only", "noted"}
    assert (tmp_path / "results/tiny/data/tcga_gbm/ATTRIBUTION.md").read_text().startswith("# PHANTOM")
