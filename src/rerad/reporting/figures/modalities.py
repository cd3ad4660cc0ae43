"""Four modalities and the labels of one glioma, in three planes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rerad.core.pictures import new_figure, save, style
from rerad.reporting.figures.gliomas import NAMES, PLANES, gliomas, legend, paint
from rerad.reporting.figures.image import mark_phantom, show

WIDTH = 4.8  # inches
LEFT, ABOVE, BELOW = 0.2, 0.36, 0.3  # inches for the names of the planes, the headings and the legend


def plot_modalities(
    *, cases: Path, arrays: Path, phantom: bool, png: Path, svg: Path, names: Sequence[str] = ()
) -> None:
    """Draw T1, T1 with gadolinium, T2, FLAIR and the labels over T1 in the slices with the largest tumour.

    ``cases`` is cases.csv, ``arrays`` the folder of the stored cases, see :mod:`rerad.imaging.stored`; of ``names``, or
    of those that ``gliomas`` chooses, the first case is drawn.

    Raises:
        ReradError: see ``gliomas``.
    """
    one = gliomas(cases, arrays, names)[0]
    depth, height, width = one.labels.shape
    across = max(height, width)
    sizes = {"sagittal": depth, "coronal": depth, "axial": height}
    panel = (WIDTH - LEFT) / (len(NAMES) + 1)
    with style():
        tall = sum(panel * size / across for size in sizes.values())
        figure = new_figure(WIDTH, tall + ABOVE + BELOW, pad=0.012)
        grid = figure.subplots(len(PLANES), len(NAMES) + 1, height_ratios=list(sizes.values()), squeeze=False)
        limits = {modality: one.limits(modality) for modality in NAMES}
        for row, plane in zip(grid, PLANES, strict=True):
            for axes, modality in zip(row, [*NAMES, "t1"], strict=True):
                show(axes, _widened(one.scan(modality, plane), across), modality, limits[modality])
                if phantom:
                    mark_phantom(axes, size=5.5)
            paint(row[-1], _widened(one.drawn(plane), across), alpha=1.0)
            row[0].set_ylabel(plane.capitalize(), fontsize=8.5)
        for axes, name in zip(grid[0], [*NAMES.values(), "Labels"], strict=True):
            axes.set_title(name, fontsize=9, weight="bold", pad=3)
        figure.suptitle(one.title, fontsize=9.5)
        figure.legend(handles=legend(), loc="outside lower center", ncols=3, frameon=False, handlelength=1.2)
        save(figure, png, svg, phantom=phantom)


def _widened(image: NDArray, across: int) -> NDArray:
    """Return a slice with 0 on either side, so that all are of one width."""
    missing = across - image.shape[1]
    return np.pad(image, ((0, 0), (missing // 2, missing - missing // 2)))
