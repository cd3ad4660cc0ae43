"""Where a signal is planted the baseline finds it; where the labels are permuted the tables say so."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from tiny_run import ROOT, TINY, command

from rerad.evaluation.statistics import holm
from rerad.studies import load
from rerad.studies.check import read_yaml
from rerad.studies.merge import merge
from rerad.training.code import is_network

pytestmark = pytest.mark.workflow


def result(folder: Path, run: str, method: str, metric: str, *, cohort: str = "sts") -> float:
    metrics = pd.read_csv(folder / "results" / run / "trained" / cohort / method / "metrics.csv")
    (row,) = metrics.query(
        "metric == @metric and scope == 'pooled' and selection == 'last' and variant == 'published' "
        "and role == 'test' and group == 'all'"
    ).itertuples()
    return float(row.value)


def run(line: list[str], folder: Path) -> None:
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def planted(tmp_path: Path, methods: Sequence[str]) -> Iterator[Path]:
    """Yield the folders of five planted cohorts with some methods trained and evaluated."""
    targets = [f"results/planted/trained/sts/{method}/metrics.csv" for method in methods]
    for seed in range(5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        config = (f"cohorts={{sts: {{seed: {seed}}}}}", "jobs=fold")
        run(command(folder, *targets, overlays=(ROOT / "config" / "planted.yaml",), config=config), folder)
        yield folder


@pytest.mark.slow
def test_hc_rf_finds_what_was_planted(tmp_path: Path) -> None:
    reached, volume = [], []
    for folder in planted(tmp_path, ["hc_rf", "volume_only"]):
        reached.append(result(folder, "planted", "hc_rf", "auc"))
        volume.append(result(folder, "planted", "volume_only", "auc"))
        oracle = pd.read_csv(folder / "results/planted/data/sts/oracle.csv").dropna()
        assert area(oracle) == pytest.approx(0.95, abs=0.02)
    print(f"HC + RF {[round(value, 3) for value in reached]}, volume {[round(value, 3) for value in volume]}")
    assert sum(reached) / len(reached) >= 0.80
    assert max(volume) <= 0.75


@pytest.mark.slow
def test_chmfl_finds_what_was_planted(tmp_path: Path) -> None:
    folders = list(planted(tmp_path, ["chmfl"]))
    auc, dice = ([result(folder, "planted", "chmfl", metric) for folder in folders] for metric in ("auc", "dice"))
    print(f"CHMFL AUC {[round(value, 3) for value in auc]}, DSC {[round(value, 3) for value in dice]}")
    assert sum(auc) / len(auc) >= 0.75
    assert sum(dice) / len(dice) >= 0.6


@pytest.mark.slow
def test_both_networks_find_planted_gliomas(tmp_path: Path) -> None:
    methods = ("nas3dunet", "unet3d")
    targets = [f"results/planted/trained/brats/{method}/metrics.csv" for method in methods]
    overlays = (ROOT / "config" / "planted.yaml",)
    run(command(tmp_path, *targets, overlays=overlays, config=("jobs=fold",)), tmp_path)
    dice = {method: result(tmp_path, "planted", method, "dice_wt", cohort="brats") for method in methods}
    print(f"Dice of the whole tumour: {dice}")
    assert min(dice.values()) >= 0.80


@pytest.mark.slow
def test_no_network_differs_from_chance_where_the_labels_are_permuted(tmp_path: Path) -> None:
    """The scores of cases that a network did not see, of positive against negative ones; Holm over the networks."""
    files = [ROOT / "config" / "config.yaml", ROOT / "config" / "null.yaml"]
    trained = load(merge(*map(read_yaml, files)), root=ROOT, files=files).methods["sts"]
    networks = [method for method, settings in trained.items() if is_network(settings) and settings["model"] != "vnet"]
    folder = tmp_path / "results" / "null" / "trained" / "sts"
    targets = [f"results/null/trained/sts/{method}/metrics.csv" for method in networks]
    run(command(tmp_path, *targets, overlays=(files[1],)), tmp_path)
    scores = [pd.read_csv(folder / method / "seed0/all/predictions_classification.csv") for method in networks]
    unseen = [table.query("role == 'test' and selection == 'last'") for table in scores]
    p = [mannwhitneyu(*(part["score"] for _, part in table.groupby("target"))).pvalue for table in unseen]
    found = pd.DataFrame({"p": p, "holm": holm(p)}, index=networks)
    print(found.round(3).to_string())
    assert len(networks) > 30
    assert all(len(table) == 48 for table in unseen)
    assert found["holm"].min() >= 0.05


def area(oracle: pd.DataFrame) -> float:
    """AUC as the share of pairs in the right order."""
    positive = oracle.loc[oracle["target"] == 1, "risk"].to_numpy()
    negative = oracle.loc[oracle["target"] == 0, "risk"].to_numpy()
    return float((positive[:, None] > negative[None, :]).mean())


def test_permuted_labels_change_the_pairing_alone(tmp_path: Path) -> None:
    target = "results/tiny/cohorts/sts/splits.csv"
    tables = {}
    for name, config in (("plain", ()), ("permuted", ("permute_labels=1",))):
        folder = tmp_path / name
        folder.mkdir()
        run(command(folder, target, overlays=(TINY,), config=config), folder)
        tables[name] = pd.read_csv(folder / "results/tiny/cohorts/sts/cases.csv").set_index("case")
    plain, permuted = tables["plain"], tables["permuted"]
    assert list(plain.index) == list(permuted.index)
    assert (plain["target"].fillna(-1) != permuted["target"].fillna(-1)).any()
    assert plain["target"].sum() == permuted["target"].sum()
    unchanged = ["row", "included", "has_ct", "crop_ml"]
    pd.testing.assert_frame_equal(plain[unchanged], permuted[unchanged])
