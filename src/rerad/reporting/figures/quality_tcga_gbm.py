"""One picture of a segmented tumour: its labels in greys, with the contours of its regions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rerad.cohorts.brats.labels import CORE, EDEMA, ENHANCING, REGIONS, region
from rerad.cohorts.tcga_gbm.stored import open_labels
from rerad.core.pictures import new_figure, style
from rerad.imaging.geometry import box_spacing, from_cells
from rerad.reporting.figures.image import REGION, mark_phantom, outline, scale_bar, show, write

DPI = 110
WIDTH = 6.0  # inches
MARGIN = 4  # voxels of background around the tumour, so that its contour closes
GREYS = {CORE: 0.3, EDEMA: 0.45, ENHANCING: 0.75}
ONE_OVER_THE_OTHER = ("WT", "ET", "TC")  # where the core ends, so does what enhances; inside, this has a contour alone


def picture_tumour(case: Mapping[str, Any], *, arrays: Path, part: Path, phantom: bool) -> None:
    """Draw one row of ``cases.csv`` into ``<part>/<case>.png``: the largest axial and coronal slice of the tumour.

    Who takes part without images has no picture.

    Raises:
        ReradError: the labels or their geometry cannot be read.
    """
    if int(case["included"]) == 0:
        return
    name = case["case"]
    labels = np.pad(open_labels(arrays, case["tumour_of"]), MARGIN)
    depth_mm, height_mm, width_mm = box_spacing(from_cells(case, where=name))
    axial, coronal = (int(np.argmax((labels > 0).sum(axis=axes))) for axes in ((1, 2), (0, 2)))
    slices = {f"axial {axial - MARGIN}": labels[axial], f"coronal {coronal - MARGIN}": labels[::-1, coronal]}
    with style():
        figure = new_figure(WIDTH, WIDTH / 2 + 0.3, pad=0.02)
        panels = figure.subplots(1, 2, squeeze=False)[0]
        for axes, (title, plane), row_mm in zip(panels, slices.items(), (height_mm, depth_mm), strict=True):
            shown = np.zeros(plane.shape)
            for label, grey in GREYS.items():
                shown[plane == label] = grey
            show(axes, shown, "t1", (0.0, 1.0))
            axes.set_aspect(row_mm / width_mm)
            for kind in ONE_OVER_THE_OTHER:
                outline(axes, region(plane, kind), REGION[kind], 1.0)
            write(axes, 0.03, 0.97, title, ha="left", va="top")
        for line, kind in enumerate(kind for kind in REGIONS if region(labels, kind).any()):
            write(panels[0], 0.97, 0.97 - 0.07 * line, kind, ha="right", va="top", color=REGION[kind])
        scale_bar(panels[0], width_mm, labels.shape[2])
        volumes = " · ".join(
            f"{key.removesuffix('_ml')} {float(case[key]):.0f} ml" for key in case if key.endswith("_ml")
        )
        figure.suptitle(f"{name} · {volumes}", fontsize=10, weight="bold")
        if phantom:
            for axes in panels:
                mark_phantom(axes)
        figure.savefig(part / f"{name}.png", format="png", dpi=DPI, metadata={"Software": None})
