"""Tables: the published number beside ours, in four formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.reporting.tables import tabulate

ROWS = [
    {"method": "hc_rf", "label": "HC + RF", "kind": "paper"},
    {"method": "dlhn", "trained": "cnlpc", "label": "DLHN <deep>", "kind": "paper"},
    {"method": "volume_only", "label": "Volume_alone & 100 %", "kind": "floor"},
]
VALUES = {
    "acc": (0.70833, 0.583, 0.833), "sen": (0.75, 0.55, 0.9), "spe": (0.667, 0.46, 0.84), "pre": (0.692, 0.5, 0.87),
    "f1": (0.72, 0.56, 0.84), "auc": (0.74, 0.59, 0.87),
}  # fmt: skip


@pytest.fixture
def make(
    tmp_path: Path, root: Path, cohort: dict, write_metrics: Callable[..., Path], write_costs: Callable[..., Path]
) -> Callable[..., tuple[pd.DataFrame, dict[str, str]]]:
    def run(costs: dict[str, Path] | None = None, **changes: Any) -> tuple[pd.DataFrame, dict[str, str]]:
        files = {suffix: tmp_path / "out" / f"table1.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        trained = ("hc_rf", "cnlpc", "volume_only")
        settings: dict[str, Any] = {
            "table": {"title": "Table 1. A & B", "rows": ROWS, "marks": {"*": "p < 0.05"}},
            "study": "mmnas",
            "cohort": cohort,
            "published": root / "config" / "published" / "mmnas_table1.csv",
            "metrics": {method: write_metrics(method, VALUES) for method in trained},
            "costs": costs or {method: write_costs(method, {"seed": 0}, {"seed": 1}) for method in trained},
            "primary": "acc",
        }
        tabulate(**{**settings, **changes}, **files)
        frame = pd.read_csv(files["csv"], dtype=str, keep_default_na=False).set_index("method")
        return frame, {suffix: path.read_text(encoding="utf-8") for suffix, path in files.items()}

    return run


def test_columns_of_the_contract(make: Callable) -> None:
    frame, _ = make()
    names = ("acc", "sen", "spe", "pre", "f1", "auc")
    parts = [f"{name}_{part}" for name in names for part in ("published", "low", "high")]
    assert list(frame.columns) == [
        "label", *names, *parts, "kind", "n", "n_positive", "seeds", "acc_best_test", "optimism", "verdict", "note",
    ]  # fmt: skip


def test_values_stand_where_they_belong(make: Callable) -> None:
    frame, texts = make()
    row = frame.loc["hc_rf"]
    # Pooled values of the last epoch, not those over folds or of the best test epoch.
    assert (row["acc"], row["acc_low"], row["acc_high"], row["acc_published"]) == ("0.70833", "0.583", "0.833", "0.750")
    assert (row["auc"], row["auc_published"]) == ("0.74", "0.726")
    assert (row["n"], row["n_positive"], row["seeds"], row["kind"]) == ("48", "24", "2", "paper")
    assert row["verdict"] == "within CI"
    assert row["note"].startswith("−2 patients of 48; ")
    # The row id of the study leads to the published value, the trained id to ours.
    assert frame.loc["dlhn", "auc_published"] == "0.698"
    assert frame.loc["volume_only", "verdict"] == "no published value"
    assert frame.loc["volume_only", "acc_published"] == ""
    assert "| HC + RF | paper | 0.708 [0.583, 0.833] / paper 0.750 |" in texts["md"]
    assert "not reproduced yet: mcl3d, mmnas2d, mmnas3d" in texts["html"]


def test_marks_are_kept_out_of_the_csv_and_explained(make: Callable, root: Path) -> None:
    frame, texts = make(published=root / "config" / "published" / "chmfl_table1.csv")
    assert frame.loc["hc_rf", "acc_published"] == "0.750"
    assert "0.750*" in texts["html"]
    assert "* p &lt; 0.05." in texts["html"]
    assert r"0.750\*" in texts["md"]
    assert "0.750$^{*}$" in texts["tex"]


@pytest.mark.parametrize("metric", ["acc", "auc"])
@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.8, 0.9, "above"), (0.5, 0.6, "below"), (0.7, 0.8, "within CI")]
)
def test_verdict_goes_by_the_primary_metric(
    make: Callable, write_metrics: Callable, metric: str, low: float, high: float, verdict: str
) -> None:
    values = {**VALUES, metric: ((low + high) / 2, low, high)}
    metrics = {method: write_metrics("other", values) for method in ("hc_rf", "cnlpc", "volume_only")}
    frame, texts = make(metrics=metrics, primary=metric)
    assert frame.loc["hc_rf", "verdict"] == verdict
    assert f'class="{verdict.split()[0]}"' in texts["html"]


def test_other_patients_are_not_comparable(make: Callable, write_metrics: Callable) -> None:
    metrics = {
        method: write_metrics("fewer", VALUES, n=34, positives=15) for method in ("hc_rf", "cnlpc", "volume_only")
    }
    frame, _ = make(metrics=metrics)
    assert frame.loc["hc_rf", "verdict"] == "not comparable: 34 patients, 48 in the paper"
    assert (frame.loc["hc_rf", "n"], frame.loc["hc_rf", "n_positive"]) == ("34", "15")


def test_a_phantom_is_never_a_reproduction(make: Callable, cohort: dict) -> None:
    frame, texts = make(cohort={**cohort, "phantom": True})
    assert frame.loc["hc_rf", "verdict"] == "not comparable: phantom cohort"
    assert frame.loc["hc_rf", "note"] == ""
    assert not frame["verdict"].isin(["within CI", "above", "below"]).any()
    assert all("PHANTOM" in texts[suffix] for suffix in ("md", "html", "tex"))
    assert all("PHANTOM" not in make()[1][suffix] for suffix in ("md", "html", "tex"))


def test_a_failed_method_leaves_the_others_standing(make: Callable, write_costs: Callable) -> None:
    costs = {"hc_rf": write_costs("hc_rf", {}, {"seed": 7, "failed": "ValueError:\n <bad> | value"})}
    frame, texts = make(costs=costs)
    assert frame.loc["hc_rf", "verdict"] == "failed: ValueError: <bad> | value"
    assert frame.loc["hc_rf", ["acc", "acc_low", "n"]].tolist() == ["", "", ""]
    assert frame.loc["hc_rf", "acc_published"] == "0.750"
    assert frame.loc["dlhn", "acc"] == "0.70833"
    assert "&lt;bad&gt;" in texts["html"]
    assert r"\| value" in texts["md"]


def test_empty_metrics_count_as_failed(make: Callable, write_metrics: Callable) -> None:
    empty = write_metrics("empty", {})
    good = write_metrics("good", VALUES)
    frame, _ = make(metrics={"hc_rf": empty, "cnlpc": good, "volume_only": good})
    assert frame.loc["hc_rf", "verdict"] == "failed: no predictions to evaluate"


def test_all_failed_without_published_values(make: Callable, write_metrics: Callable, check_html: Callable) -> None:
    empty = write_metrics("empty", {})
    frame, texts = make(published=None, metrics={name: empty for name in ("hc_rf", "cnlpc", "volume_only")})
    assert set(frame["verdict"]) == {"failed: no predictions to evaluate"}
    check_html(texts["html"])


def test_undefined_metric_is_a_dash(make: Callable, write_metrics: Callable) -> None:
    nan = float("nan")
    path = write_metrics("majority", {**VALUES, "pre": (nan, nan, nan)})
    frame, texts = make(metrics={"hc_rf": path, "cnlpc": path, "volume_only": path})
    assert frame.loc["volume_only", "pre"] == ""
    assert '<span class="ours">–</span>' in texts["html"]


def test_formats_are_well_formed(make: Callable, check_html: Callable) -> None:
    _, texts = make()
    checker = check_html(texts["html"])
    assert "mmnas-table1" in checker.ids
    assert "DLHN &lt;deep&gt;" in texts["html"]
    lines = [line for line in texts["md"].splitlines() if line.startswith("|")]
    widths = [line.replace(r"\|", "").count("|") for line in lines]
    assert len(lines) == 5 + 5
    assert len(set(widths[:5])) == len(set(widths[5:])) == 1
    body = [line for line in texts["tex"].splitlines() if line.endswith(r"\\")]
    assert {line.replace(r"\&", "").count("&") for line in body} == {10}
    assert r"Volume\_alone \& 100 \%" in texts["tex"]
    assert texts["tex"].isascii()


def test_optimism_is_the_gap_between_the_selections(make: Callable, write_metrics: Callable) -> None:
    metrics = {
        "hc_rf": write_metrics("a", VALUES, best_test=0.79167),
        "cnlpc": write_metrics("b", VALUES, best_test=0.625),
        "volume_only": write_metrics("c", VALUES, best_test=None),
    }
    frame, texts = make(metrics=metrics)
    # 38 of 48 instead of 34 of 48: four patients, 0.083; less than the last epoch is less than nothing.
    assert float(frame.loc["hc_rf", "optimism"]) == pytest.approx(4 / 48, abs=1e-4)
    assert frame.loc["hc_rf", ["acc", "acc_best_test"]].tolist() == ["0.70833", "0.79167"]
    assert frame.loc["volume_only", ["optimism", "acc_best_test"]].tolist() == ["", ""]
    assert "+0.083 (best_test 0.792)" in texts["md"]
    assert "−0.083" in texts["html"]
    assert "$+$0.083" in texts["tex"] or "+0.083" in texts["tex"]
    # No other cell takes the value of that selection.
    assert texts["html"].count("0.792") == texts["html"].count("best_test&nbsp;0.792") + texts["html"].count(
        "paper&nbsp;0.792"
    )


def test_without_a_second_selection_there_is_no_optimism(make: Callable, write_metrics: Callable) -> None:
    path = write_metrics("single", VALUES, best_test=None)
    frame, texts = make(metrics={"hc_rf": path, "cnlpc": path, "volume_only": path})
    assert set(frame["optimism"]) == {""}
    assert not any("ptimism" in texts[suffix] or "best_test" in texts[suffix] for suffix in ("md", "html", "tex"))


def test_a_failed_method_has_no_optimism(make: Callable, write_costs: Callable) -> None:
    frame, _ = make(costs={"hc_rf": write_costs("hc_rf", {"seed": 7, "failed": "ValueError: x"})})
    assert frame.loc["hc_rf", ["optimism", "acc_best_test"]].tolist() == ["", ""]
    assert frame.loc["dlhn", "optimism"] != ""


def test_deviations_stand_under_the_table(make: Callable, check_html: Callable) -> None:
    deviations = [
        {"topic": "Folds", "paper": "At random | 6", "ours": "50 % <each>", "why": "One split", "effect": ""},
        {"topic": "Fig. 2", "paper": "A drawing", "ours": "Left out", "why": "", "effect": ""},
    ]
    _, texts = make(deviations=deviations)
    check_html(texts["html"])
    # The report takes the fragment, and prints a study's deviations once.
    fragment = texts["html"].partition("<!-- fragment -->")[2].partition("<!-- /fragment -->")[0]
    assert "At random" not in fragment
    assert "50 % &lt;each&gt;" in texts["html"]
    assert "| Topic | Paper | Ours | Why |" in texts["md"]
    assert r"| Folds | At random \| 6 | 50 % &lt;each> | One split |" in texts["md"]
    assert r"\emph{Folds}: At random | 6 50 \% \textless{}each\textgreater{} One split" in texts["tex"]
    assert texts["tex"].count("{") == texts["tex"].count("}")


def test_the_same_bytes_twice(make: Callable) -> None:
    assert make()[1] == make()[1]


def test_broken_requests_are_named(make: Callable) -> None:
    with pytest.raises(ReradError, match="primary metric 'dice'"):
        make(primary="dice")
    with pytest.raises(ReradError, match=r"'hc_rf'.*no metrics"):
        make(metrics={})


MASKS = {
    "dice": (0.7, 0.65, 0.75), "jaccard": (0.54, 0.5, 0.6), "accuracy": (0.98, 0.97, 0.985),
    "sensitivity": (0.8, 0.75, 0.85), "specificity": (0.99, 0.985, 0.995), "hd95_mm": (9.0, 5.0, 20.0),
}  # fmt: skip
TABLE_S4 = {
    "title": "Table SIV",
    "task": "segmentation",
    "primary": "dsc",
    "columns": {"dsc": "dice", "jac": "jaccard", "acc": "accuracy", "sen": "sensitivity", "spe": "specificity"},
    "rows": [
        {"method": "vnet", "label": "V-Net", "kind": "paper"},
        {"method": "cfl", "label": "CFL", "kind": "paper"},
        {"method": "chmfl", "trained": "chmfl", "label": "CHMFL", "kind": "paper"},
    ],
}


@pytest.fixture
def make_masks(make: Callable, root: Path, write_metrics: Callable, write_costs: Callable) -> Callable:
    def run(**changes: Any) -> tuple[pd.DataFrame, dict[str, str]]:
        names = ("vnet", "cfl", "chmfl")
        both = pd.concat(
            [
                pd.read_csv(write_metrics("c", VALUES)),
                pd.read_csv(write_metrics("s", MASKS, best_test=0.78, task="segmentation")),
            ]
        )
        path = write_metrics("both", {})
        both.to_csv(path, index=False)
        settings: dict[str, Any] = {
            "table": TABLE_S4,
            "study": "chmfl",
            "published": root / "config" / "published" / "chmfl_tables4.csv",
            "metrics": dict.fromkeys(names, path),
            "costs": {name: write_costs(name) for name in names},
        }
        return make(**{**settings, **changes})

    return run


def test_a_table_of_masks_has_the_published_columns(make_masks: Callable, check_html: Callable) -> None:
    frame, texts = make_masks()
    names = ("dsc", "jac", "acc", "sen", "spe")
    parts = [f"{name}_{part}" for name in names for part in ("published", "low", "high")]
    assert list(frame.columns) == [
        "label", *names, *parts, "kind", "n", "n_positive", "seeds", "dsc_best_test", "optimism", "verdict", "note",
    ]  # fmt: skip
    row = frame.loc["chmfl"]
    # acc is the accuracy of voxels, not that of patients in the same metrics.csv.
    assert row[["dsc", "jac", "acc", "sen", "spe"]].tolist() == ["0.7", "0.54", "0.98", "0.8", "0.99"]
    assert row[["dsc_published", "dsc_low", "dsc_high"]].tolist() == ["0.722", "0.65", "0.75"]
    assert row[["n", "n_positive", "kind", "seeds"]].tolist() == ["48", "", "paper", "1"]
    assert float(row["optimism"]) == pytest.approx(0.08)
    check_html(texts["html"])
    assert 'title="Dice similarity coefficient"' in texts["html"]
    assert "voxels of each case" in texts["md"]
    assert not any("Wilson" in texts[suffix] or "threshold" in texts[suffix] for suffix in ("md", "html", "tex"))


def test_the_verdict_on_masks_counts_no_patients(make_masks: Callable) -> None:
    frame, _ = make_masks()
    assert frame["verdict"].tolist() == ["within CI"] * 3
    assert frame.loc["vnet", "note"].startswith("−0.016; a difference below 0.071 ")
    frame, _ = make_masks(table={**TABLE_S4, "primary": "acc"})
    # 0.988 in the paper, 0.97 to 0.985 here: as an accuracy of voxels it is told in its own unit, too.
    assert frame.loc["chmfl", "verdict"] == "below"
    assert frame.loc["chmfl", "note"].startswith("−0.008; ")


def test_a_method_without_masks_failed_in_a_table_of_masks(make_masks: Callable, write_metrics: Callable) -> None:
    frame, _ = make_masks(metrics=dict.fromkeys(("vnet", "cfl", "chmfl"), write_metrics("c", VALUES)))
    assert set(frame["verdict"]) == {"failed: no predictions to evaluate"}


def test_a_row_may_name_its_selection(make_masks: Callable) -> None:
    rows = [{**TABLE_S4["rows"][0], "selection": "best_test"}]
    frame, _ = make_masks(table={**TABLE_S4, "rows": rows})
    assert frame.loc["vnet", ["dsc", "optimism"]].tolist() == ["0.78", ""]
