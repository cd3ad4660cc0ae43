"""What stands above and under a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rerad.reporting.rendering import meaning

CELLS = {
    "synthesis": (
        "Ours: over the pixels of {judged}, synthesised against exact entropy, all patients together, mean over seeds, "
        "with the 95 % interval of a bootstrap of patients, each with all its pixels, which are not independent (seeds "
        "resampled inside). Every patient is judged by the network of the one fold that did not see them. "
        "Percentage differences are |a - b| / ((a + b) / 2), fractions: 0.07 is 7 %."
    ),
    "classification": (
        "Ours: mean over seeds of the metric on the pooled out-of-fold predictions, threshold 0.5, with the 95 % "
        "interval of a bootstrap of patients (seeds resampled inside). AUC from scores."
    ),
    "segmentation": (
        "Ours: over the voxels of {judged}, mean over the {cases} cases, then over seeds, with the "
        "95 % interval of a bootstrap of patients (seeds resampled inside)."
    ),
    "regression": (
        "Ours: mean absolute error over the {cases} cases, then over seeds, with the 95 % interval of a bootstrap of "
        "patients (seeds resampled inside). Over {judged}, MAE is in parts of a feature's largest value."
    ),
}
RESUBSTITUTION = (
    "Training cases (role train): each is judged by the networks of the folds that were trained on it, and counts with "
    "the mean over them. This is resubstitution and says nothing about other patients."
)
HELD_OUT = "Held-out cases (role test): each is judged by the network of the one fold that did not see it."
EMPTY = (
    "A region that neither truth nor prediction has counts as right: Dice 1, Hausdorff distance 0. One that only one "
    "of them has is wrong: Dice 0, and the distance is the diagonal of the image; sensitivity is defined only where "
    "the truth has the region."
)
REGION = re.compile(r".*_(et|tc|wt)")


def banner(cohort: Mapping[str, Any]) -> str:
    """Return the warning of a table that must not be taken for a reproduction, or an empty string."""
    if cohort.get("phantom"):
        return (
            "PHANTOM. The cohort was made by this software, not scanned: nothing here reproduces the paper, "
            "whose values stand beside for the layout only."
        )
    if cohort.get("permuted"):
        return "NULL RUN. The labels were permuted: this is what the methods yield where there is nothing to find."
    return ""


def notes(
    cohort: Mapping[str, Any],
    primary: str,
    marks: Mapping[str, str],
    absent: Sequence[str],
    published: bool,
    optimism: bool = False,
    task: str = "classification",
    role: str = "test",
    regions: bool = False,
) -> list[str]:
    """Return the sentences under a table: what a cell is, the verdict, optimism, the cohort, marks, missing rows.

    ``regions``: the table has columns of several regions of a tumour.
    """
    sentences = [CELLS[task].format(judged=cohort["judged"], cases="training" if role == "train" else "out-of-fold")]
    if regions:
        sentences += [RESUBSTITUTION if role == "train" else HELD_OUT, EMPTY]
    if published:
        sentences.append(
            f"Verdict: the published {meaning(primary)} against our interval; above means ours is higher than "
            "published. Floors and controls are rows that the paper does not have."
        )
    if optimism:
        sentences.append(
            f"Optimism: {meaning(primary)} of best_test − last. last is the fixed number of epochs, without a choice, "
            "and fills every other column; best_test takes the epoch that is best on the very fold it is tested on."
        )
    sentences.append(
        f"Cohort {cohort['name']} (source: {cohort['source']}): {cohort['size']}; the paper: {cohort['paper_size']}."
    )
    sentences.extend(cohort.get("notes", []))
    sentences.extend(f"{mark} {text}." for mark, text in marks.items())
    if absent:
        sentences.append(f"Rows of the paper that are not reproduced yet: {', '.join(absent)}.")
    return sentences


def of_regions(columns: Mapping[str, str]) -> bool:
    """Tell whether a table's columns (name → metric) are of several regions of a tumour."""
    return any(REGION.fullmatch(metric) for metric in columns.values())


def filled(deviations: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the rows without the columns in which none of them says anything."""
    keys = list(dict.fromkeys(key for row in deviations for key in row if any(other.get(key) for other in deviations)))
    return [{key: row.get(key, "") for key in keys} for row in deviations]


def slug(verdict: str) -> str:
    """Return the one-word class of a verdict: within, above, below, incomparable, none or failed."""
    classes = {"within": "within", "above": "above", "below": "below", "not": "incomparable", "no": "none"}
    return classes.get(verdict.partition(" ")[0], "failed")
