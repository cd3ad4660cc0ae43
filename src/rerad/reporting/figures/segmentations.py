"""Predicted tumours beside the true ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from rerad.core.pictures import COLOURS, SOFT, save, style
from rerad.reporting.artefacts import of_case, read_folds
from rerad.reporting.figures.blocks import blocks, footer
from rerad.reporting.figures.examples import Example, examples
from rerad.reporting.figures.image import absent, mark_phantom, show
from rerad.reporting.figures.maps import check_slice
from rerad.training.predictions import SEGMENTATION, read

# Found, missed and wrongly called voxels; the true tumour has the colour of what is found.
PARTS = {"tumour, found": COLOURS[2], "tumour, missed": COLOURS[4], "no tumour, but called so": COLOURS[1]}


def plot_segmentations(
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
    """Draw, a block a case, CT, PET, the GTV and each method's mask in the axial slice with the largest GTV area.

    ``predictions`` lead from the trained id to its files predictions_segmentation.csv, beside which the artefacts lie;
    ``rows``, ``cases``, ``arrays`` and ``names`` as in ``plot_maps``. Under a mask stands the case's out-of-fold Dice
    in three dimensions, of the same network: last epoch, lowest seed.

    Raises:
        ReradError: see ``examples`` and ``read_folds``; a mask of another slice than the arrays'.
    """
    shown = examples(cases, arrays, names)
    files = {row["label"]: predictions[row.get("trained", row["method"])] for row in rows}
    folds = {label: read_folds(paths) for label, paths in files.items()}
    scores = {label: dice_of(paths) for label, paths in files.items()}
    labels = ["CT", "PET", "True tumour (GTV)", *folds]
    height, width = shown[0].gtv.shape
    by_row = 4 if len(labels) % 4 == 0 else 3  # more side by side are not readable at 400 pixels
    with style():
        titles = [example.title for example in shown]
        figure, panels = blocks(titles, labels, by_row=by_row, aspect=height / width, foot=0.42, under=True)
        for example, (ct, pet, true, *others) in zip(shown, panels, strict=True):
            for axes, modality in ((ct, "CT"), (pet, "PET")):
                show(axes, example.scans[modality], modality, example.limits[modality])
                if phantom:
                    mark_phantom(axes, size=8)
            _overlay(true, example, example.gtv)
            for axes, label in zip(others, folds, strict=True):
                kept = of_case(folds[label], example.case)
                if "mask" not in kept:
                    absent(axes, "no mask" if kept else "failed", size=10)
                    continue
                check_slice(example, kept, label)
                _overlay(axes, example, np.asarray(kept["mask"]) > 0)
                axes.set_xlabel(_told(scores[label].get(example.case)), fontsize=8, labelpad=2, color=SOFT)
        handles = [Patch(facecolor=colour, label=name) for name, colour in PARTS.items()]
        footer(figure).legend(
            handles=handles, loc="center", ncols=3, frameon=False, handlelength=1.2, columnspacing=1.2
        )
        save(figure, png, svg, phantom=phantom)


def _overlay(axes: Axes, example: Example, mask: np.ndarray) -> None:
    show(axes, example.scans["CT"], "CT", example.limits["CT"])
    parts = np.select([example.gtv & mask, example.gtv & ~mask, ~example.gtv & mask], [1, 2, 3], default=0)
    veiled = np.ma.masked_equal(parts, 0)
    colours = ListedColormap(list(PARTS.values()))
    axes.imshow(veiled, cmap=colours, vmin=0.5, vmax=3.5, alpha=0.75, interpolation="nearest")


def dice_of(paths: Sequence[Path]) -> dict[str, float]:
    """Return the Dice of every test case at the last epoch of the lowest seed, mean over regions if there are several.

    Nothing for a method that failed.
    """
    chosen = out_of_fold(paths)
    return {str(case): float(value) for case, value in chosen.groupby("case")["dice"].mean().items()}


def out_of_fold(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the rows of the test cases at the last epoch of the lowest seed; none for a method that failed."""
    tables = [read(path, "segmentation") for path in paths]
    if not tables or any(table.empty for table in tables):
        return pd.DataFrame(columns=SEGMENTATION)
    whole = pd.concat(tables, ignore_index=True)
    return whole[
        (whole["role"] == "test")
        & (whole["selection"] == "last")
        & (whole["variant"] == "published")
        & (whole["seed"] == whole["seed"].min())
    ]


def _told(dice: float | None) -> str:
    return "Dice –" if dice is None or math.isnan(dice) else f"Dice {dice:.3f}"
