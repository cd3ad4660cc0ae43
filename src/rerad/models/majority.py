"""The floor below all: the majority class of the training fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rerad.models.fitted import Fitted


def fit(table: pd.DataFrame, target: NDArray, *, chosen: dict[str, Any], recipe: dict[str, Any], seed: int) -> Fitted:
    """Score every case with the share of positives in the training fold; a tie counts as positive."""
    prevalence = float(np.mean(target))
    return Fitted(lambda cases: np.full(len(cases), prevalence), {"prevalence": prevalence})
