"""One picture a case, to see that scan, tumour contour and box belong together."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rerad.core.errors import ReradError
from rerad.core.files import atomic_folder
from rerad.core.parallel import map_cases
from rerad.core.pictures import new_figure, style
from rerad.evaluation.checks import read_cases
from rerad.reporting.figures.image import (
    CONTOUR,
    TRUTH,
    absent,
    array,
    mark_phantom,
    outline,
    scale_bar,
    show,
    window,
    write,
)
from rerad.reporting.figures.quality_brats import picture_glioma
from rerad.reporting.figures.quality_breast import picture_breast
from rerad.reporting.figures.quality_tcga_gbm import picture_tumour

log = logging.getLogger(__name__)
DPI = 110


def picture_cases(
    cases: Path, arrays: Path, folder: Path, *, cohort: str, settings: Mapping[str, Any], phantom: bool, workers: int
) -> list[ReradError]:
    """Write ``<case>.png`` of every row of ``cases.csv``: the scans with the contours of the tumour, axial and coronal.

    A patient without images has none. ``arrays`` is what the cohort's preparation wrote; ``settings`` holds
    ``spacing_mm`` where all cases share it. The folder appears whole. A case that cannot be drawn is logged and
    returned as an error; the others finish.
    """
    table = read_cases(cases).sort_values("case")
    with atomic_folder(folder) as part:
        draw = functools.partial(DRAWING[cohort], arrays=arrays, part=part, phantom=phantom, **settings)
        results = map_cases(draw, table.to_dict("records"), workers=workers, label="quality pictures")
    errors = [result for result in results if isinstance(result, ReradError)]
    for error in errors:
        log.warning("no quality picture: %s", error)
    return errors


def picture_case(case: Mapping[str, Any], *, arrays: Path, part: Path, spacing_mm: float, phantom: bool) -> None:
    """Draw one row of ``cases.csv`` into ``<part>/<case>.png``: PET and CT with the GTV.

    ``arrays`` holds PET.npy, CT.npy, GTV.npy of shape (cases, z, y, x). The axial slice is the one with the
    largest GTV area, the coronal one likewise.
    """
    row = int(case["row"])
    gtv = array(arrays, "GTV", row) > 0
    axial, coronal = (int(np.argmax(gtv.sum(axis=axes))) for axes in ((1, 2), (0, 2)))
    scans = {"PET": array(arrays, "PET", row)}
    if int(case["has_ct"]):
        scans["CT"] = array(arrays, "CT", row)
    depth, height, width = gtv.shape
    with style():
        figure = new_figure(5.0, 5.0 * (depth + height) / (2 * width) + 0.55, pad=0.02)
        grid = figure.subplots(2, 2, height_ratios=[height, depth], squeeze=False)
        for column, modality in enumerate(("PET", "CT")):
            scan = scans.get(modality)
            if scan is None:
                for axes in grid[:, column]:
                    absent(axes, "no CT")
                continue
            limits = window(scan, modality, gtv)
            show(grid[0, column], scan[axial], modality, limits)
            show(grid[1, column], scan[:, coronal], modality, limits, "lower")
            outline(grid[0, column], gtv[axial], CONTOUR[modality])
            outline(grid[1, column], gtv[:, coronal], CONTOUR[modality])
        _labels(grid, scans, axial, coronal)
        scale_bar(grid[1, 0], spacing_mm, width)
        figure.suptitle(_title(case, gtv, spacing_mm), fontsize=10, weight="bold")
        if phantom:
            for axes in grid.ravel():
                mark_phantom(axes)
        figure.savefig(part / f"{case['case']}.png", format="png", dpi=DPI, metadata={"Software": None})


def _labels(grid: np.ndarray, scans: Mapping[str, np.ndarray], axial: int, coronal: int) -> None:
    for column, modality in enumerate(("PET", "CT")):
        if modality in scans:
            write(grid[0, column], 0.03, 0.97, f"{modality} · axial {axial}", ha="left", va="top")
            write(grid[1, column], 0.03, 0.97, f"{modality} · coronal {coronal}", ha="left", va="top")


def _title(case: Mapping[str, Any], gtv: np.ndarray, spacing_mm: float) -> str:
    volume = gtv.sum() * spacing_mm**3 / 1000
    status = TRUTH[int(case["target"])] if int(case["included"]) else "excluded"
    return f"{case['case']} · {status} · GTV {volume:,.0f} ml".replace(",", " ")


DRAWING: dict[str, Callable[..., None]] = {
    "brats": picture_glioma,
    "breast": picture_breast,
    "sts": picture_case,
    "tcga_gbm": picture_tumour,
}
