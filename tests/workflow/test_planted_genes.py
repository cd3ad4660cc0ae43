"""Where shapes follow genes a network finds it; where the pairs are permuted no method does."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from tiny_run import ROOT, command

from rerad.evaluation.compare import compare
from rerad.evaluation.statistics import bonferroni

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

# As published alone: what the other variants cost here, a run of the study tells.
PUBLISHED = (
    "studies={radiogenomics: {bases: {network: {recipe: {variants: [published]}}, floor: {recipe: {variants: "
    "[published]}}}, methods: {nn_pretrained_dropout: {search: {nested: false}}, linear: {search: {nested: false}}}}}"
)


def errors(folder: Path, name: str, methods: Sequence[str]) -> pd.DataFrame:
    """Return the MAE of every feature (rows) by methods (columns) of a run."""
    targets = [f"results/{name}/trained/tcga_gbm/{method}/metrics.csv" for method in methods]
    line = command(folder, *targets, overlays=(ROOT / "config" / f"{name}.yaml",), config=(PUBLISHED,))
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tables = {method: pd.read_csv(folder / target) for method, target in zip(methods, targets, strict=True)}
    chosen = "scope == 'pooled' and selection == 'last' and metric.str.startswith('mae_')"
    return pd.DataFrame({name: table.query(chosen).set_index("metric")["value"] for name, table in tables.items()})


def test_the_network_of_genes_beats_the_median_where_shapes_follow_genes(tmp_path: Path) -> None:
    table = errors(tmp_path, "planted", ["nn_pretrained_dropout", "median"])
    won = table["nn_pretrained_dropout"] < table["median"]
    print(f"lower MAE than the median in {won.sum()} of {len(table)} features")
    assert len(table) == 20
    assert won.sum() >= 12


def test_permuted_pairs_leave_no_method_significantly_better_than_the_median(tmp_path: Path) -> None:
    """Of 20 features at most two, after Bonferroni's correction, by chance."""
    methods = ["nn", "nn_pretrained", "nn_pretrained_dropout", "linear", "median"]
    errors(tmp_path, "null", methods)
    base = tmp_path / "results" / "null" / "trained" / "tcga_gbm"
    files = {method: sorted(base.glob(f"{method}/seed0/*/predictions_regression.csv")) for method in methods}
    given = {"reference": None, "rows": methods, "floors": ["median"], "seed": 0, "bootstraps": 200}
    compare(files, comparisons=tmp_path / "comparisons.csv", task="regression", **given)
    lines = pd.read_csv(tmp_path / "comparisons.csv").query("selection == 'last' and metric.str.startswith('mae_')")
    for method, part in lines.groupby("method"):
        found = (bonferroni(part["p"]) < 0.05) & (part["difference"] < 0)
        print(f"{method}: {found.sum()} of {len(part)} features")
        assert len(part) == 20
        assert found.sum() <= 2
