"""Comparisons of the methods of a study on the cases that both predicted."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.seeds import derive
from rerad.evaluation import paired_errors, paired_maps, paired_masks, paired_scores
from rerad.evaluation.checks import check_tested_once
from rerad.evaluation.statistics import holm
from rerad.training.predictions import read

log = logging.getLogger(__name__)
COLUMNS = [
    *("task", "role", "method", "against", "selection", "variant", "metric", "n", "n_positive", "seeds"),
    *("against_seeds", "value", "against_value", "difference", "low", "high", "test", "p", "p_holm", "family"),
    *("folds", "t_test_p", "wilcoxon_p", "wilcoxon_over", "detectable", "detectable_patients", "note"),
]
COUNTS = ("n", "n_positive", "seeds", "against_seeds", "family", "folds", "detectable_patients")
FAMILY = ["role", "selection", "variant"]
PRIMARY = {"selection": "last", "variant": "published"}  # where a method that failed would have stood
BY_TASK = (paired_scores, paired_masks, paired_errors, paired_maps)
PAIRED: dict[str, ModuleType] = {module.TASK: module for module in BY_TASK}


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
    task: str = "classification",
) -> None:
    """Write ``comparisons.csv`` of a study: every method of ``rows`` against ``reference`` and against each floor.

    ``predictions`` leads from the row's id to the files of all chunks and seeds; floors are not set against each other.
    A line is a pair and a metric of one selection and variant: ``acc`` and ``auc``, or with the ``task`` segmentation
    Dice and the 95 % Hausdorff distance of every region, with ``regression`` the errors of every feature, with
    ``synthesis`` the agreement in every tissue. Each case counts once, averaged over the method's seeds, and only cases
    that both predicted count. ``difference`` is method − against with the percentile interval of ``bootstraps``
    resamples of patients. ``test`` names the fit test behind ``p``: McNemar's exact one of accuracy, DeLong's of AUC,
    Wilcoxon's over the patients of everything else; ``p_holm`` is adjusted over the ``family`` lines of the same role,
    selection, variant and metric, of masks those of all regions, of maps those of all tissues. ``t_test_p`` is the
    papers' unpaired t-test over folds, ``wilcoxon_p`` the paired signed-rank test over the same folds. ``detectable``
    is the smallest true difference that the fit test finds with power 80 %, for accuracy also in patients. A method
    without predictions has lines without values.

    Raises:
        ReradError: a method has no predictions entry, is tested more than once, or targets differ between methods.
    """
    wanted = list(_pairs(rows, reference, floors))
    if not wanted:
        write_csv(comparisons, pd.DataFrame(columns=COLUMNS))
        return
    paired = PAIRED[task]
    methods = dict.fromkeys(name for _, *pair in wanted for name in pair)
    known = {method: _read(method, predictions, paired) for method in methods}
    told: dict[str, Any] = {"threshold": threshold, "seed": seed, "bootstraps": bootstraps}
    lines = [
        {"task": task, **line}
        for role, method, against in wanted
        for line in _compared(role, method, against, known, paired, **told)
    ]
    table = pd.DataFrame(lines, columns=COLUMNS)
    if len(table):
        measures = table["metric"].map(_measure)
        families = table.astype({"p": float}).groupby([*(table[name] for name in FAMILY), measures], sort=False)["p"]
        table["p_holm"] = families.transform(lambda p: pd.Series(holm(p), index=p.index))
        table["family"] = families.transform("count")
    write_csv(comparisons, table.astype(dict.fromkeys(COUNTS, "Int64")))


def _pairs(rows: Sequence[str], reference: str | None, floors: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    methods = list(dict.fromkeys(rows))
    if reference is not None:
        yield from (("reference", method, reference) for method in methods if method != reference)
    for floor in dict.fromkeys(floors):
        yield from (("floor", method, floor) for method in methods if method not in floors)


def _measure(metric: str) -> str:
    """Return a metric without its region, feature or tissue: those of one metric are one family."""
    measures = (*paired_masks.COMPARED, *paired_errors.COMPARED, *paired_maps.COMPARED)
    return next((name for name in measures if metric.startswith(name)), metric)


def _read(
    method: str, predictions: Mapping[str, Sequence[Path]], paired: ModuleType
) -> dict[tuple[str, str], tuple[pd.DataFrame, int]]:
    """Return for each (selection, variant) the cases of a method and its number of seeds; nothing if it failed."""
    if method not in predictions:
        raise ReradError(f"no predictions are given for the method {method!r}", where="compare")
    tables = [read(path, paired.TASK) for path in predictions[method]]
    if not tables or any(table.empty for table in tables):
        log.warning("%s has a chunk without predictions: its comparisons have no values", method)
        return {}
    everything = pd.concat(tables, ignore_index=True)
    found = {}
    for key, part in everything[everything["role"] == "test"].groupby(["selection", "variant"], sort=True):
        check_tested_once(part, paired.TASK)
        found[(str(key[0]), str(key[1]))] = (paired.once(part), part["seed"].nunique())
    return found


def _compared(
    role: str,
    method: str,
    against: str,
    known: Mapping[str, dict[tuple[str, str], tuple[pd.DataFrame, int]]],
    paired: ModuleType,
    *,
    threshold: float,
    seed: int,
    bootstraps: int,
) -> Iterator[dict[str, Any]]:
    pair = {"role": role, "method": method, "against": against}
    missing = [name for name in (method, against) if not known[name]]
    if missing:
        empty = {**pair, **PRIMARY, "note": f"{missing[0]} has no predictions"}
        yield from ({**empty, "metric": metric} for metric in paired.COMPARED)
        return
    for key in (key for key in known[method] if key in known[against]):
        (one, seeds), (two, against_seeds) = known[method][key], known[against][key]
        shared = {**pair, "selection": key[0], "variant": key[1], "seeds": seeds, "against_seeds": against_seeds}
        common = paired.common(one, two, method, against)
        resampling = derive(seed, "compare", method, against, *key)
        for line in paired.lines(common, threshold=threshold, seed=resampling, bootstraps=bootstraps):
            yield {**shared, **line}
