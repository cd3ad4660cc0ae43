"""One picture of a breast case: the image with the contours of its tissues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rerad.cohorts.breast.labels import LESION, TISSUES
from rerad.core.pictures import new_figure, style
from rerad.imaging.geometry import box_spacing, from_cells
from rerad.imaging.stored import open_case
from rerad.reporting.figures.image import TISSUE, mark_phantom, outline, scale_bar, show, window, write

DPI = 110
WIDTH = 7.0  # inches


def picture_breast(case: Mapping[str, Any], *, arrays: Path, part: Path, phantom: bool) -> None:
    """Draw one row of ``cases.csv`` into ``<part>/<case>.png``: a slice as it was taken, without and with its tissues.

    It is the slice with the largest area of the lesion, or of all tissues where there is none.

    Raises:
        ReradError: the case's files or its geometry cannot be read.
    """
    name, axis = case["case"], int(case["slice_axis"])
    images, labels = open_case(arrays, name, channels=1)
    across = tuple(other for other in range(3) if other != axis)
    wanted = np.asarray(labels) == LESION if (labels == LESION).any() else np.isin(labels, list(TISSUES.values()))
    index = int(np.argmax(wanted.sum(axis=across)))
    image, tissue = (np.take(volume, index, axis=axis) for volume in (images[0], labels))
    if axis != 0:  # rows go up the body
        image, tissue = image[::-1], tissue[::-1]
    spacing = [step for other, step in enumerate(box_spacing(from_cells(case, where=name))) if other != axis]
    height, width = image.shape[0] * spacing[0], image.shape[1] * spacing[1]
    with style():
        figure = new_figure(WIDTH, WIDTH * height / (2 * width) + 0.4, pad=0.02)
        grid = figure.subplots(1, 2, squeeze=False)[0]
        limits = window(np.asarray(images[0]), "MR", wanted)
        for axes in grid:
            show(axes, image, "MR", limits)
            axes.set_aspect(spacing[0] / spacing[1])
        for line, (kind, value) in enumerate(TISSUES.items()):
            outline(grid[1], tissue == value, TISSUE[kind], 0.8)
            write(grid[1], 0.97, 0.97 - 0.07 * line, kind, ha="right", va="top", color=TISSUE[kind])
        write(grid[0], 0.03, 0.97, f"{('axial', 'coronal', 'sagittal')[axis]} {index}", ha="left", va="top")
        scale_bar(grid[0], spacing[1], image.shape[1])
        group = case["group"] if isinstance(case["group"], str) and case["group"] else "group unknown"
        figure.suptitle(f"{name} · {group}", fontsize=10, weight="bold")
        if phantom:
            for axes in grid:
                mark_phantom(axes)
        figure.savefig(part / f"{name}.png", format="png", dpi=DPI, metadata={"Software": None})
