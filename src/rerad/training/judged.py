"""What came out for a case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Maps(NamedTuple):
    """Grey levels, tissues, exact and synthesised map of a case: shape (slices, rows, columns).

    Where nothing was synthesised, the synthesised map is not a number.
    """

    levels: NDArray[np.uint8]
    tissues: NDArray[np.uint8]
    exact: NDArray[np.float32]
    synthesised: NDArray[np.float32]


@dataclass
class Judged:
    """What came out for one case; what the network does not give is None.

    ``score``: probability of the positive class, the mean over the case's slices; ``losses`` likewise; ``mask``
    (z, y, x), predicted, of the GTV or of labels; ``dice`` of it, the mean over regions; ``features`` (n,), the mean
    over slices; ``map`` (y', x') at the axial slice ``shown``, the one with the largest tumour; ``values`` (outputs,)
    of a regression; ``maps`` of a network that synthesises one, exact and synthesised.
    """

    case: int
    score: float | None = None
    losses: dict[str, float] = field(default_factory=dict)
    mask: NDArray | None = None
    dice: float | None = None
    features: NDArray[np.float32] | None = None
    map: NDArray[np.float32] | None = None
    values: NDArray[np.float32] | None = None
    shown: int = 0
    maps: Maps | None = None
