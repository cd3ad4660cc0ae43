"""Tables of gliomas: columns by region, training and held-out cases, grades apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rerad.cohorts import about
from rerad.core.errors import ReradError
from rerad.reporting.rendering import meaning, metric
from rerad.reporting.tables import tabulate

MEASURES = {"dice": "dice", "sens": "sensitivity", "spec": "specificity", "haus": "hd95_mm"}
COLUMNS = {
    f"{name}_{region}": f"{source}_{region}" for name, source in MEASURES.items() for region in ("et", "wt", "tc")
}
VALUES = {metric: 0.7 + 0.01 * number for number, metric in enumerate(COLUMNS.values())} | {
    f"hd95_mm_{region}": 5.0 + number for number, region in enumerate(("et", "wt", "tc"))
}
ROWS = [
    {"method": "unet3d", "label": "3D-U-Net", "kind": "paper"},
    {"method": "nas3dunet", "label": "NAS-3D-U-Net", "kind": "paper"},
    {"method": "random_unet3d", "label": "By lot", "kind": "control"},
]
TABLE: dict[str, Any] = {
    "title": "Table 3", "task": "segmentation", "primary": "dice_wt", "columns": COLUMNS, "rows": ROWS,
}  # fmt: skip


@pytest.fixture
def gliomas() -> dict[str, Any]:
    told, paper = about("brats"), {"cases": 335, "positives": 259}
    return {
        "name": "brats", "source": "local", "phantom": False, "paper_cases": 335, "paper_positives": 259,
        "size": "335 patients (259 HGG, 76 LGG)", "paper_size": told.paper_size(paper), "counted": told.COUNTED,
        "judged": told.JUDGED, "notes": ["17 of 335 cases have no enhancing tumour (ET)."],
    }  # fmt: skip


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """metrics.csv: training cases are 0.1 better than held-out ones, HGG 0.05 than all; 335 cases, 259 HGG."""
    rows = []
    for role, better in (("test", 0.0), ("train", 0.1)):
        for group, more, n in (("all", 0.0, 335), ("HGG", 0.05, 259)):
            for name, value in VALUES.items():
                here = value + better + more
                row = {"task": "segmentation", "metric": name, "scope": "pooled", "selection": "last", "sd": ""}
                row |= {"variant": "published", "role": role, "group": group, "value": here, "n": n, "n_positive": ""}
                rows.append({**row, "low": here - 0.02, "high": here + 0.02})
    path = tmp_path / "metrics.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture
def make(
    tmp_path: Path, root: Path, gliomas: dict, measured: Path, write_costs: Callable
) -> Callable[..., tuple[pd.DataFrame, dict[str, str]]]:
    def run(change: dict[str, Any], **changes: Any) -> tuple[pd.DataFrame, dict[str, str]]:
        files = {suffix: tmp_path / "out" / f"table3.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        methods = [row["method"] for row in ROWS]
        settings: dict[str, Any] = {
            "table": {**TABLE, **change}, "study": "nas3dunet", "cohort": gliomas,
            "published": root / "config" / "published" / "nas3dunet_table3.csv", "primary": "dice_wt",
            "metrics": dict.fromkeys(methods, measured), "costs": {name: write_costs(name) for name in methods},
        }  # fmt: skip
        tabulate(**{**settings, **changes}, **files)
        frame = pd.read_csv(files["csv"], dtype=str, keep_default_na=False).set_index("method")
        return frame, {suffix: path.read_text(encoding="utf-8") for suffix, path in files.items()}

    return run


def test_training_cases_stand_beside_the_published_ones(make: Callable, check_html: Callable) -> None:
    frame, texts = make({"role": "train"})
    row = frame.loc["nas3dunet"]
    # dice_wt is the second metric: 0.71 of held-out cases, 0.1 more of those trained on.
    assert float(row["dice_wt"]) == pytest.approx(0.81)
    assert (row["dice_wt_published"], row["haus_tc_published"], row["n"]) == ("0.92", "3.64", "335")
    assert float(row["haus_et"]) == pytest.approx(5.1)
    assert row["verdict"] == "below"
    assert frame.loc["random_unet3d", ["kind", "verdict"]].tolist() == ["control", "no published value"]
    assert list(frame.columns[1:13]) == list(COLUMNS)
    check_html(texts["html"])
    for text in (texts["md"], texts["html"]):
        assert "mean over the training cases" in text
        assert "resubstitution" in text
        assert "whole image" in text
        assert "Dice 1, Hausdorff distance 0" in text
        assert "the diagonal of the image" in text
        assert "17 of 335 cases have no enhancing tumour" in text
        assert "335 patients (259 HGG, 76 LGG); the paper: 335 patients (259 HGG, 76 LGG)." in text
        assert "metastases" not in text
    assert 'title="95 % Hausdorff distance (mm) of ET"' in texts["html"]
    assert ">WT Dice<" in texts["html"]


def test_held_out_cases_are_others_than_the_papers(make: Callable, root: Path) -> None:
    published = root / "config" / "published" / "nas3dunet_table4.csv"
    frame, texts = make({"other_patients": "125 other patients, labels hidden"}, published=published)
    row = frame.loc["unet3d"]
    assert float(row["dice_wt"]) == pytest.approx(0.71)
    assert (row["dice_wt_published"], row["haus_wt_published"]) == ("0.89", "5.68")
    assert row["verdict"] == "not comparable: 125 other patients, labels hidden"
    assert "Held-out cases" in texts["md"]
    assert "resubstitution" not in texts["md"]


def test_grades_are_rows_of_a_table_without_published_values(make: Callable, check_html: Callable) -> None:
    columns = {name: COLUMNS[name] for name in ("dice_wt", "haus_wt")}
    rows = [
        {"method": f"unet3d_{grade.lower()}", "trained": "unet3d", "group": grade, "label": grade, "kind": "paper"}
        for grade in ("HGG", "LGG")
    ]
    frame, texts = make({"columns": columns, "rows": rows}, published=None)
    assert float(frame.loc["unet3d_hgg", "dice_wt"]) == pytest.approx(0.76)
    assert frame.loc["unet3d_hgg", ["n", "verdict"]].tolist() == ["259", "no published value"]
    # Nobody failed: this cohort has none of that grade, as the Decathlon's has no grades at all.
    assert frame.loc["unet3d_lgg", ["dice_wt", "n", "verdict"]].tolist() == ["", "", "no case of the group LGG"]
    assert 'class="none"' in texts["html"]
    assert list(frame.columns[1:3]) == ["dice_wt", "haus_wt"]
    check_html(texts["html"])


@pytest.mark.parametrize(
    ("name", "heading", "full"),
    [
        ("dice_wt", "WT Dice", "Dice of WT"),
        ("haus_et", "ET HD95, mm", "95 % Hausdorff distance (mm) of ET"),
        ("hd95_mm", "HD95, mm", "95 % Hausdorff distance (mm)"),
        ("hd95_mm_tc", "TC HD95, mm", "95 % Hausdorff distance (mm) of TC"),
        ("auc", "AUC", "AUC"),
        ("other_wt", "other_wt", "other_wt"),
        ("other", "other", "other"),
    ],
)
def test_columns_of_regions_are_named(name: str, heading: str, full: str) -> None:
    assert (metric(name), meaning(name)) == (heading, full)


def test_a_table_of_metrics_of_an_older_version_is_named(make: Callable, measured: Path) -> None:
    pd.read_csv(measured).drop(columns="role").to_csv(measured, index=False)
    with pytest.raises(ReradError, match=r"the column 'role' is missing.*Remove the tables"):
        make({})


def test_published_tables_have_these_columns(root: Path) -> None:
    for table in ("table3", "table4"):
        published = pd.read_csv(root / "config" / "published" / f"nas3dunet_{table}.csv")
        assert list(published.columns) == ["method", *COLUMNS]
    schema = yaml.safe_load((root / "workflow" / "schemas" / "study.schema.yaml").read_text())
    assert {"role", "other_patients"} <= set(schema["$defs"]["table"]["properties"])
