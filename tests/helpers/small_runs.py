"""A finished run of two small studies made by hand, and copies of it with something changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from rerad.evaluation.evaluate import evaluate
from rerad.reporting.tables import tabulate

BOOTSTRAPS = 400
CASES = [f"P{number}" for number in range(1, 9)]
TARGETS = [1, 1, 1, 1, 0, 0, 0, 0]
# Right about all but P4 and P8.
SCORES = [0.9, 0.8, 0.7, 0.3, 0.2, 0.1, 0.4, 0.6]
METHODS = {"first": SCORES, "other": [0.6] * 8}
DICE = {"ET": [0.5, 0.6, 0.7, 0.8], "WT": [0.6, 0.7, 0.8, 0.9]}
ROWS = [
    {"method": "first", "label": "The first", "kind": "paper"},
    {"method": "again", "trained": "other", "label": "The other", "kind": "floor"},
]
STUDIES: dict[str, Any] = {
    "sarcoma": {
        "cohort": "sts", "folds": 2, "title": "Sarcoma", "primary": "acc", "task": "classification",
        "methods": {"first": {"recipe": {"epochs": 3}}, "other": {"recipe": {"epochs": 4}}},
        "deviations": [{"topic": "Folds", "ours": "two"}],
        "tables": {"table1": {"title": "Table I", "rows": ROWS}},
    },
    "glioma": {
        "cohort": "brats", "folds": 2, "title": "Glioma", "primary": "dice_wt", "task": "segmentation",
        "methods": {"net": {"recipe": {"epochs": 5}}}, "deviations": [],
        "tables": {
            "table4": {
                "title": "Table 4", "task": "segmentation", "primary": "dice_wt",
                "columns": {"dice_et": "dice_et", "dice_wt": "dice_wt", "haus_wt": "hd95_mm_wt"},
                "rows": [{"method": "net", "label": "Net", "kind": "paper"}],
            }
        },
        "layers": {"layers": {"title": "Layers", "method": "net"}},
    },
}  # fmt: skip


def make_run(folder: Path, *, seeds: tuple[int, ...] = (0,)) -> Path:
    """Write a finished run into ``folder``: predictions, metrics, tables, cases, costs and provenance."""
    config = {
        "bootstraps": BOOTSTRAPS, "jobs": "method", "permute_labels": False, "run": folder.name, "seeds": list(seeds),
        "paths": {"data": "data", "results": "results"}, "studies": STUDIES,
        "cohorts": {name: {"source": "local", "seed": 0} for name in ("sts", "brats")},
    }  # fmt: skip
    data = [{"cohort": name, "files": 8, "manifest_sha256": f"sum of {name}"} for name in ("sts", "brats")]
    record = {
        "code": {"commit": "c0ffee", "dirty": False}, "config": config, "data": data, "platform": {"cores": 2},
        "packages": {"numpy": "2.4.6", "torch": "2.13.0"}, "python": {"version": "3.11.7"},
    }  # fmt: skip
    write_json(folder / "provenance" / "provenance.json", record)
    (folder / "costs.csv").write_text("cohort,method,seed,chunk,stage,failed\nsts,first,0,all,train,\n")
    for cohort, count in (("sts", 8), ("brats", 4)):
        cases = pd.DataFrame({"case": CASES[:count], "included": 1})
        splits = [
            (case, fold, "test" if place % 2 == fold - 1 else "train")
            for fold in (1, 2)
            for place, case in enumerate(CASES[:count])
        ]
        write(folder / "cohorts" / cohort / "cases.csv", cases)
        write(folder / "cohorts" / cohort / "splits.csv", pd.DataFrame(splits, columns=["case", "fold", "role"]))
    for seed in seeds:
        for method, scores in METHODS.items():
            write(predictions(folder, method, seed), classified(scores, seed))
        write(predictions(folder, "net", seed), segmented(DICE, seed))
    for method in ("first", "other", "net"):
        for seed in seeds:
            cost = {"code": f"digest of {method}", "failed": None, "seed": seed}
            write_json(predictions(folder, method, seed).with_name("cost.json"), cost)
    layers = pd.DataFrame({"module": ["in", "in"], "layer": ["a", "b"], "parameters": [10, 20]})
    write(folder / "glioma" / "tables" / "layers.csv", layers)
    tables(folder, seeds)
    return folder


def classified(scores: list[float], seed: int = 0, cases: list[str] | None = None) -> pd.DataFrame:
    """Return the predictions of test cases."""
    names = CASES if cases is None else cases
    lead = {"case": names, "fold": [1 + CASES.index(name) % 2 for name in names], "seed": seed, "role": "test"}
    target = [TARGETS[CASES.index(name)] for name in names]
    return pd.DataFrame({**lead, "selection": "last", "variant": "published", "target": target, "score": scores})


def segmented(dice: dict[str, list[float]], seed: int = 0) -> pd.DataFrame:
    """Return the metrics of test cases: their Dice, and as distance in mm ten times what it lacks."""
    rows = [
        {
            "case": case, "fold": 1 + place % 2, "seed": seed, "role": "test", "selection": "last", "variant": "published",
            "region": region, "dice": value, "jaccard": value / (2 - value), "accuracy": 0.9, "sensitivity": 0.8,
            "specificity": 0.9, "hd95_mm": 10 * (1 - value),
        }
        for region, values in dice.items()
        for place, (case, value) in enumerate(zip(CASES, values, strict=False))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def predictions(folder: Path, method: str, seed: int = 0) -> Path:
    """Return where the predictions of a method lie."""
    cohort, task = ("brats", "segmentation") if method == "net" else ("sts", "classification")
    return folder / "trained" / cohort / method / f"seed{seed}" / "all" / f"predictions_{task}.csv"


def tables(folder: Path, seeds: tuple[int, ...] = (0,)) -> None:
    """Write metrics and tables anew from the predictions."""
    for method in ("first", "other", "net"):
        files = [predictions(folder, method, seed) for seed in seeds]
        task = "segmentation" if method == "net" else "classification"
        evaluate({task: files}, metrics=files[0].parents[2] / "metrics.csv", bootstraps=BOOTSTRAPS, seed=0)
    about = {
        "paper_cases": 8, "paper_positives": 4, "source": "local", "phantom": False, "size": "8", "paper_size": "8",
        "counted": "patients", "judged": "boxes",
    }  # fmt: skip
    for study, name, methods in (("sarcoma", "table1", ("first", "other")), ("glioma", "table4", ("net",))):
        settings = STUDIES[study]
        place = folder / study / "tables"
        tabulate(
            table=settings["tables"][name], study=study, cohort={**about, "name": settings["cohort"]}, published=None,
            metrics={method: predictions(folder, method).parents[2] / "metrics.csv" for method in methods}, costs={},
            primary=settings["primary"], **{kind: place / f"{name}.{kind}" for kind in ("csv", "md", "html", "tex")},
        )  # fmt: skip


def copy(run: Path, name: str, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Copy a run beside itself; ``change`` may alter what its provenance says."""
    folder = run.with_name(name)
    shutil.copytree(run, folder)
    record = json.loads((folder / "provenance" / "provenance.json").read_text())
    record["config"]["run"] = name
    if change:
        change(record)
    write_json(folder / "provenance" / "provenance.json", record)
    return folder


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.10g")


def write_json(path: Path, value: Any) -> None:
    """Write JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
