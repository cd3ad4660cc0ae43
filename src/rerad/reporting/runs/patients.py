"""What two runs say of each patient: scores, decisions, truth, and who changed sides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from rerad.evaluation.checks import check_tested_once
from rerad.reporting.runs.paired import NO_PREDICTIONS, THRESHOLD, unpaired
from rerad.reporting.runs.run import Run
from rerad.reporting.runs.settings import ONLY_A, ONLY_B, SAME
from rerad.training.predictions import read

COLUMNS = [
    *("cohort", "method", "task", "selection", "variant", "measure", "case", "change", "a", "b", "difference"),
    *("decision_a", "decision_b", "truth_a", "truth_b"),
]
METHODS = [
    *("cohort", "method", "task", "selection", "variant", "measure", "patients", "changed", "now_right", "now_wrong"),
    *("other_truth", "only_a", "only_b", "mean_change", "largest_change", "largest_case", "note"),
]
SCORE, RIGHT, WRONG, TRUTH = "score", "now right", "now wrong", "truth"
MEASURES = ("dice", "hd95_mm")
KEY = ["cohort", "method", "task", "selection", "variant", "measure"]
TASKS = ("classification", "segmentation")


def compare_patients(a: Run, b: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what both runs say of every tested patient, and a summary a method.

    A score is averaged over the seeds of its run; of segmentation it is the Dice and the Hausdorff distance of a
    region. ``change``: same, score (another score on the same side), now right or now wrong (of patients whose truth is
    the same), truth (it differs), only in A, only in B. ``mean_change`` is that of absolute differences.

    Raises:
        ReradError: predictions are broken, or a case is not tested once a seed.
    """
    patients: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    methods = [_methods(run) for run in (a, b)]
    for cohort, method in sorted({*methods[0], *methods[1]}):
        studies = [known.get((cohort, method)) for known in methods]
        why = unpaired(a, b, cohort, cohort) if all(studies) else f"only in {'A' if studies[0] else 'B'}"
        place = {"cohort": cohort, "method": method}
        if why:
            notes.append({**place, "note": why})
            continue
        for task in TASKS:
            found = [_read(run, str(study), method, task) for run, study in zip((a, b), studies, strict=True)]
            empty = [letter for letter, known in zip("AB", found, strict=True) if not known]
            if len(empty) == 1:
                notes.append({**place, "task": task, "note": NO_PREDICTIONS.format(empty[0])})
                continue
            for key in sorted({*found[0]} & {*found[1]}):
                shared = {**place, "task": task, **dict(zip(("selection", "variant", "measure"), key, strict=True))}
                patients += [{**shared, **row} for row in _changes(found[0][key], found[1][key])]
    table = pd.DataFrame(patients, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[-4:], "Int64"))
    summary = [dict(zip(KEY, key, strict=True)) | _summary(part) for key, part in table.groupby(KEY, sort=True)]
    found_methods = pd.DataFrame([*summary, *notes], columns=METHODS).astype(dict.fromkeys(METHODS[6:13], "Int64"))
    return table, found_methods.sort_values(["cohort", "method"], kind="stable", ignore_index=True)


def _methods(run: Run) -> dict[tuple[str, str], str]:
    """Return a study of every trained method that a table shows, by cohort and method."""
    found: dict[tuple[str, str], str] = {}
    for table in run.tables():
        cohort = str(run.config["studies"][table.study]["cohort"])
        for row in table.entry.get("rows", []):
            found.setdefault((cohort, str(row.get("trained", row["method"]))), table.study)
    return found


def _read(run: Run, study: str, method: str, task: str) -> dict[tuple[str, ...], pd.DataFrame]:
    """Return value and truth of every tested case by (selection, variant, measure); nothing of a failed method."""
    parts = [read(path, task) for path in run.predictions(study, method, task)]
    if not parts or any(part.empty for part in parts):
        return {}
    whole = pd.concat(parts, ignore_index=True)
    found = {}
    for key, part in whole[whole["role"] == "test"].groupby(["selection", "variant"], sort=True):
        check_tested_once(part, task)
        found.update({(*map(str, key), name): table for name, table in _measures(part, task)})
    return found


def _measures(part: pd.DataFrame, task: str) -> Iterator[tuple[str, pd.DataFrame]]:
    if task == "classification":
        cases = part.sort_values(["case", "seed"]).groupby("case")
        yield "score", pd.DataFrame({"value": cases["score"].mean(), "truth": cases["target"].first()})
        return
    means = part.sort_values(["case", "seed"]).groupby(["region", "case"])[list(MEASURES)].mean()
    for region in means.index.unique("region"):
        own = means.loc[region]
        yield from ((f"{name}_{region.lower()}", pd.DataFrame({"value": own[name], "truth": math.nan})) for name in own)


def _changes(one: pd.DataFrame, two: pd.DataFrame) -> Iterator[dict[str, Any]]:
    both = one.add_suffix("_a").join(two.add_suffix("_b"), how="outer").sort_index()
    for case, row in zip(both.index, both.to_dict("records"), strict=True):
        yield {"case": case, **_change(row, case in one.index, case in two.index)}


def _change(row: Mapping[str, float], in_a: bool, in_b: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"a": row["value_a"], "b": row["value_b"], "difference": row["value_b"] - row["value_a"]}
    decided = {}
    for letter in "ab":
        if not math.isnan(row[f"truth_{letter}"]):
            decided[letter] = int(row[f"value_{letter}"] >= THRESHOLD)
            told |= {f"decision_{letter}": decided[letter], f"truth_{letter}": int(row[f"truth_{letter}"])}
    if not (in_a and in_b):
        return {**told, "change": ONLY_A if in_a else ONLY_B}
    if decided and row["truth_a"] != row["truth_b"]:
        return {**told, "change": TRUTH}
    if decided and decided["a"] != decided["b"]:
        return {**told, "change": RIGHT if decided["b"] == row["truth_b"] else WRONG}
    same = row["value_a"] == row["value_b"] or (math.isnan(row["value_a"]) and math.isnan(row["value_b"]))
    return {**told, "change": SAME if same else SCORE}


def _summary(part: pd.DataFrame) -> dict[str, Any]:
    count = {change: int((part["change"] == change).sum()) for change in (SAME, RIGHT, WRONG, TRUTH, ONLY_A, ONLY_B)}
    both = len(part) - count[ONLY_A] - count[ONLY_B]
    apart = part["difference"].abs()
    most = apart.idxmax() if apart.notna().any() else None
    return {
        "patients": both,
        "changed": both - count[SAME],
        "now_right": count[RIGHT],
        "now_wrong": count[WRONG],
        "other_truth": count[TRUTH],
        "only_a": count[ONLY_A],
        "only_b": count[ONLY_B],
        "mean_change": apart.mean(),
        "largest_change": math.nan if most is None else part["difference"].loc[most],
        "largest_case": part["case"].loc[most] if most is not None and apart.loc[most] else "",
    }
