"""The study of gene expression goes through the rules, from its cohort to its tables and figures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest
from tiny_run import command, read_cohort

from rerad.cohorts.tcga_gbm.stored import open_expression

pytestmark = pytest.mark.workflow

COHORT, STUDY = "results/tiny/cohorts/tcga_gbm", "results/tiny/radiogenomics"
ALONE = (
    "studies={chmfl: {enabled: false}, mmnas: {enabled: false}, nas3dunet: {enabled: false}, "
    "radiogenomics: {enabled: true}}"
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("genes")
    line = command(folder, "radiogenomics", f"{COHORT}/quality", config=(ALONE,))
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout
    return folder


def test_the_cohort_is_acquired_prepared_split_described_and_pictured(finished: Path) -> None:
    patients = read_cohort(finished, "tcga_gbm")
    cases, splits = patients.cases, patients.splits
    features = pd.read_csv(patients.folder / "features.csv")
    included = cases.loc[cases["included"] == 1, "case"].tolist()
    assert len(cases) == 12
    assert included == cases["case"].tolist()[: len(included)]
    assert set(splits["case"]) == set(included)
    assert splits["fold"].nunique() == 3
    assert features["case"].tolist() == included
    assert features.shape[1] == 21
    assert (features.drop(columns="case") > 0).all(axis=None)
    assert patients.pictures == included
    assert open_expression(patients.arrays).values.shape == (12, 30)
    assert pd.read_csv(patients.folder / "features_flow.csv").empty
    assert set(patients.flow["status"]) == {"expression only", "noted"}
    assert patients.credit.startswith("# PHANTOM")


def test_every_method_predicts_every_patient_s_features(finished: Path) -> None:
    features = pd.read_csv(finished / COHORT / "features.csv")
    for method in ("nn_pretrained_dropout", "linear", "median"):
        folder = finished / "results/tiny/trained/tcga_gbm" / method / "seed0" / "all"
        table = pd.read_csv(folder / "predictions_regression.csv").query("role == 'test' and selection == 'last'")
        assert set(table["variant"]) == {"published", "fold_safe", "nested"}
        assert table.groupby("variant").size().tolist() == [20 * len(features)] * 3
        assert (table["prediction"] >= 0).all() or method == "linear"


def test_tables_and_figures_are_there(finished: Path) -> None:
    tables = finished / STUDY / "tables"
    assert len(pd.read_csv(tables / "table3.csv")) == len(pd.read_csv(tables / "table4.csv")) == 20
    summary, errors = pd.read_csv(tables / "table2.csv").set_index("metric"), pd.read_csv(tables / "table3.csv")
    won = (errors["nn_pretrained_dropout"] < errors["linear"]).sum()
    assert summary.loc["n_features_lower_mae", "nn_pretrained_dropout"] == won
    assert len(pd.read_csv(tables / "penalties.csv")) == 20
    assert (tables / "penalties_genes.csv").is_file()
    assert {path.name for path in (finished / STUDY / "figures").iterdir()} == {
        f"{name}.{form}" for name in ("fig2", "fig3") for form in ("png", "svg")
    }
