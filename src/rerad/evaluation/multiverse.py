"""What a method would have given, had the open questions been answered otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rerad.cohorts import stage
from rerad.core.errors import ReradError
from rerad.evaluation.evaluate import EVERYONE, TASKS, evaluate
from rerad.search.search import choose
from rerad.training.code import learns_in_epochs
from rerad.training.failure import recorded
from rerad.training.job import Job
from rerad.training.train import train

COLUMNS = [
    "entry",
    "universe",
    "answers",
    "default",
    "metric",
    "scope",
    "variant",
    "value",
    "low",
    "high",
    "n",
    "failed",
]
READ = {"scope": "pooled", "selection": "last", "variant": "published"}
SEED = 0  # of the intervals, as in the run


class Given(NamedTuple):
    """What all universes of a study start from: the run's cohort and what decides its numbers.

    ``describe`` are the settings behind ``features``; ``workers`` decide nothing. ``device`` is that of networks.
    """

    cohort: str
    data: Path
    cases: Path
    splits: Path
    features: Path | None
    describe: Mapping[str, Any]
    arrays: Path | None
    task: str
    seeds: Sequence[int]
    folds: Sequence[int]
    bootstraps: int
    workers: int
    device: str


class Once:
    """Results by key: what several universes share is done once, and fails once."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __call__(self, key: str, work: Callable[[], Any]) -> Any:
        """Return the result of ``work``, or raise its error, of the first call with this key."""
        if key not in self._known:
            try:
                self._known[key] = work()
            except Exception as error:
                self._known[key] = error
        if isinstance(self._known[key], Exception):
            raise self._known[key]
        return self._known[key]


def explore(name: str, entry: Mapping[str, Any], given: Given, folder: Path, once: Once) -> pd.DataFrame:
    """Return one row a universe of an entry under ``multiverse``: its answers, its value with interval, or its failure.

    Every universe goes through the functions of the run itself: describe, search, train, evaluate; ``folder`` keeps
    what they write. The first one is the run's own.
    """
    rows = []
    for number, universe in enumerate(entry["universes"], 1):
        told = "; ".join(f"{question}: {answer}" for question, answer in universe["answers"].items())
        read = {**READ, **universe["read"]}
        found: dict[str, Any] = {}
        with recorded(f"universe {number} of {name} ({told})") as outcome:
            found = _value(_metrics(entry, universe, given, folder, once), given.task, read)
        asked = {"entry": name, "universe": number, "answers": told, "default": int(number == 1)}
        rows.append({**asked, **{key: read[key] for key in ("metric", "scope", "variant")}, **found, **outcome})
    return pd.DataFrame(rows, columns=COLUMNS)


def digest(*parts: Any) -> str:
    """Return a short name of settings."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _metrics(
    entry: Mapping[str, Any], universe: Mapping[str, Any], given: Given, folder: Path, once: Once
) -> pd.DataFrame:
    if entry["kind"] == "maps":
        from rerad.evaluation.map_universes import compare_maps  # with the arrays of images, which others do not need

        own = digest("maps", universe["settings"], universe["map"])
        return once(own, lambda: compare_maps(universe["settings"], universe["map"], given, folder / own))
    described = digest("describe", universe["describe"])
    features = once(described, lambda: _describe(universe["describe"], given, folder / described))
    own = digest("train", entry["method"], universe["describe"], universe["settings"])
    return once(own, lambda: _train(entry["method"], universe["settings"], features, given, folder / own))


def _describe(settings: Mapping[str, Any], given: Given, folder: Path) -> Path | None:
    if given.features is None or settings == given.describe:
        return given.features
    features = folder / "features.csv"
    stage(given.cohort, "describe").describe(
        given.data,
        given.cases,
        settings=settings,
        workers=given.workers,
        features=features,
        patient_flow=folder / "features_flow.csv",
    )
    return features


def _train(method: str, settings: dict[str, Any], features: Path | None, given: Given, folder: Path) -> pd.DataFrame:
    for seed in given.seeds:
        _train_seed(method, settings, features, given, seed, folder / f"seed{seed}")
    metrics = folder / "metrics.csv"
    evaluate(
        {task: [folder / f"seed{seed}" / f"predictions_{task}.csv" for seed in given.seeds] for task in TASKS},
        metrics=metrics,
        cases=given.cases,
        bootstraps=given.bootstraps,
        seed=SEED,
    )
    return pd.read_csv(metrics)


def _train_seed(
    method: str, settings: dict[str, Any], features: Path | None, given: Given, seed: int, folder: Path
) -> None:
    job = Job(
        cases=given.cases,
        splits=given.splits,
        features=features,
        arrays=given.arrays,
        method=method,
        settings=settings,
        seed=seed,
        cohort=given.cohort,
        folds=list(given.folds),
        folder=folder,
        device=given.device,
        # The threads of a network are part of its recipe; processes of others decide nothing.
        threads=settings["recipe"].get("threads", 1) if learns_in_epochs(settings) else given.workers,
    )
    if "search" in settings:
        choose(job)
        _refuse_failed(folder / "search_cost.json")
        job = job._replace(chosen=folder / "chosen.json")
    train(job)
    _refuse_failed(folder / "cost.json")


def _refuse_failed(cost: Path) -> None:
    message = json.loads(cost.read_text(encoding="utf-8"))["failed"]
    if message:
        raise ReradError(message)


def _value(metrics: pd.DataFrame, task: str, read: Mapping[str, str]) -> dict[str, float]:
    asked = {**read, "task": task, "role": "test", "group": EVERYONE}
    found = metrics
    for column, wanted in asked.items():
        found = found[found[column] == wanted]
    if len(found) != 1 or pd.isna(found["value"].iloc[0]):
        told = ", ".join(f"{column} {wanted}" for column, wanted in read.items())
        raise ReradError(
            f"the method has no value of {told}", remedy="Correct metric or read in the study's multiverse"
        )
    return found.iloc[0][["value", "low", "high", "n"]].to_dict()
