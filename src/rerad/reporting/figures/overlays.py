"""Labels that networks painted beside the true ones, over the scan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rerad.cohorts.brats.labels import REGIONS
from rerad.core.errors import ReradError
from rerad.core.pictures import SOFT, save, style
from rerad.reporting.artefacts import of_case, read_folds
from rerad.reporting.figures.blocks import blocks, footer
from rerad.reporting.figures.gliomas import NAMES, Glioma, gliomas, legend, paint
from rerad.reporting.figures.image import absent, mark_phantom, show
from rerad.reporting.figures.segmentations import out_of_fold

UNDER = "t1"  # "overlaid on the T1-weighted slices", says Fig. 8
UNDERNEATH = (
    f"Under a picture: Dice of {', '.join(REGIONS)} in the whole image,\nby a network that did not see the case."
)
REMEDY = "The arrays were prepared anew since the training: remove the method's folder and run again"


def plot_overlays(
    *,
    rows: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Sequence[Path]],
    cases: Path,
    arrays: Path,
    phantom: bool,
    png: Path,
    svg: Path,
    names: Sequence[str] = (),
) -> None:
    """Draw, a block a case, T1, the true labels and each method's in the axial slice with the largest tumour.

    ``predictions`` lead from the trained id to its files predictions_segmentation.csv, beside which the artefacts lie;
    ``rows`` as in ``plot_segmentations``, ``cases``, ``arrays`` and ``names`` as in ``gliomas``. Under a picture stands
    the out-of-fold Dice of WT, TC and ET in three dimensions, of the same network: last epoch, lowest seed.

    Raises:
        ReradError: see ``gliomas`` and ``read_folds``; labels of another slice or size than the arrays'.
    """
    shown = gliomas(cases, arrays, names)
    files = {row["label"]: predictions[row.get("trained", row["method"])] for row in rows}
    folds = {label: read_folds(paths) for label, paths in files.items()}
    scores = {label: _dice(paths) for label, paths in files.items()}
    labels = [NAMES[UNDER], "Truth", *folds]
    aspect = max(one.labels.shape[1] / one.labels.shape[2] for one in shown)
    with style():
        by_row = 4 if len(labels) % 4 == 0 else 3  # more side by side are not readable at 400 pixels
        titles = [one.title for one in shown]
        figure, panels = blocks(titles, labels, by_row=by_row, aspect=aspect, foot=0.65, under=True)
        for one, (plain, true, *others) in zip(shown, panels, strict=True):
            for axes in (plain, true):
                _scan(axes, one, phantom)
            paint(true, one.drawn("axial"))
            for axes, label in zip(others, folds, strict=True):
                kept = of_case(folds[label], one.case)
                if "labels" not in kept:
                    absent(axes, "no labels" if kept else "failed", size=10)
                    continue
                _check(one, kept, label)
                _scan(axes, one, phantom)
                paint(axes, kept["labels"])
                axes.set_xlabel(told(scores[label].get(one.case, {})), fontsize=8, labelpad=2, color=SOFT)
        foot = footer(figure)
        foot.legend(handles=legend(), loc="upper center", ncols=3, frameon=False, handlelength=1.2, columnspacing=1.2)
        foot.text(0.5, 0.05, UNDERNEATH, ha="center", va="bottom", fontsize=7.5, color=SOFT)
        save(figure, png, svg, phantom=phantom)


def _scan(axes: Axes, one: Glioma, phantom: bool) -> None:
    show(axes, one.scan(UNDER, "axial"), UNDER, one.limits(UNDER))
    if phantom:
        mark_phantom(axes, size=8)


def told(dice: Mapping[str, float]) -> str:
    """Return the Dice of all regions in a line, a dash for what is not known."""
    values = [dice.get(region, math.nan) for region in REGIONS]
    return " · ".join("–" if math.isnan(value) else f"{value:.2f}" for value in values)


def _dice(paths: Sequence[Path]) -> dict[str, dict[str, float]]:
    """Return the Dice of every test case, region by region."""
    found: dict[str, dict[str, float]] = {}
    for record in out_of_fold(paths)[["case", "region", "dice"]].to_dict("records"):
        found.setdefault(str(record["case"]), {})[record["region"]] = float(record["dice"])
    return found


def _check(one: Glioma, kept: Mapping[str, Any], label: str) -> None:
    axial, painted = one.largest("axial"), np.asarray(kept["labels"])
    where = f"{label}, case {one.case}"
    if int(kept.get("slice", axial)) != axial:
        told = f"the artefact shows slice {int(kept['slice'])}, the tumour is largest in slice {axial}"
        raise ReradError(told, where=where, remedy=REMEDY)
    if painted.shape != one.labels.shape[1:]:
        told = f"the artefact's slice is {painted.shape}, that of the brain cube {one.labels.shape[1:]}"
        raise ReradError(told, where=where, remedy=REMEDY)
