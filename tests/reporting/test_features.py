"""Tables of errors feature by feature: units, wins, marks and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rerad.cohorts import about
from rerad.core.errors import ReradError
from rerad.reporting.errors import NAMES, REGIONS, named
from rerad.reporting.features import tabulate_features
from rerad.reporting.sections import read_comparisons

FEATURES = [f"{region}_{name}" for region in REGIONS for name in NAMES]
METHODS = {
    "nn": 14.0, "nn_pretrained": 15.0, "nn_pretrained_dropout": 12.0, "linear": 13.0, "mean": 16.0, "median": 12.5,
}  # fmt: skip
FLOORS = {"mean": "mean_floor", "median": "median_floor"}  # the table has columns of the measured mean as well
COLUMNS = [FLOORS.get(name, name) for name in METHODS]
WON = 7  # features, the first ones, in which the network with dropout has lower errors than linear regression
PATIENTS = 109


@pytest.fixture
def metrics(tmp_path: Path) -> dict[str, Path]:
    """Errors of 12 to 15 for every feature, in mm, mm² or mm³ as in percent; the last features are lost."""
    files = {}
    for method, error in METHODS.items():
        rows = [{"metric": "mae", "value": error / 100, "low": 0.1, "high": 0.2}]
        rows += [{"metric": "mape", "value": error, "low": error - 2, "high": error + 2}]
        for place, feature in enumerate(FEATURES):
            value = error + 2 * (method == "nn_pretrained_dropout" and place >= WON)
            rows += [
                {"metric": f"{name}_{feature}", "value": value, "low": value - 1, "high": value + 1}
                for name in ("mae", "mape")
            ]
            rows += [
                {"metric": f"truth_{name}_{feature}", "value": truth}
                for name, truth in (("min", 5.0), ("max", 90.0), ("mean", 40.0))
            ]
        shared = {"task": "regression", "scope": "pooled", "selection": "last", "variant": "published", "role": "test"}
        table = pd.DataFrame(rows).assign(**shared, group="all", n=PATIENTS, sd="")
        files[method] = tmp_path / method / "metrics.csv"
        files[method].parent.mkdir()
        table.to_csv(files[method], index=False)
    return files


@pytest.fixture
def comparisons(tmp_path: Path) -> Path:
    """p of 0.002 for the first feature, which 20 tests leave significant, and of 0.003 for the second, which they do not."""
    rows = [
        {"method": "nn_pretrained_dropout", "metric": f"{error}_{name}", "p": {0: 0.002, 1: 0.003}.get(place, 0.6)}
        for error in ("mae", "mape")
        for place, name in enumerate(FEATURES)
    ]
    path = tmp_path / "comparisons.csv"
    pd.DataFrame(rows).assign(against="linear", selection="last", variant="published").to_csv(path, index=False)
    return path


@pytest.fixture
def make(
    tmp_path: Path, root: Path, metrics: dict[str, Path], comparisons: Path, write_costs: Callable[..., Path]
) -> Callable[..., tuple[pd.DataFrame, dict[str, str]]]:
    study = yaml.safe_load((root / "config" / "studies" / "radiogenomics.yaml").read_text())
    told = about("tcga_gbm")
    cohort = {
        "name": "tcga_gbm", "source": "local", "phantom": False, "paper_cases": 109, "paper_positives": 0,
        "size": "109 patients", "paper_size": "109 patients", "counted": told.COUNTED, "judged": told.JUDGED,
    }  # fmt: skip

    def run(table: str, /, failed: str | None = None, **changes: Any) -> tuple[pd.DataFrame, dict[str, str]]:
        files = {suffix: tmp_path / "out" / f"{table}.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        entry = study["tables"][table]
        entry = {**entry, "rows": [row for row in entry["rows"] if row.get("trained", row["method"]) in METHODS]}
        given: dict[str, Any] = {
            "table": entry, "study": "radiogenomics", "cohort": cohort,
            "published": root / "config" / "published" / entry["published"], "metrics": metrics,
            "costs": {name: write_costs(name, {"failed": "lost" if name == failed else None}) for name in METHODS},
            "comparisons": comparisons, "deviations": study["deviations"],
        }  # fmt: skip
        tabulate_features(**{**given, **changes}, **files)
        frame = pd.read_csv(files["csv"], keep_default_na=False)
        return frame, {suffix: path.read_text(encoding="utf-8") for suffix, path in files.items()}

    return run


def of(frame: pd.DataFrame, feature: str) -> pd.Series:
    return frame[frame["roi"] + "_" + frame["feature"] == feature].iloc[0]


def test_features_stand_in_the_paper_s_order_and_units(make: Callable) -> None:
    frame, _ = make("table3")
    assert (frame["roi"] + "_" + frame["feature"]).tolist() == FEATURES
    volume, area, diameter = (of(frame, f"edema_{name}") for name in ("volume", "surface_area", "max_diameter"))
    assert (volume["unit"], area["unit"], diameter["unit"]) == ("cm3", "cm2", "mm")
    # 13 mm³, mm² and mm in cm³, cm² and mm.
    assert [float(row["linear"]) for row in (volume, area, diameter)] == pytest.approx([0.013, 0.13, 13.0])
    assert float(area["linear_low"]) == pytest.approx(0.12)
    assert [float(diameter[name]) for name in ("min", "max", "mean", "mean_floor")] == [5, 90, 40, 16]
    assert (diameter["mean_published"], diameter["nn_published"]) == (88.3, 16.5)


def test_differences_are_marked_after_bonferroni_s_correction(make: Callable, check_html: Callable) -> None:
    frame, texts = make("table3")
    first, second = of(frame, FEATURES[0]), of(frame, FEATURES[1])
    assert (first["nn_pretrained_dropout_mark"], second["nn_pretrained_dropout_mark"]) == ("†", "")
    assert float(first["nn_pretrained_dropout_p"]) == pytest.approx(0.04)
    assert float(second["nn_pretrained_dropout_p"]) == pytest.approx(0.06)
    assert "linear_p" in frame.columns
    assert set(frame["linear_mark"]) == {""}
    check_html(texts["html"])
    assert "adjusted p &lt; 0.05" in texts["html"]
    assert "13.8†" in texts["html"]  # the paper's own


def test_verdicts_rest_on_the_network_with_dropout(make: Callable) -> None:
    frame, _ = make("table3")
    assert of(frame, "enhancing_max_diameter")["verdict"] == "below"  # 13.2 is 13.15 at least, ours 12 ± 1
    assert of(frame, "edema_minor_axis")["verdict"] == "above"  # 11.4, ours 14 ± 1
    assert set(frame["n"]) == {PATIENTS}


def test_wins_are_counted_in_what_the_tables_show(make: Callable) -> None:
    summary = make("table2")[0].set_index("metric")
    assert [float(summary.loc["mae", name]) for name in COLUMNS] == pytest.approx([e / 100 for e in METHODS.values()])
    for error, table in (("mae", "table3"), ("mape", "table4")):
        shown = make(table)[0]
        for method in COLUMNS:
            if method != "linear":
                won = (shown[method].astype(float) < shown["linear"].astype(float)).sum()
                assert float(summary.loc[f"n_features_lower_{error}", method]) == won
        assert float(summary.loc[f"n_features_lower_{error}", "nn_pretrained_dropout"]) == WON
        assert float(summary.loc[f"n_features_lower_{error}_than_median_floor", "nn_pretrained_dropout"]) == WON
        assert summary.loc[f"n_features_lower_{error}", "linear"] == ""
    assert summary.loc["n_features_lower_mae", "verdict"] == "not comparable: no interval"
    assert summary.loc["n_features_lower_mae_than_median_floor", "kind"] == "floor"


def test_equal_errors_are_nobody_s(make: Callable, metrics: dict[str, Path]) -> None:
    summary = make("table2", metrics={**metrics, "nn": metrics["linear"]})[0].set_index("metric")
    assert float(summary.loc["n_features_lower_mae", "nn"]) == 0


def test_features_below_a_floor_are_named(make: Callable) -> None:
    text = make("table4")[1]["md"]
    assert f"pre-trained + dropout has a lower MAPE than median in {WON} of 20 features: {named(FEATURES[0])}" in text
    assert named(FEATURES[WON]) not in text.split("in 7 of 20 features")[1].split("\n")[0]


@pytest.mark.parametrize("table", ["table2", "table3"])
def test_a_method_that_failed_leaves_the_others_standing(make: Callable, table: str) -> None:
    frame, texts = make(table, failed="nn")
    assert set(frame["nn"]) == {""}
    assert (frame["nn_pretrained"] != "").all()
    assert make(table, failed="nn_pretrained_dropout")[0]["verdict"].str.startswith("failed: lost").all()
    assert "nan" not in texts["html"]


def test_a_phantom_compares_with_nothing(make: Callable) -> None:
    cohort = {
        "name": "x",
        "source": "phantom",
        "phantom": True,
        "counted": "c",
        "judged": "j",
        "size": "",
        "paper_size": "",
    }
    frame, texts = make("table4", cohort={**cohort, "paper_cases": 109, "paper_positives": 0})
    assert set(frame["verdict"]) == {"not comparable: phantom cohort"}
    assert "PHANTOM" in texts["html"]


def test_a_published_row_that_stands_twice_is_refused(make: Callable, root: Path, tmp_path: Path) -> None:
    text = (root / "config" / "published" / "radiogenomics_table4.csv").read_text()
    (tmp_path / "twice.csv").write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(ReradError, match="'enhancing_volume' stands there twice"):
        make("table4", published=tmp_path / "twice.csv")


def test_the_page_compares_means_and_leaves_features_to_the_tables(tmp_path: Path) -> None:
    line = {"method": "nn", "against": "linear", "n": 3, "difference": 0.1, "p": 0.5}
    path = tmp_path / "comparisons.csv"
    pd.DataFrame([{**line, "metric": name} for name in ("mae", "mape", "mae_edema_volume")]).to_csv(path, index=False)
    found = read_comparisons(path, {"nn": "No pre-training"})
    assert len(found["rows"]) == 2
    assert "comparisons.csv" in found["notes"][-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"primary": "vgg"}, "'vgg' is no column of the table"),
        (
            {"rows": [{"method": name, "label": name, "kind": "floor"} for name in METHODS]},
            "'mean' of the table .* meas",
        ),
    ],
)
def test_columns_that_cannot_be_are_refused(make: Callable, root: Path, change: dict[str, Any], said: str) -> None:
    study = yaml.safe_load((root / "config" / "studies" / "radiogenomics.yaml").read_text())
    with pytest.raises(ReradError, match=said):
        make("table3", table={**study["tables"]["table3"], **change})
