"""A small run made by hand: predictions, metrics, costs, prepared cohort."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.evaluation.costs import gather_costs, join_costs
from rerad.evaluation.evaluate import evaluate
from rerad.reporting.figures.confusion import plot_confusion
from rerad.reporting.figures.quality import picture_cases
from rerad.reporting.page import write_report
from rerad.reporting.provenance import collect
from rerad.reporting.tables import tabulate
from rerad.training.predictions import gather

METRICS = ("acc", "sen", "spe", "pre", "f1", "auc")
PAGE_ROWS = [
    {"method": "hc_rf", "label": "HC + RF", "kind": "paper"},
    {"method": "volume_only", "label": "Volume <alone>", "kind": "floor"},
]
FINDINGS = """study,table,row,column,printed,implied,finding,kind,assumption,margin
chmfl,table1,mor_cnn3d,spe,0.780,0.708,The printed 0.780 is no <k>/24,no_integer_matrix,24 + 24 cases,0.012
mmnas,table1,mmnas3d,auc,0.896,0.896,AUC equals balanced accuracy,auc_of_labels,,0.0005
chmfl,claims,,fpr,8.3 %,16.7 %,4/48 is no false positive rate,claim,24 negatives,
chmfl,table1,mcl3d,spe,0.797,0.796,A digit,last_digit,24 + 24 cases,0.0005
radsynth,table1,,correlation,0.96,0.96,The mean of the column is as printed,agrees_mean,,0
nas3dunet,table4,nas3dunet,haus_wt,8.12,,"Worse than 3D-U-Net, which has 5.68",claim,,2.44
"""
COMPARISONS = """method,against,selection,variant,metric,n,difference,low,high,test,p,p_holm,detectable,detectable_patients,extra
volume_only,hc_rf,last,published,acc,20,-0.05,-0.2,0.1,"McNemar, exact",0.00004,0.5,0.366,8,x
volume_only,hc_rf,best_test,published,auc,20,0,-0.1,0.1,DeLong,0.9,1,0.15,,x
"""


VOID = {"meta", "link", "img", "br", "input", "hr"}


class Checker(HTMLParser):
    """Balance of tags and what the page would load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            value = given.get(name) or ""
            if tag == "a" and value:
                self.targets.append(value)
            elif value and not value.startswith("data:"):
                self.loads.append(f"{tag} {value}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without its start"
        assert self.open.pop() == tag


def _check_html(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    assert checker.loads == []
    assert len(checker.ids) == len(set(checker.ids))
    assert "url(" not in text
    assert "@import" not in text
    return checker


@pytest.fixture
def check_html() -> Callable[[str], Checker]:
    """A function that refuses HTML with open tags, ids given twice or anything to load; returns what it saw."""
    return _check_html


@pytest.fixture
def cohort() -> dict[str, Any]:
    """A cohort of the paper's own size."""
    return {
        "name": "sts", "source": "local", "paper_cases": 48, "paper_positives": 24,
        "size": "48 patients, 24 with distant metastases", "paper_size": "48 and 24", "phantom": False,
        "counted": "patients (with distant metastases)", "judged": "each case's whole box", "notes": ["A note on the cohort."],
    }  # fmt: skip


@pytest.fixture
def write_metrics(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes metrics.csv from metric → (value, low, high), and fold rows."""

    def write(
        name: str,
        values: dict[str, tuple[float, float, float]],
        n: int = 48,
        positives: int = 24,
        best_test: float | None = 0.999,
        task: str = "classification",
    ) -> Path:
        rows = []
        for metric, (value, low, high) in values.items():
            shared = {"task": task, "metric": metric, "selection": "last", "variant": "published", "role": "test"}
            shared["group"] = "all"
            row = {**shared, "scope": "pooled", "value": value, "low": low, "high": high, "sd": "", "n": n}
            if task == "classification":
                row |= {"n_positive": positives, "wilson_low": low, "wilson_high": high}
            rows.append(row)
            rows.append({**shared, "scope": "fold", "value": value - 0.01, "low": low, "high": high, "sd": 0.1, "n": 6})
            if best_test is not None:
                rows.append({**row, "selection": "best_test", "value": best_test})
        path = tmp_path / name / "metrics.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = [
            "task",
            "metric",
            "scope",
            "selection",
            "variant",
            "role",
            "group",
            "value",
            "low",
            "high",
            "sd",
            "n",
            "wilson_low",
            "wilson_high",
            "n_positive",
        ]
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
        return path

    return write


@pytest.fixture
def write_cost(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a cost.json where a run puts it."""

    def write(method: str, *, seed: int = 0, chunk: str = "all", failed: str | None = None) -> Path:
        path = tmp_path / "trained" / "sts" / method / f"seed{seed}" / chunk / "cost.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "method": method, "seed": seed, "folds": [1], "threads": 1, "failed": failed, "wall_s": 12.5, "cpu_s": 11.0,
            "peak_rss_mb": 300.0, "device": "cpu", "gpu_s": 0.0, "peak_gpu_mb": 0.0,
        }  # fmt: skip
        path.write_text(json.dumps(record))
        return path

    return write


@pytest.fixture
def write_costs(tmp_path: Path, write_cost: Callable[..., Path]) -> Callable[..., Path]:
    """A function that writes costs.csv of a method from a cost.json of each of ``trainings`` (seed, chunk, failed)."""

    def write(method: str, *trainings: Mapping[str, Any]) -> Path:
        csv = tmp_path / "trained" / "sts" / method / "costs.csv"
        gather_costs([write_cost(method, **training) for training in trainings or ({},)], csv=csv)
        return csv

    return write


@pytest.fixture
def write_predictions(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes predictions of ``cases`` cases in six folds; higher ``skill``, better scores."""

    def write(method: str, *, seed: int = 0, cases: int = 48, skill: float = 1.0) -> Path:
        generator = np.random.default_rng([len(method), seed])
        target = np.tile([0, 1], cases // 2)
        score = 1 / (1 + np.exp(-(skill * (target - 0.5) + generator.normal(0, 1, cases))))
        frame = pd.DataFrame(
            {
                "case": [f"STS_{index:03d}" for index in range(1, cases + 1)],
                "fold": np.arange(cases) // 2 % 6 + 1,
                "seed": seed,
                "role": "test",
                "selection": "last",
                "variant": "published",
                "target": target,
                "score": score,
            }
        )
        path = tmp_path / "trained" / "sts" / method / f"seed{seed}" / "all" / "predictions_classification.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.concat([frame, frame.assign(role="train", score=0.5)]).to_csv(path, index=False)
        return path

    return write


@pytest.fixture
def write_trained(tmp_path: Path, write_predictions: Callable[..., Path]) -> Callable[..., tuple[list[Path], Path]]:
    """A function that writes predictions of some seeds and evaluates them."""

    def write(method: str, *, seeds: int = 1, **options: Any) -> tuple[list[Path], Path]:
        files = [write_predictions(method, seed=seed, **options) for seed in range(seeds)]
        metrics = tmp_path / "trained" / "sts" / method / "metrics.csv"
        evaluate({"classification": files}, metrics=metrics, bootstraps=100, seed=0)
        gather(files, "classification", csv=metrics.with_name("predictions_classification.csv"))
        return files, metrics

    return write


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A prepared cohort of three cases: with CT, without CT, and one excluded by its outcome."""
    folder = tmp_path / "cohorts" / "sts"
    (folder / "arrays").mkdir(parents=True)
    generator = np.random.default_rng(0)
    z, y, x = np.meshgrid(np.arange(36), np.arange(28), np.arange(28), indexing="ij")
    body = ((y - 14) / 12) ** 2 + ((x - 14) / 13) ** 2 < 1
    ball = ((z - 20) / 7) ** 2 + ((y - 13) / 5) ** 2 + ((x - 16) / 6) ** 2 < 1
    pet = np.where(body, generator.normal(-0.2, 0.1, body.shape) + 3 * ball, 0).astype(np.float32)
    ct = np.where(body, generator.normal(0.5, 0.2, body.shape) + 0.4 * ball, -1.5).astype(np.float32)
    np.save(folder / "arrays" / "PET.npy", np.stack([pet] * 3))
    np.save(folder / "arrays" / "CT.npy", np.stack([ct, 0 * ct, ct]))
    np.save(folder / "arrays" / "GTV.npy", np.stack([ball] * 3).astype(np.uint8))
    (folder / "cases.csv").write_text(
        "case,row,included,target,outcome,has_ct,crop_ml,cropped\n"
        "STS_001,0,1,1,Mets – lungs,1,900.5,0\nSTS_002,1,1,0,--,0,700,0\nSTS_003,2,0,,Recurrence – local,1,800,0\n"
    )
    (folder / "patient_flow.csv").write_text(
        "case,stage,modality,status,reason\nSTS_003,prepare,all,excluded,outcome Recurrence – local <b>\n"
    )
    (folder / "features_flow.csv").write_text("case,stage,modality,status,reason\n")
    (folder / "box_check.csv").write_text(
        "case,extent_z_mm,extent_y_mm,extent_x_mm,clipped_fraction\n"
        "STS_001,100,80,70,0\nSTS_002,300,80,70,0.125\nSTS_003,50,60,70,0\n"
    )
    return folder


@pytest.fixture
def report(
    tmp_path: Path,
    root: Path,
    cohort: dict,
    prepared: Path,
    write_trained: Callable,
    write_costs: Callable,
) -> Callable[..., str]:
    """A function that makes a run's page and returns it; ``full`` adds findings and comparisons."""

    def make(*, phantom: bool, full: bool = False, **changes: Any) -> str:
        files = {suffix: tmp_path / f"chmfl/tables/table1.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        trained = {method: write_trained(method) for method in ("hc_rf", "volume_only")}
        costs = {
            "hc_rf": write_costs("hc_rf"),
            "volume_only": write_costs("volume_only", {"failed": "ValueError: <nothing>"}),
        }
        tabulate(
            table={"title": "Table I", "rows": PAGE_ROWS}, study="chmfl", cohort={**cohort, "phantom": phantom},
            published=root / "config/published/chmfl_table1.csv", costs=costs, primary="acc",
            metrics={method: metrics for method, (_, metrics) in trained.items()}, **files,
        )  # fmt: skip
        png = tmp_path / "chmfl/figures/figs1.png"
        predictions = {"hc_rf": trained["hc_rf"][0]}
        plot_confusion(
            rows=PAGE_ROWS[:1],
            predictions=predictions,
            metrics={},
            phantom=phantom,
            png=png,
            svg=png.with_suffix(".svg"),
        )
        quality = tmp_path / "quality"
        picture_cases(
            prepared / "cases.csv", prepared / "arrays", quality, cohort="sts", settings={"spacing_mm": 4},
            phantom=phantom, workers=1,
        )  # fmt: skip
        manifest = tmp_path / "manifest.csv"
        manifest.write_text("file,size,sha256,url,licence,doi\na,5,aa,,CC BY 3.0,10.1/x\n")
        settings: dict[str, Any] = {
            "run": "demo",
            "studies": [
                {
                    "id": "chmfl", "title": "A study", "cohort": "sts", "primary": "acc",
                    "reference": {"authors": "Peng Y", "title": "A title.", "year": 2021, "doi": "10.1/y"},
                    "tables": [{"id": "table1", "title": "Table I", "html": files["html"], "csv": files["csv"]}],
                    "figures": [{"id": "figs1", "caption": 'Matrices of "pooled" scores.', "png": png}],
                    "deviations": [{"paper": "1 mm", "here": "2 mm", "why": "tumours < box"}],
                }
            ],
            "cohorts": [
                {
                    "id": "sts", "cases": prepared / "cases.csv", "patient_flow": prepared / "patient_flow.csv",
                    "features_flow": prepared / "features_flow.csv", "box_check": prepared / "box_check.csv",
                    "quality": quality, "phantom": phantom, "notes": ["A note."],
                }
            ],
            "costs": join_costs(list(costs.values()), csv=tmp_path / "costs.csv").to_dict("records"),
            "provenance": collect(manifests=[manifest], config={"run": "demo", "x": "<i>"}, lock=root / "x", root=root),
            "page": tmp_path / "report.html",
        }  # fmt: skip
        if full:
            settings["findings"] = tmp_path / "findings.csv"
            settings["findings"].write_text(FINDINGS)
            settings["studies"][0]["comparisons"] = tmp_path / "comparisons.csv"
            settings["studies"][0]["comparisons"].write_text(COMPARISONS)
        write_report(**{**settings, **changes})
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return make
