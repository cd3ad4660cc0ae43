"""Penalties and genes of the linear models, from what the search chose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from rerad.reporting.genes import list_genes

PENALTY = {"feature": "edema_volume", "l1_ratio": 0.5, "lam": 120.0, "r2": 0.25, "violation": 2e-10}
NONE = {**PENALTY, "feature": "edema_sphericity", "l1_ratio": None, "lam": None, "r2": -0.1}
GENES = [
    {"gene": name, "column": place, "weight": 2.0, "effect": 0.3 - place / 10, "folds": 3}
    for place, name in enumerate(("EGFR", "VEGFA", "A|B"))
]
FOLDS = {
    str(fold): {"published": {"penalties": [PENALTY]}, "nested": {"penalties": [{**PENALTY, "r2": 0.1 * fold}]}}
    for fold in (1, 2)
}


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    def go(**content: object) -> dict[str, Path]:
        chosen = tmp_path / "seed0" / "all" / "chosen.json"
        chosen.parent.mkdir(parents=True, exist_ok=True)
        models = [{**PENALTY, "genes": GENES}, {**NONE, "genes": []}]
        chosen.write_text(json.dumps({"failed": None, "folds": FOLDS, "models": models, **content}))
        files = {suffix: tmp_path / f"penalties.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        files["genes"] = tmp_path / "penalties_genes.csv"
        list_genes(study="s", table="penalties", entry={"title": "T", "genes": 2}, chosen=[chosen], **files)
        return files

    return go


def test_every_gene_is_in_its_file_and_the_largest_are_in_the_table(listed: Callable, check_html: Callable) -> None:
    files = listed()
    genes = pd.read_csv(files["genes"])
    assert genes["gene"].tolist() == ["EGFR", "VEGFA", "A|B"]
    assert set(genes["feature"]) == {"edema_volume"}
    table = pd.read_csv(files["csv"]).set_index("feature")
    assert table.loc["edema_volume", "genes"] == "EGFR, VEGFA and 1 more"
    assert table["n_genes"].tolist() == [3, 0]
    assert table.loc["edema_volume", "r2_nested"] == pytest.approx(0.15)
    text = files["html"].read_text()
    check_html(text)
    assert "edema ROI: volume" in text
    assert "2e-10" in text


def test_a_feature_without_a_model_has_dashes(listed: Callable) -> None:
    line = next(line for line in listed()["md"].read_text().splitlines() if "sphericity" in line)
    assert line.startswith("| edema ROI: sphericity | – | – | −0.100 |")


def test_a_failed_search_says_so(listed: Callable) -> None:
    files = listed(failed="out of memory", folds={})
    assert "The search failed: out of memory" in files["md"].read_text()
    assert pd.read_csv(files["genes"]).empty
