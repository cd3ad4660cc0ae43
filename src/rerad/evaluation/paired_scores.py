"""Two methods of classification on the same patients: accuracy and AUC."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.evaluation.delong import FEWEST, delong_test
from rerad.evaluation.power import detectable_accuracy, detectable_normal
from rerad.evaluation.statistics import mcnemar, paired_wilcoxon, unpaired_t
from rerad.metrics.intervals import bootstrap_difference
from rerad.metrics.points import point_metrics

TASK = "classification"
LEVEL = 0.95
COMPARED = ("acc", "auc")


def once(part: pd.DataFrame) -> pd.DataFrame:
    """Return target, fold and score of every case, averaged over seeds, from test rows."""
    part = part.sort_values(["case", "seed"])
    return part.groupby("case").agg(target=("target", "first"), fold=("fold", "first"), score=("score", "mean"))


def common(one: pd.DataFrame, two: pd.DataFrame, method: str, against: str) -> pd.DataFrame:
    """Return target, fold, score, other_fold and other (score) of the cases of both, in the order of their names.

    Raises:
        ReradError: a case has two targets.
    """
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


def lines(both: pd.DataFrame, *, threshold: float, seed: int, bootstraps: int) -> Iterator[dict[str, Any]]:
    """Yield a line a metric of what ``common`` returned."""
    if both.empty:
        yield from ({"metric": metric, "n": 0, "note": "no case in common"} for metric in COMPARED)
        return
    target, score, other = (both[name].to_numpy(dtype=float) for name in ("target", "score", "other"))
    first, second = (point_metrics(target, values, threshold=threshold) for values in (score, other))
    intervals = bootstrap_difference(
        target, score, other, samples=bootstraps, seed=seed, threshold=threshold, level=LEVEL
    )
    counts = {"n": len(target), "n_positive": int(target.sum())}
    for metric in COMPARED:
        values = {"value": first[metric], "against_value": second[metric], "difference": first[metric] - second[metric]}
        ends = dict(zip(("low", "high"), intervals[metric], strict=True))
        fit = (_accuracy if metric == "acc" else _area)(target, score, other, threshold)
        folds = _over_folds(both, metric, threshold)
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


def _over_folds(both: pd.DataFrame, metric: str, threshold: float) -> dict[str, Any]:
    if (both["fold"] != both["other_fold"]).any():
        return {"folds": None, "t_test_p": math.nan, "wilcoxon_p": math.nan, "note": "folds differ"}
    values = np.array(
        [
            [point_metrics(rows["target"], rows[name], threshold=threshold)[metric] for name in ("score", "other")]
            for _, rows in both.groupby("fold", sort=True)
        ]
    )
    defined = values[~np.isnan(values).any(axis=1)]
    tested = {"t_test_p": unpaired_t(*values.T), "wilcoxon_p": paired_wilcoxon(*values.T)}
    return {"folds": len(defined), **tested, "wilcoxon_over": "folds"}
