"""The cases that a figure shows, and their slices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from rerad.core.errors import ReradError
from rerad.evaluation.checks import read_cases
from rerad.reporting.figures.image import TRUTH, array, window


class Example(NamedTuple):
    """A case in its axial slice with the largest GTV area: images and GTV (y, x), grey scales from the whole box."""

    case: str
    target: int
    axial: int
    scans: dict[str, np.ndarray]
    limits: dict[str, tuple[float, float]]
    gtv: np.ndarray

    @property
    def title(self) -> str:
        """Name and outcome."""
        return f"{self.case} · {TRUTH[self.target]}"


def examples(cases: Path, arrays: Path, names: Sequence[str] = ()) -> list[Example]:
    """Return the cases ``names``, or else one without and one with metastases whose tumours have nearly one size.

    Of the included cases with PET and CT, without ``names``, the half with the larger GTVs is left, and of these the
    pair whose volumes differ least: as in the paper's Fig. 1 the images alone do not tell which is which.

    Raises:
        ReradError: a name is none of the included cases with CT, or an outcome has no case.
    """
    table = read_cases(cases)
    usable = table[(table["included"] == 1) & (table["has_ct"] == 1)].sort_values("case").set_index("case")
    unknown = [name for name in names if name not in usable.index]
    if unknown:
        raise ReradError(
            f"{unknown[0]!r} is no included case with CT",
            where=str(cases),
            remedy=f"Write other `cases` for the figure, or leave them out; for example {', '.join(usable.index[:4])}",
        )
    chosen = list(names) or _alike(usable, arrays, cases)
    return [_example(str(name), usable.loc[name], arrays) for name in chosen]


def _alike(usable: pd.DataFrame, arrays: Path, cases: Path) -> list[str]:
    volumes: dict[str, int] = {name: int(array(arrays, "GTV", int(row)).sum()) for name, row in usable["row"].items()}
    middle = float(np.median(list(volumes.values()))) if volumes else 0.0
    # An outcome whose tumours are all small has its largest one.
    groups: list[list[str]] = []
    for target in (0, 1):
        names = [name for name in usable.index[usable["target"] == target] if volumes[name] > 0]
        if not names:
            raise ReradError(f"no case with CT has the outcome {TRUTH[target]!r}", where=str(cases))
        groups.append([name for name in names if volumes[name] >= middle] or [max(names, key=volumes.__getitem__)])
    pairs = sorted(product(groups[0], groups[1]))
    alike = min(pairs, key=lambda pair: abs(math.log(volumes[pair[0]] / volumes[pair[1]])))
    return [*alike]


def _example(name: str, case: pd.Series, arrays: Path) -> Example:
    row = int(case["row"])
    gtv = array(arrays, "GTV", row) > 0
    axial = int(np.argmax(gtv.sum(axis=(1, 2))))
    scans, limits = {}, {}
    for modality in ("PET", "CT"):
        scan = array(arrays, modality, row)
        scans[modality], limits[modality] = scan[axial], window(scan, modality, gtv)
    return Example(name, int(case["target"]), axial, scans, limits, gtv[axial])
