"""Metrics of synthesis: how far synthesised maps agree with exact ones, tissue by tissue."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rerad.metrics.agreement import MOMENTS, POOLED, bias_test, pooled, sums_of, with_intervals
from rerad.metrics.binary import nan_mean
from rerad.metrics.intervals import bootstrap_mean, over_folds

LEVEL = 0.95
BY_PATIENT = ("correlation", "percent_difference")


def measure(part: pd.DataFrame, *, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    """Return the rows of metrics.csv for the rows of one selection and variant (fold, seed, case, tissue, …).

    Every metric has its tissue as its suffix (``correlation_fatty``). ``correlation``, ``percent_difference`` with its
    ``_sd``, ``bias`` (mean of synthesised − exact) and the limits of agreement are over the pixels of all patients
    together, as in the paper; their intervals resample patients with all their pixels. ``<metric>_by_patient`` is the
    mean over patients, then over seeds; ``bias_p`` tests their mean differences against 0. Of a correlation only seeds
    count in which it is defined. n counts the patients that have the tissue.
    """
    rows = []
    for tissue in sorted(part["tissue"].unique()):
        chosen = part[(part["tissue"] == tissue) & (part["pixels"] > 0)]
        if not chosen.empty:
            found = [*_pooled(chosen, bootstraps, seed), *_by_patient(chosen, bootstraps, seed), *_per_fold(chosen)]
            rows += [{**row, "metric": f"{row['metric']}_{tissue}"} for row in found]
    return sorted(rows, key=lambda row: row["scope"], reverse=True)


def _pooled(part: pd.DataFrame, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    sums = np.stack([_sums(own) for _, own in part.sort_values("case").groupby("seed", sort=True)])
    points = pooled(sums.sum(axis=1))
    found = with_intervals(sums, samples=bootstraps, seed=seed, level=LEVEL)
    return [
        {"metric": name, "scope": "pooled", **found[name], "sd": _sd(points[name]), "n": sums.shape[1]}
        for name in POOLED
    ]


def _by_patient(part: pd.DataFrame, bootstraps: int, seed: int) -> list[dict[str, Any]]:
    rows = []
    for name in BY_PATIENT:
        values = part.pivot(index="seed", columns="case", values=name).sort_index().to_numpy(float)
        low, high = bootstrap_mean(values, samples=bootstraps, seed=seed, level=LEVEL)
        count = int((~np.isnan(values)).any(axis=0).sum())
        mean = nan_mean(np.array([nan_mean(one) for one in values]))
        rows.append(
            {"metric": f"{name}_by_patient", "scope": "pooled", "value": mean, "low": low, "high": high, "n": count}
        )
    test = bias_test(part.groupby("case")["difference"].mean().to_numpy())
    return [*rows, {"metric": "bias_p", "scope": "pooled", "value": test.p, "n": test.n}]


def _per_fold(part: pd.DataFrame) -> list[dict[str, Any]]:
    folds: dict[Any, list[dict[str, Any]]] = {}
    for (fold, _), own in part.groupby(["fold", "seed"], sort=True):
        folds.setdefault(fold, []).append(pooled(_sums(own).sum(axis=0)))
    rows = []
    for name in POOLED:
        values = np.array([nan_mean(np.array([one[name] for one in found])) for found in folds.values()])
        mean, low, high, sd, number = over_folds(values, level=LEVEL)
        rows.append({"metric": name, "scope": "fold", "value": mean, "low": low, "high": high, "sd": sd, "n": number})
    return rows


def _sums(part: pd.DataFrame) -> np.ndarray:
    return sums_of({name: part[name].to_numpy(float) for name in MOMENTS})


def _sd(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
