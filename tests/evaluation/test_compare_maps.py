"""Comparisons of maps: Wilcoxon over the patients, tissue by tissue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import wilcoxon

from rerad.evaluation.compare import COLUMNS, PAIRED, compare
from rerad.metrics.agreement import MOMENTS
from rerad.training.predictions import COLUMNS as TABLES
from rerad.training.predictions import SYNTHESIS

ROOT = Path(__file__).resolve().parents[2]
NUMBER = np.arange(12)
BETTER = np.where(NUMBER < 2, -0.001, 0.01) * (NUMBER + 1)  # two patients speak for the floor, ten against it


def predictions(extra: np.ndarray | float, seed: int = 0) -> pd.DataFrame:
    """Two tissues of twelve patients, the first of them without a lesion, and training rows that must not count."""
    tables = []
    for tissue, base in (("fatty", 0.8), ("lesion", 0.6)):
        r = base + 0.001 * NUMBER + (extra if tissue == "fatty" else 0.02 * seed)
        table = pd.DataFrame({"case": [f"c{n:02d}" for n in NUMBER], "fold": NUMBER % 2 + 1, "correlation": r})
        absent = (NUMBER == 0) & (tissue == "lesion")
        table = table.assign(group="benign", tissue=tissue, **dict.fromkeys(MOMENTS, 1.0))
        table = table.assign(percent_difference=1 - r, pixels=np.where(absent, 0, 50))
        table.loc[absent, ["correlation", "percent_difference"]] = np.nan
        tables.append(table)
    whole = pd.concat(tables).assign(seed=seed, role="test", selection="last", variant="published")
    return pd.concat([whole, whole.assign(role="train", correlation=0.0, fold=whole["fold"] % 2 + 1)])[SYNTHESIS]


@pytest.fixture
def compared(tmp_path: Path) -> pd.DataFrame:
    methods = {"network": [predictions(BETTER), predictions(BETTER + 0.02, seed=1)], "floor": [predictions(0.0)]}
    paths = {}
    for name, tables in methods.items():
        paths[name] = [tmp_path / f"{name}{number}.csv" for number in range(len(tables))]
        for path, table in zip(paths[name], tables, strict=True):
            table.to_csv(path, index=False)
    compare(
        paths,
        reference=None,
        rows=["network", "floor"],
        floors=["floor"],
        comparisons=tmp_path / "comparisons.csv",
        seed=0,
        bootstraps=200,
        task="synthesis",
    )
    return pd.read_csv(tmp_path / "comparisons.csv")


def test_a_network_meets_its_floor_in_every_tissue(compared: pd.DataFrame) -> None:
    assert list(compared) == COLUMNS
    assert set(zip(compared["role"], compared["method"], compared["against"], strict=True)) == {
        ("floor", "network", "floor")
    }
    lines = compared.set_index("metric")
    assert set(lines.index) == {
        f"{name}_{tissue}" for name in ("correlation", "percent_difference") for tissue in ("fatty", "lesion")
    }
    fatty, apart = lines.loc["correlation_fatty"], BETTER + 0.01  # the mean of two seeds
    assert fatty["difference"] == pytest.approx(apart.mean())
    assert fatty["low"] < fatty["difference"] < fatty["high"]
    assert fatty["p"] == pytest.approx(wilcoxon(apart, correction=True, method="asymptotic").pvalue)
    assert (fatty["n"], fatty["seeds"], fatty["against_seeds"], fatty["family"]) == (12, 2, 1, 2)
    assert lines.loc["percent_difference_fatty", "difference"] == pytest.approx(-apart.mean())


def test_a_patient_without_the_tissue_counts_not(compared: pd.DataFrame) -> None:
    lesion = compared.set_index("metric").loc["correlation_lesion"]
    assert lesion["n"] == 11
    assert lesion["difference"] == pytest.approx(0.01)
    assert lesion["against_value"] == pytest.approx(0.6 + 0.001 * NUMBER[1:].mean())


def test_every_task_that_a_study_may_have_can_be_compared() -> None:
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "study.schema.yaml").read_text(encoding="utf-8"))
    assert set(PAIRED) == set(schema["properties"]["task"]["enum"]) == set(TABLES)
