"""One picture of a glioma case: four modalities with the contours of its regions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rerad.cohorts.brats.labels import REGIONS, region
from rerad.cohorts.brats.naming import MODALITIES
from rerad.core.pictures import new_figure, style
from rerad.imaging.geometry import box_spacing, from_cells
from rerad.imaging.stored import open_case
from rerad.reporting.figures.image import REGION, mark_phantom, outline, scale_bar, show, window, write

DPI = 110
WIDTH = 8.0  # inches


def picture_glioma(case: Mapping[str, Any], *, arrays: Path, part: Path, phantom: bool) -> None:
    """Draw one row of ``cases.csv`` into ``<part>/<case>.png``: axial and coronal slices of the brain cube.

    They are those with the largest area of the whole tumour.

    Raises:
        ReradError: the case's files or its geometry cannot be read.
    """
    name = case["case"]
    images, labels = open_case(arrays, name, channels=len(MODALITIES))
    masks = {kind: region(labels, kind) for kind in REGIONS}
    axial, coronal = (int(np.argmax(masks["WT"].sum(axis=axes))) for axes in ((1, 2), (0, 2)))
    depth, height, width = labels.shape
    with style():
        figure = new_figure(WIDTH, WIDTH * (depth + height) / (len(MODALITIES) * width) + 0.4, pad=0.02)
        grid = figure.subplots(2, len(MODALITIES), height_ratios=[height, depth], squeeze=False)
        for column, modality in zip(grid.T, MODALITIES, strict=True):
            scan = np.asarray(images[MODALITIES.index(modality)])
            limits = window(scan, modality, masks["WT"])
            show(column[0], scan[axial], modality, limits)
            show(column[1], scan[:, coronal], modality, limits, "lower")
            for kind, mask in masks.items():
                outline(column[0], mask[axial], REGION[kind], 1.0)
                outline(column[1], mask[:, coronal], REGION[kind], 1.0)
            write(column[0], 0.03, 0.97, f"{modality} · axial {axial}", ha="left", va="top")
            write(column[1], 0.03, 0.97, f"coronal {coronal}", ha="left", va="top")
        for line, kind in enumerate(kind for kind, mask in masks.items() if mask.any()):
            write(grid[0, 0], 0.97, 0.9 - 0.07 * line, kind, ha="right", va="top", color=REGION[kind])
        scale_bar(grid[1, 0], box_spacing(from_cells(case, where=name))[2], width)
        figure.suptitle(_title(case), fontsize=10, weight="bold")
        if phantom:
            for axes in grid.ravel():
                mark_phantom(axes)
        figure.savefig(part / f"{name}.png", format="png", dpi=DPI, metadata={"Software": None})


def _title(case: Mapping[str, Any]) -> str:
    grade = case["grade"] if isinstance(case["grade"], str) else "grade unknown"
    volumes = " · ".join(f"{kind} {float(case[f'{kind.lower()}_ml']):.0f} ml" for kind in REGIONS)
    return f"{case['case']} · {grade} · {volumes}"
