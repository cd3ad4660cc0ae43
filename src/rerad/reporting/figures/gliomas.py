"""The gliomas that a figure shows: scans and labels, and the colours of the tumour's parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from numpy.typing import NDArray

from rerad.cohorts.brats.labels import CORE, EDEMA, ENHANCING
from rerad.cohorts.brats.naming import MODALITIES
from rerad.core.errors import ReradError
from rerad.evaluation.checks import read_cases
from rerad.imaging.stored import open_case
from rerad.reporting.figures.image import REGION, window

NAMES = dict(zip(MODALITIES, ("T1", "T1Gd", "T2", "FLAIR"), strict=True))
# Fig. 1 of NAS-3D-U-Net has these three in red, blue and yellow.
PARTS = {CORE: ("necrotic, non-enhancing", "TC"), EDEMA: ("edema", "WT"), ENHANCING: ("enhancing", "ET")}
PLANES = ("sagittal", "coronal", "axial")


class Glioma(NamedTuple):
    """A case in its brain cube: four modalities (4, z, y, x), labels (z, y, x) of 0, 1, 2, 4, and its grade."""

    case: str
    grade: str
    images: NDArray[np.float32]
    labels: NDArray[np.uint8]

    @property
    def title(self) -> str:
        """Name and grade."""
        return f"{self.case} · {self.grade}" if self.grade else self.case

    def largest(self, plane: str) -> int:
        """Return the slice of a plane with the largest area of the whole tumour, the first of several."""
        axis = _axis(plane)
        others = tuple(other for other in range(3) if other != axis)
        return int(np.argmax((np.asarray(self.labels) > 0).sum(axis=others)))

    def scan(self, modality: str, plane: str) -> NDArray[np.float32]:
        """Return the slice ``largest`` of a modality, head up or front up."""
        return section(self.images[MODALITIES.index(modality)], plane, self.largest(plane))

    def drawn(self, plane: str) -> NDArray[np.uint8]:
        """Return the labels of the slice ``largest``."""
        return section(self.labels, plane, self.largest(plane))

    def limits(self, modality: str) -> tuple[float, float]:
        """Return the ends of the grey scale, those of the whole brain cube."""
        return window(np.asarray(self.images[MODALITIES.index(modality)]), modality, np.asarray(self.labels) > 0)


def section(volume: NDArray, plane: str, index: int) -> NDArray:
    """Return a slice of a volume (z, y, x) as a picture: the head up, in axial slices the front."""
    image = np.take(volume, index, axis=_axis(plane))
    return image if plane == "axial" else image[::-1]


def _axis(plane: str) -> int:
    return {"axial": 0, "coronal": 1, "sagittal": 2}[plane]


def gliomas(cases: Path, arrays: Path, names: Sequence[str] = ()) -> list[Glioma]:
    """Return the cases ``names``, or else of each grade the one whose tumour is of median size.

    Without ``names`` only included cases with enhancing tumour are candidates, or all where there is none. Grades stand
    in the order HGG, LGG; cases of unknown grade are a grade of their own only where no grade is known.

    Raises:
        ReradError: a name is none of the included cases, or there is no case.
    """
    table = read_cases(cases).sort_values("case")
    usable = table[table["included"] == 1].set_index("case")
    unknown = [name for name in names if name not in usable.index]
    if unknown or usable.empty:
        told = f"{unknown[0]!r} is no included case" if unknown else "there is no included case"
        known = f"; for example {', '.join(usable.index[:4])}" if len(usable) else ""
        remedy = f"Write other `cases` for the figure, or leave them out{known}"
        raise ReradError(told, where=str(cases), remedy=remedy)
    return [_glioma(name, usable["grade"][name], arrays) for name in names or _median(usable)]


def _median(usable: pd.DataFrame) -> list[str]:
    found = []
    grades = usable["grade"].fillna("")
    for grade in sorted(set(grades) - {""}) or [""]:
        members = usable[grades == grade]
        enhancing = members[members["et_ml"] > 0]
        ranked = (enhancing if len(enhancing) else members)["wt_ml"].sort_values(kind="stable")
        found.append(str(ranked.index[(len(ranked) - 1) // 2]))
    return found


def _glioma(name: str, grade: object, arrays: Path) -> Glioma:
    stored = open_case(arrays, name, channels=len(MODALITIES))
    return Glioma(name, grade if isinstance(grade, str) else "", stored.images, stored.labels)


def paint(axes: Axes, labels: NDArray[np.uint8], alpha: float = 0.75) -> None:
    """Lay the parts of a tumour in their colours over a slice."""
    order = list(PARTS)
    places = np.select([labels == part for part in order], range(1, len(order) + 1), default=0)
    colours = ListedColormap([REGION[region] for _, region in PARTS.values()])
    veiled = np.ma.masked_equal(places, 0)
    axes.imshow(veiled, cmap=colours, vmin=0.5, vmax=len(order) + 0.5, alpha=alpha, interpolation="nearest")


def legend() -> list[Patch]:
    """Return the handles that name the colours."""
    return [Patch(facecolor=REGION[region], label=name) for name, region in PARTS.values()]
