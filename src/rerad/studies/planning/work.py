"""How much work a job is, in units of its own kind: a ratio of two of them scales what one of them took."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rerad.studies.check import read_yaml
from rerad.studies.load import Plan
from rerad.studies.planning.graph import Job
from rerad.training.code import is_network, is_regressor, learns_in_epochs
from rerad.training.recipe import voxels_of_patch

Settings = Mapping[str, Any]
A_CASE = {"prepare", "describe", "picture"}
PREDICTED = {"evaluate", "compare", "itemise"}
ALONE = {
    "split", "plot", "tabulate", "summarise", "agree", "list_genes", "deviate", "audit", "report", "complete",
    "fetch_weights",
}  # fmt: skip
FULL_SIZE = "config/fullsize.yaml"  # the sizes of the papers' scans


def work(job: Job, plan: Plan) -> tuple[float | None, str]:
    """Return the amount of work of a job, None where nothing tells it, and what it is the product of."""
    cohort = job.wildcards.get("cohort") or plan.studies.get(job.wildcards.get("study", ""), {}).get("cohort", "")
    if job.rule in ("train", "search"):
        settings = plan.methods[cohort][job.wildcards["method"]]
        folds = len(plan.folds_of(cohort, job.wildcards["chunk"])) * (1 - 1 / plan.folds[cohort])
        return _search(settings, plan, cohort, folds) if job.rule == "search" else _train(settings, plan, cohort, folds)
    if job.rule in A_CASE or (job.rule == "acquire" and plan.phantom(cohort)):
        return cases(plan, cohort) * voxels(plan, cohort), "voxels × cases"
    if job.rule in PREDICTED:
        return cases(plan, cohort) * len(plan.config["seeds"]), "cases × seeds"
    return (1.0, "as it is") if job.rule in ALONE else (None, "")


def disk_work(job: Job, plan: Plan) -> tuple[float, str]:
    """Return what the bytes of a job's files grow with, and what that is the product of."""
    cohort = job.wildcards.get("cohort", "")
    if job.rule == "prepare":
        box = plan.config["cohorts"][cohort]["prepare"].get("box")
        return cases(plan, cohort) * (math.prod(box) if box else voxels(plan, cohort)), "voxels × cases"
    if job.rule == "acquire":
        return cases(plan, cohort) * voxels(plan, cohort), "voxels × cases"
    if job.rule in ("train", "search"):
        return cases(plan, cohort) * len(plan.folds_of(cohort, job.wildcards["chunk"])), "cases × folds"
    return (cases(plan, cohort), "cases") if cohort else (1.0, "as it is")


def cases(plan: Plan, cohort: str) -> int:
    """Return how many cases a cohort has: those of its phantom, or else of the paper."""
    if not plan.phantom(cohort):
        return max(study["paper_cohort"]["cases"] for study in plan.studies.values() if study["cohort"] == cohort)
    made = plan.config["cohorts"][cohort]["phantom"]
    counts = [made[key] for key in ("cases", "imaged", "normal", "benign", "malignant") if key in made]
    return int(sum(counts))


def voxels(plan: Plan, cohort: str) -> int:
    """Return the voxels of a case as it is acquired: of the phantom's, or of one of the papers' sizes."""
    made = _phantom(plan, cohort)
    return int(sum(math.prod(made[key]) for key in ("size", "pet_size", "ct_size") if key in made))


def _phantom(plan: Plan, cohort: str) -> Settings:
    """Return the settings of a phantom: of this run's, or else of one of the papers' sizes."""
    if plan.phantom(cohort):
        return dict(plan.config["cohorts"][cohort]["phantom"])
    return dict(_full_size(plan.root / FULL_SIZE)[cohort]["phantom"])


@functools.cache
def _full_size(path: Path) -> dict[str, Any]:
    return dict(read_yaml(path)["cohorts"])


def _train(settings: Settings, plan: Plan, cohort: str, folds: float) -> tuple[float | None, str]:
    recipe = settings["recipe"]
    if is_network(settings):
        amount = _seen(settings, recipe, plan, cohort) * recipe["epochs"] * folds
        return amount, "voxels × cases × epochs × folds"
    if is_regressor(settings) and learns_in_epochs(settings):
        epochs = recipe["epochs"] + (recipe.get("autoencoder") or {"epochs": 0})["epochs"]
        return _weights(settings, plan, cohort) * cases(
            plan, cohort
        ) * epochs * folds, "weights × cases × epochs × folds"
    return cases(plan, cohort) * folds * recipe.get("trees", 1), "cases × folds × trees"


def _search(settings: Settings, plan: Plan, cohort: str, folds: float) -> tuple[float | None, str]:
    search = settings["search"]
    if "draw" in search:
        return 1.0, "as it is"
    if is_network(settings):
        seen = _seen(settings, {**settings["recipe"], **search}, plan, cohort)
        return seen * search["epochs"] * folds, "voxels × cases × epochs × folds"
    if settings["model"] == "linear":
        fits = len(search["l1_ratios"]) * search["n_lambdas"]
        return fits * cases(plan, cohort) * _genes(plan, cohort) * _folds(
            search, plan, cohort
        ), "penalties × genes × cases × folds"
    if is_regressor(settings):
        recipe = settings["recipe"]
        first = _pairs(search["autoencoder"]) * search["autoencoder_folds"] * recipe["autoencoder"]["epochs"]
        second = _pairs(search["network"]) * search["inner_folds"] * recipe["epochs"]
        amount = (
            (first + second) * _weights(settings, plan, cohort) * cases(plan, cohort) * _folds(search, plan, cohort)
        )
        return amount, "candidates × weights × cases × epochs × folds"
    return None, ""


def _folds(search: Settings, plan: Plan, cohort: str) -> int:
    return plan.folds[cohort] if search.get("nested") else 1


def _pairs(grid: Settings) -> int:
    return math.prod(len(values) for values in grid.values())


def _genes(plan: Plan, cohort: str) -> int:
    return int(_phantom(plan, cohort)["genes"])


def _weights(settings: Settings, plan: Plan, cohort: str) -> int:
    sizes = [_genes(plan, cohort), *settings["network"]["widths"]]
    return sum(a * b for a, b in itertools.pairwise(sizes))


def _seen(settings: Settings, recipe: Settings, plan: Plan, cohort: str) -> float:
    """Return the voxels that an epoch over all cases sees."""
    box = plan.config["cohorts"][cohort]["prepare"].get("box", [1, 1, 1])
    a_case = {
        "volumes": math.prod(box),
        "slices": math.prod(box),
        "largest_slice": math.prod(box[1:]) * max(1, recipe.get("augmentation", {}).get("copies", 1)),
        "patches": voxels_of_patch(recipe),
        "windows": recipe.get("windows", {}).get("a_case", 0),
    }
    return a_case[recipe["input"]] * cases(plan, cohort)
