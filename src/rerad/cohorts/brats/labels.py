"""Labels of the tumour's parts: three codings, and the regions that tables are about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rerad.core.errors import CaseError

CORE, EDEMA, ENHANCING = 1, 2, 4  # necrotic and non-enhancing core; the coding of BraTS up to 2021, kept everywhere
REGIONS = {"WT": (CORE, EDEMA, ENHANCING), "TC": (CORE, ENHANCING), "ET": (ENHANCING,)}

# How a file's labels read, by the coding's name in cases.csv.
_CODINGS = {
    "et4": {1: CORE, 2: EDEMA, 4: ENHANCING},  # to 2021
    "et3": {1: CORE, 2: EDEMA, 3: ENHANCING},  # from 2023
    "no_et": {1: CORE, 2: EDEMA},  # no enhancing tumour: both codings read the same
    "decathlon": {1: EDEMA, 2: CORE, 3: ENHANCING},
}


def recode(values: NDArray[np.generic], *, decathlon: bool) -> tuple[NDArray[np.uint8], str]:
    """Return labels as 0, 1, 2, 4 (uint8) and the name of the coding that they had.

    Which of the two BraTS codings it is shows by the labels themselves; of the Decathlon's, the same numbers as the
    newer one's, only where the files come from tells.

    Raises:
        CaseError: a label is none of the coding, or no voxel has one.
    """
    found = {float(value) for value in np.unique(values)} - {0.0}
    if not found:
        raise CaseError("the segmentation marks no voxel", remedy="Segment the tumour, or leave the case out")
    name = "decathlon" if decathlon else "et4" if 4 in found else "et3" if 3 in found else "no_et"
    coding = _CODINGS[name]
    if not found <= set(coding):
        known = "1, 2, 3" if decathlon else "1, 2 and either 4 or 3"
        told = ", ".join(f"{value:g}" for value in sorted(found))
        raise CaseError(f"labels {told}: the coding has {known}", remedy="Correct the segmentation")
    result = np.zeros(values.shape, np.uint8)
    for label, meaning in coding.items():
        result[values == label] = meaning
    return result, name


def region(labels: NDArray[np.uint8], name: str) -> NDArray[np.bool_]:
    """Return the voxels of WT (whole tumour), TC (core) or ET (enhancing)."""
    return np.isin(labels, REGIONS[name])
