"""What trainings keep of synthesised maps for the figures: a slice of every test case, and some pixels."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerad.cohorts.breast.labels import TISSUES
from rerad.core.errors import ReradError
from rerad.evaluation.checks import read_cases
from rerad.reporting.artefacts import first_seed

Array = NDArray[np.float32]
SLICES = ("levels", "tissues", "exact", "synthesised")
PIXELS = "pixels_"


class Shown(NamedTuple):
    """A test case: one slice (y, x) of it, with its place, and by tissue pixels (n, 2), exact and synthesised.

    ``place`` is the number of the slice; ``spacing`` (y, x) in mm; ``axis`` is that across slices: 0 of axial ones.
    """

    case: str
    place: int
    axis: int
    spacing: tuple[float, float]
    levels: NDArray[np.uint8]
    tissues: NDArray[np.uint8]
    exact: Array
    synthesised: Array
    pixels: dict[str, Array]


def read_shown(predictions: Iterable[Path]) -> list[Shown]:
    """Return what was kept of the test cases of a method's lowest seed, by name; nothing if it failed.

    ``predictions`` are files ``seed<s>/<chunk>/…``, beside which ``artefacts/synthesis_<case>.npz`` lie.

    Raises:
        ReradError: a file is broken.
    """
    chunks = first_seed({path.parent for path in predictions})
    files = sorted(file for chunk in chunks for file in (chunk / "artefacts").glob("synthesis_*.npz"))
    return sorted((_read(file) for file in files), key=lambda one: one.case)


def _read(file: Path) -> Shown:
    try:
        with np.load(file, allow_pickle=False) as content:
            slices = {name: content[name] for name in SLICES}
            pixels = {tissue: content[f"{PIXELS}{tissue}"] for tissue in TISSUES}
            case, index, axis = str(content["case"][0]), int(content["slice"]), int(content["axis"])
            height, width = (float(step) for step in content["spacing"])
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        remedy = "Remove the method's folder below trained/ and run again"
        raise ReradError(f"cannot be read ({error})", where=str(file), remedy=remedy) from error
    return Shown(case, index, axis, (height, width), **slices, pixels=pixels)


def one_a_group(shown: Sequence[Shown], cases: Path, order: Sequence[str]) -> list[tuple[str, Shown]]:
    """Return a group's name and one case of it, for the groups of ``order`` that have one, or one without a group.

    It is the case whose lesion is of median size, of a group without lesions that with a median of glandular tissue.
    """
    table = read_cases(cases).set_index("case")
    by_name = {one.case: one for one in shown}
    known = table.loc[[name for name in table.index if name in by_name]]
    groups = known["group"].fillna("")
    found = []
    for group in [name for name in order if (groups == name).any()] or [""]:
        members = known[groups == group]
        if members.empty:
            continue
        sizes = members["lesion_voxels"] if members["lesion_voxels"].any() else members["glandular_voxels"]
        ranked = sizes.sort_values(kind="stable")
        found.append((group, by_name[str(ranked.index[(len(ranked) - 1) // 2])]))
    return found
