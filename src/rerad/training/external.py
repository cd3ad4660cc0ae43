"""Take someone else's scores as if they had been trained here, after checking cases, folds and leakage."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import sha256
from rerad.training.cases import Data, read_classified
from rerad.training.external_file import Score, of_seed, place, read_scores
from rerad.training.job import Job, Trained
from rerad.training.predictions import rows

log = logging.getLogger(__name__)
# Of a method that was trained elsewhere nobody here knows them.
UNKNOWN = ("wall_s", "cpu_s", "peak_rss_mb", "device", "gpu_s", "peak_gpu_mb")
DIGITS = 12  # of the checksum, in a row's note


def train_folds(job: Job) -> Trained:
    """Return the scores of the method's file for the folds and the seed of the job; nothing is trained.

    The whole file is checked, whatever folds are asked for, so that all jobs of a method stand or fall together.

    Raises:
        ReradError: the file cannot be read, or contradicts the cohort's cases or folds.
    """
    if job.external is None:
        raise ReradError("no file is given", where=job.method, remedy="Write recipe.file into the method's entry")
    path = job.external
    everything = read_scores(path, threshold=job.settings["recipe"].get("threshold"))
    scores, data = fit(everything, path, job.settings, seed=job.seed, cases=job.cases, splits=job.splits)
    scaled = _scale(everything, job.settings["recipe"].get("threshold"))
    tables = [
        _table(job, data, [score for score in scores if (score.fold, score.role) == (fold, role)], scaled, fold, role)
        for fold in job.folds
        for role in ("train", "test")
    ]
    log.info("%s: %d scores of %s", job.method, sum(map(len, tables)), path)
    cost = {**dict.fromkeys(UNKNOWN), "note": _note(everything, path), "file": str(path), "sha256": sha256(path)}
    return Trained(classification=pd.concat(tables, ignore_index=True), cost=cost)


def clean_up(job: Job) -> None:
    """Leave everything as it is: nothing is kept on the way."""


def fit(
    everything: Sequence[Score], path: Path, settings: dict[str, Any], *, seed: int, cases: Path, splits: Path
) -> tuple[list[Score], Data]:
    """Return the scores of a seed, and the cohort that they fit.

    Raises:
        ReradError: there are none of this seed, or they contradict the cohort's cases or folds.
    """
    data = read_classified(None, cases, splits, settings)
    scores = of_seed(everything, seed, path)
    check_cohort(scores, data, path, cases=cases, splits=splits)
    return scores, data


def check_cohort(scores: Sequence[Score], data: Data, path: Path, *, cases: Path, splits: Path) -> None:
    """Refuse scores of one seed that contradict the cohort: leakage, unknown or missing cases, other targets.

    ``cases`` and ``splits`` are the files behind ``data``, for the errors.

    Raises:
        ReradError: naming file, line, case and fold.
    """
    if data.target is None:
        raise ReradError("there is no column target", where=str(cases), remedy="This cohort has nothing to classify")
    truth = {str(case): int(target) for case, target in data.target.items()}
    roles = {(case, int(fold)): role for case, fold, role in data.splits[["case", "fold", "role"]].to_numpy()}
    folds = sorted(int(fold) for fold in data.splits["fold"].unique())
    for score in scores:
        where = place(path, score)
        if score.case not in truth:
            raise ReradError(f"unknown case {score.case!r}", where=where, remedy=_known(score.case, truth, cases))
        if score.fold not in folds:
            remedy = f"Take folds from {splits}: {', '.join(map(str, folds))}"
            raise ReradError(f"fold {score.fold} of case {score.case} is not in the split", where=where, remedy=remedy)
        if score.role != roles[score.case, score.fold]:
            raise _contradiction(score, where, splits)
        if score.target not in (None, truth[score.case]):
            told = f"target {score.target} of case {score.case}, {truth[score.case]} in {cases}"
            raise ReradError(told, where=where, remedy="Check that the scores are of these cases and of this outcome")
    _check_all_tested(scores, roles, truth, path, splits)


def _known(case: str, truth: Iterable[str], cases: Path) -> str:
    close = difflib.get_close_matches(case, truth, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Wanted are the cases in {cases} that are included and have the method's modalities"


def _contradiction(score: Score, where: str, splits: Path) -> ReradError:
    if score.role == "train":
        told = f"leakage: case {score.case} was trained on in fold {score.fold}, which tests it according to {splits}"
        remedy = f"Train fold {score.fold} without it and score it by that model"
        return ReradError(told, where=where, remedy=remedy)
    told = f"leakage: case {score.case} is tested in fold {score.fold}, whose training side it is on in {splits}"
    return ReradError(told, where=where, remedy="Score each case by the model of the one fold that tests it there")


def _check_all_tested(
    scores: Sequence[Score], roles: dict[tuple[str, int], str], truth: Iterable[str], path: Path, splits: Path
) -> None:
    tested = {score.case for score in scores if score.role == "test"}
    absent = sorted(set(truth) - tested)
    if not absent:
        return
    fold = next(fold for (case, fold), role in sorted(roles.items()) if case == absent[0] and role == "test")
    others = f", nor have {len(absent) - 1} others" if len(absent) > 1 else ""
    raise ReradError(
        f"case {absent[0]} has no line with the role test{others}; {splits} tests it in fold {fold}",
        where=str(path),
        remedy="Score every test case, or name under modalities what a case must have to take part",
    )


def _scale(scores: Sequence[Score], threshold: float | None) -> dict[float, float]:
    """Return, of every score, what the workflow's threshold of 0.5 can be applied to.

    Probabilities stay as they are. Of other scores their order is kept and the side of the threshold, both exactly
    however far apart they lie: they are numbered evenly from 0 to below 0.5, and from 0.5 to 1. All folds and seeds
    share one scale, since their scores are pooled.
    """
    values = np.unique([score.score for score in scores])
    if threshold is None:
        return dict(zip(values.tolist(), values.tolist(), strict=True))
    below = int((values < threshold).sum())
    above = len(values) - below
    places = [*np.linspace(0, 0.5, below, endpoint=False).tolist(), *np.linspace(0.5, 1, above).tolist()]
    return dict(zip(values.tolist(), places, strict=True))


def _table(
    job: Job, data: Data, scores: Sequence[Score], scaled: dict[float, float], fold: int, role: str
) -> pd.DataFrame:
    ordered = sorted(scores, key=lambda score: score.case)
    names = pd.Index([score.case for score in ordered], dtype=object)
    target = data.target.loc[names].to_numpy() if data.target is not None else np.empty(0)
    values = np.array([scaled[score.score] for score in ordered])
    lead: dict[str, Any] = {"fold": fold, "seed": job.seed, "role": role}
    return rows(names, target, values, **lead, selection="last", variant="published")


def _note(scores: Sequence[Score], path: Path) -> str:
    """Return what a row of such scores says of itself."""
    told = f"scores of {path.name} (SHA-256 {sha256(path)[:DIGITS]}…), nothing was trained here"
    seeds = "; the same scores for every seed" if scores[0].seed is None else ""
    return f"{told}{seeds}{_blind(scores)}"


def _blind(scores: Sequence[Score]) -> str:
    """Say of which folds the file does not tell what they were trained on; a fold counts as told with every seed."""
    told = {(score.seed, score.fold) for score in scores if score.role == "train"}
    blind = sorted({score.fold for score in scores if (score.seed, score.fold) not in told})
    if not blind:
        return ""
    of = f" in fold{'s' if len(blind) > 1 else ''} {', '.join(map(str, blind))}" if told else ""
    return (
        f"; which cases it was trained on{of} is not told, so that leakage could not be checked{' there' if of else ''}"
    )
