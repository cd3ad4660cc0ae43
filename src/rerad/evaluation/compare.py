"""Comparisons of the methods of a study on the cases that both predicted."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.seeds import derive
from rerad.evaluation.checks import check_tested_once
from rerad.evaluation.delong import FEWEST, delong_test
from rerad.evaluation.power import detectable_accuracy, detectable_normal
from rerad.evaluation.statistics import holm, mcnemar, paired_wilcoxon, unpaired_t
from rerad.metrics.intervals import bootstrap_difference
from rerad.metrics.points import point_metrics
from rerad.training.predictions import read

log = logging.getLogger(__name__)
COLUMNS = [
    *("task", "role", "method", "against", "selection", "variant", "metric", "n", "n_positive", "seeds"),
    *("against_seeds", "value", "against_value", "difference", "low", "high", "test", "p", "p_holm", "family"),
    *("folds", "t_test_p", "wilcoxon_p", "wilcoxon_over", "detectable", "detectable_patients", "note"),
]
COUNTS = ("n", "n_positive", "seeds", "against_seeds", "family", "folds", "detectable_patients")
FAMILY = ["role", "selection", "variant", "metric"]
COMPARED = ("acc", "auc")
PRIMARY = {"selection": "last", "variant": "published"}  # where a method that failed would have stood
LEVEL = 0.95


def compare(
    predictions: Mapping[str, Sequence[Path]],
    *,
    reference: str | None,
    rows: Sequence[str],
    comparisons: Path,
    seed: int,
    bootstraps: int,
    floors: Sequence[str] = (),
    threshold: float = 0.5,
) -> None:
    """Write ``comparisons.csv`` of a study: every method of ``rows`` against ``reference`` and against each floor.

    ``predictions`` leads from the row's id to the files of all chunks and seeds; floors are not set against each other.
    A line is a pair and a metric (``acc``, ``auc``) of one selection and variant. Each case counts once, with its score
    averaged over the method's seeds, and only cases that both predicted count. ``difference`` is method − against with
    the percentile interval of ``bootstraps`` resamples of patients. ``test`` names the fit test behind ``p``: McNemar's
    exact one of accuracy, DeLong's of AUC; ``p_holm`` is adjusted over the ``family`` lines of the same role,
    selection, variant and metric. ``t_test_p`` is the papers' unpaired t-test over folds, ``wilcoxon_p`` the paired
    signed-rank test over the same folds. ``detectable`` is the smallest true difference that the fit test finds with
    power 80 %, for accuracy also in patients. A method without predictions has lines without values.

    Raises:
        ReradError: a method has no predictions entry, is tested more than once, or targets differ between methods.
    """
    wanted = list(_pairs(rows, reference, floors))
    methods = dict.fromkeys(name for _, *pair in wanted for name in pair)
    scores = {method: _read(method, predictions) for method in methods}
    lines = [
        {"task": "classification", **line}
        for role, method, against in wanted
        for line in _compared(role, method, against, scores, threshold=threshold, seed=seed, bootstraps=bootstraps)
    ]
    table = pd.DataFrame(lines, columns=COLUMNS)
    if len(table):
        families = table.astype({"p": float}).groupby(FAMILY, sort=False)["p"]
        table["p_holm"] = families.transform(lambda p: pd.Series(holm(p), index=p.index))
        table["family"] = families.transform("count")
    write_csv(comparisons, table.astype(dict.fromkeys(COUNTS, "Int64")))


def _pairs(rows: Sequence[str], reference: str | None, floors: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    methods = list(dict.fromkeys(rows))
    if reference is not None:
        yield from (("reference", method, reference) for method in methods if method != reference)
    for floor in dict.fromkeys(floors):
        yield from (("floor", method, floor) for method in methods if method not in floors)


def _read(method: str, predictions: Mapping[str, Sequence[Path]]) -> dict[tuple[str, str], tuple[pd.DataFrame, int]]:
    """Return for each (selection, variant) the scores of a method and its number of seeds; nothing if it failed."""
    if method not in predictions:
        raise ReradError(f"no predictions are given for the method {method!r}", where="compare")
    tables = [read(path) for path in predictions[method]]
    if not tables or any(table.empty for table in tables):
        log.warning("%s has a chunk without predictions: its comparisons have no values", method)
        return {}
    everything = pd.concat(tables, ignore_index=True)
    found = {}
    for key, part in everything[everything["role"] == "test"].groupby(["selection", "variant"], sort=True):
        check_tested_once(part)
        part = part.sort_values(["case", "seed"])
        scores = part.groupby("case").agg(target=("target", "first"), fold=("fold", "first"), score=("score", "mean"))
        found[(str(key[0]), str(key[1]))] = (scores, part["seed"].nunique())
    return found


def _compared(
    role: str,
    method: str,
    against: str,
    scores: Mapping[str, dict[tuple[str, str], tuple[pd.DataFrame, int]]],
    *,
    threshold: float,
    seed: int,
    bootstraps: int,
) -> Iterator[dict[str, Any]]:
    pair = {"role": role, "method": method, "against": against}
    missing = [name for name in (method, against) if not scores[name]]
    if missing:
        empty = {**pair, **PRIMARY, "note": f"{missing[0]} has no predictions"}
        yield from ({**empty, "metric": metric} for metric in COMPARED)
        return
    for key in (key for key in scores[method] if key in scores[against]):
        (one, seeds), (two, against_seeds) = scores[method][key], scores[against][key]
        shared = {**pair, "selection": key[0], "variant": key[1], "seeds": seeds, "against_seeds": against_seeds}
        common = _common(one, two, method, against)
        resampling = derive(seed, "compare", method, against, *key)
        for line in _lines(common, threshold=threshold, seed=resampling, bootstraps=bootstraps):
            yield {**shared, **line}


def _common(one: pd.DataFrame, two: pd.DataFrame, method: str, against: str) -> pd.DataFrame:
    """Return target, fold, score, other_fold and other (score) of the cases of both, in the order of their names."""
    both = one.join(two.rename(columns={"fold": "other_fold", "score": "other", "target": "same"}), how="inner")
    both = both.sort_index()
    strange = both.index[both["target"] != both["same"]]
    if len(strange):
        raise ReradError(
            f"case {strange[0]} has one target with {method} and another with {against}",
            where="predictions_classification.csv",
            remedy="Remove the folders of both methods below trained/ and run again",
        )
    return both


def _lines(common: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    if common.empty:
        yield from ({"metric": metric, "n": 0, "note": "no case in common"} for metric in COMPARED)
        return
    target, score, other = (common[name].to_numpy(dtype=float) for name in ("target", "score", "other"))
    first, second = (point_metrics(target, values, threshold=threshold) for values in (score, other))
    intervals = bootstrap_difference(
        target, score, other, samples=bootstraps, seed=seed, threshold=threshold, level=LEVEL
    )
    counts = {"n": len(target), "n_positive": int(target.sum())}
    for metric in COMPARED:
        values = {"value": first[metric], "against_value": second[metric], "difference": first[metric] - second[metric]}
        ends = dict(zip(("low", "high"), intervals[metric], strict=True))
        fit = (_accuracy if metric == "acc" else _area)(target, score, other, threshold)
        folds = _over_folds(common, metric, threshold)
        notes = {"note": "; ".join(part["note"] for part in (fit, folds) if "note" in part)}
        yield {"metric": metric, **counts, **values, **ends, **fit, **folds, **notes}


def _accuracy(target: np.ndarray, score: np.ndarray, other: np.ndarray, threshold: float) -> dict[str, Any]:
    right, also = (score >= threshold) == (target == 1), (other >= threshold) == (target == 1)
    least = detectable_accuracy(len(target), int((right != also).sum()))
    # A share of patients that is whole must not become one more by the last bit.
    patients = None if math.isnan(least) else math.ceil(round(least * len(target), 6))
    return {
        "test": "McNemar, exact",
        "p": mcnemar(right, also),
        "detectable": least,
        "detectable_patients": patients,
    }


def _area(target: np.ndarray, score: np.ndarray, other: np.ndarray, threshold: float) -> dict[str, Any]:
    named = {"test": "DeLong"}
    if min((target == 1).sum(), (target == 0).sum()) < FEWEST:
        return {**named, "p": math.nan, "detectable": math.nan, "note": "too few cases of a class"}
    found = delong_test(target, score, other, level=LEVEL)
    return {**named, "p": found.p, "detectable": detectable_normal(found.error)}


def _over_folds(common: pd.DataFrame, metric: str, threshold: float) -> dict[str, Any]:
    if (common["fold"] != common["other_fold"]).any():
        return {"folds": None, "t_test_p": math.nan, "wilcoxon_p": math.nan, "note": "folds differ"}
    values = np.array(
        [
            [point_metrics(rows["target"], rows[name], threshold=threshold)[metric] for name in ("score", "other")]
            for _, rows in common.groupby("fold", sort=True)
        ]
    )
    defined = values[~np.isnan(values).any(axis=1)]
    tested = {"t_test_p": unpaired_t(*values.T), "wilcoxon_p": paired_wilcoxon(*values.T)}
    return {"folds": len(defined), **tested, "wilcoxon_over": "folds"}
