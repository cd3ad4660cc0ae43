"""The study of synthesised maps: rows and columns are the published ones, and its tables say what the numbers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rerad.cohorts import about
from rerad.reporting.published import read_published
from rerad.reporting.tables import tabulate
from rerad.studies import Plan, load
from rerad.studies.merge import merge


@pytest.fixture(scope="module")
def paper(root: Path) -> Plan:
    file = root / "config" / "config.yaml"
    enabled = {"studies": {"radsynth": {"enabled": True}}}
    return load(merge(yaml.safe_load(file.read_text()), enabled), root=root, files=[file])


def test_tables_have_the_published_rows_and_together_the_published_columns(root: Path, paper: Plan) -> None:
    study = paper.studies["radsynth"]
    published = read_published(root / "config" / "published" / "radsynth_table1.csv")
    for name in ("table1a", "table1b"):
        assert [row["method"] for row in study["tables"][name]["rows"]] == [*published.printed]
    assert [*study["tables"]["table1a"]["columns"], *study["tables"]["table1b"]["columns"]] == published.columns
    assert {row["group"]: row["paper_cases"] for row in study["tables"]["table1a"]["rows"]} == {
        "normal": 4, "benign": 10, "malignant": 10,
    }  # fmt: skip
    recipe = study["methods"]["radsynth"]["recipe"]
    assert (recipe["batch"], recipe["windows"]["levels"], recipe["loss"]) == (2000, 64, {"values": "rmse"})


@pytest.mark.parametrize(("patients", "verdict"), [(4, "above"), (3, "not comparable: 3 patients, 4 in the paper")])
def test_a_row_has_its_tissues_values_and_the_groups_size(
    root: Path, paper: Plan, tmp_path: Path, patients: int, verdict: str
) -> None:
    values = {"correlation_fatty": 0.99, "correlation_glandular": 0.5, "bias_fatty": 0.1}
    lead = {"task": "synthesis", "scope": "pooled", "selection": "last", "variant": "published", "role": "test"}
    rows = [
        {**lead, "group": "normal", "metric": name, "value": v, "low": v - 0.01, "high": v + 0.01, "n": patients}
        for name, v in values.items()
    ]
    pd.DataFrame(rows).assign(sd="", n_positive="").to_csv(tmp_path / "metrics.csv", index=False)
    told, size = about("breast"), {"cases": 24, "positives": 10}
    cohort: dict[str, Any] = {
        "name": "breast", "source": "idc", "phantom": False, "paper_cases": 24, "paper_positives": 10, "size": "24 patients",
        "paper_size": told.paper_size(size), "counted": told.COUNTED, "judged": told.JUDGED, "notes": [],
    }  # fmt: skip
    files = {form: tmp_path / f"table1a.{form}" for form in ("csv", "md", "html", "tex")}
    published = root / "config" / "published" / "radsynth_table1.csv"
    table = paper.studies["radsynth"]["tables"]["table1a"]
    metrics = {"radsynth": tmp_path / "metrics.csv"}
    tabulate(
        table=table, study="radsynth", cohort=cohort, published=published, metrics=metrics, costs={},
        primary="correlation", **files,
    )  # fmt: skip
    found = pd.read_csv(files["csv"]).set_index("method")
    assert [name for name in found.columns if name.endswith("_published")] == ["correlation_published"]
    assert found.loc["normal_fatty", "correlation"] == 0.99
    assert found.loc["normal_fatty", "correlation_published"] == 0.97
    assert found.loc["normal_fatty", "verdict"] == verdict
    assert found.loc["normal_glandular", "correlation"] == 0.5
    assert found.loc["benign_lesion", "verdict"] == "no case of the group benign"
