"""What every baseline yields where there is nothing to find: many permutations of the labels of one phantom.

    python benchmarks/null_run.py [--permutations 24] [--workers 2] [--full]

Scans, features and folds' sizes stay; only the pairing of cases and labels is drawn anew, before the split, as
`permute_labels` does. Prints, per method, the mean over permutations of the mean AUC per fold and of the pooled AUC.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from measured import measured, verdict

from rerad.cohorts.sts.acquire import acquire
from rerad.cohorts.sts.describe import describe
from rerad.cohorts.sts.prepare import permuted, prepare
from rerad.core.files import write_csv
from rerad.core.parallel import map_cases
from rerad.core.seeds import derive
from rerad.core.splits import split
from rerad.evaluation.evaluate import evaluate
from rerad.search.search import choose
from rerad.studies import Plan, load
from rerad.studies.merge import merge
from rerad.training.code import is_network
from rerad.training.job import Job
from rerad.training.train import train

ROOT = Path(__file__).resolve().parents[1]
# Told to the plan as well: it takes the text "null" of a file for a text, but of a command line for nothing.
FILES = [ROOT / "config" / "config.yaml", ROOT / "config" / "null.yaml"]


def main() -> int:
    """Run the permutations and tell what every method yields."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--permutations", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="the papers' search settings instead of the overlay's")
    options = parser.parse_args()
    config, overlay = (yaml.safe_load(file.read_text()) for file in FILES)
    if options.full:
        overlay["studies"] = {}
    plan = load(merge(config, overlay), root=ROOT, files=FILES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_cohort(plan, folder, options.workers)
        work = partial(one_permutation, plan=plan, folder=folder)
        rows = map_cases(work, list(range(options.permutations)), workers=options.workers, label="permutations")
    for row in rows:
        if isinstance(row, Exception):
            raise row
    return verdict(told(pd.concat(rows), plan.folds["sts"]))


def told(table: pd.DataFrame, folds: int) -> list[bool]:
    """Tell the mean of each method's AUCs over the permutations, and which is the farthest from 0.5."""
    kept = []
    for method, rows in table.groupby("method"):
        for column, name in (("per_fold", f"mean AUC of {folds} folds"), ("pooled", "pooled AUC")):
            note = f"mean of {len(rows)} permutations, sd {rows[column].std():.3f}"
            kept.append(measured(f"{method}: {name}", rows[column].mean(), note=note))
    apart = (table.groupby("method")["per_fold"].mean() - 0.5).abs()
    kept.append(measured("largest distance of a mean AUC per fold from 0.5", apart.max(), note=str(apart.idxmax())))
    return kept


def make_cohort(plan: Plan, folder: Path, workers: int) -> None:
    """Write scans, cases and features of the phantom once."""
    settings = plan.config["cohorts"]["sts"]
    acquire(folder / "raw", source="phantom", settings=settings["phantom"], seed=settings["seed"])
    prepare(
        folder / "raw",
        settings=plan.scan_settings("sts", "prepare"),
        seed=settings["seed"],
        permute_labels=False,
        workers=workers,
        cases=folder / "cases.csv",
        patient_flow=folder / "flow.csv",
        box_check=folder / "box.csv",
        slices=folder / "slices.csv",
        arrays=folder / "arrays",
    )
    describe(
        folder / "raw",
        folder / "cases.csv",
        settings=plan.scan_settings("sts", "describe"),
        workers=workers,
        features=folder / "features.csv",
        patient_flow=folder / "features_flow.csv",
    )


def one_permutation(number: int, *, plan: Plan, folder: Path) -> pd.DataFrame:
    """Return per-fold and pooled AUC of every method after one permutation of the labels."""
    place = folder / f"permutation{number}"
    cases, splits = place / "cases.csv", place / "splits.csv"
    drawn = derive(plan.config["cohorts"]["sts"]["seed"], "permute_labels", number)  # as prepare does
    write_csv(cases, permuted(pd.read_csv(folder / "cases.csv", dtype={"case": str}), drawn))
    split(cases, folds=plan.folds["sts"], seed=plan.config["cohorts"]["sts"]["seed"], splits=splits)
    rows = []
    baselines = {name: entry for name, entry in plan.methods["sts"].items() if not is_network(entry)}
    for method, settings in baselines.items():
        auc = _auc(method, settings, place, folder / "features.csv", list(range(1, plan.folds["sts"] + 1)))
        rows.append({"method": method, "permutation": number, **auc})
    return pd.DataFrame(rows)


def _auc(method: str, settings: dict[str, Any], place: Path, features: Path, folds: list[int]) -> dict[str, float]:
    folder = place / method
    job = Job(
        features=features,
        cases=place / "cases.csv",
        splits=place / "splits.csv",
        method=method,
        settings=settings,
        seed=0,
        cohort="sts",
        folds=folds,
        folder=folder,
        threads=1,
    )
    if "search" in settings:
        choose(job)
        job = job._replace(chosen=folder / "chosen.json")
    train(job)
    predictions = {"classification": [folder / "predictions_classification.csv"]}
    evaluate(predictions, metrics=folder / "metrics.csv", bootstraps=100, seed=0)
    metrics = pd.read_csv(folder / "metrics.csv").query("metric == 'auc'").set_index("scope")["value"]
    return {"per_fold": metrics["fold"], "pooled": metrics["pooled"]}


if __name__ == "__main__":
    sys.exit(main())
