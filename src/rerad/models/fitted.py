"""What every model of tables gives back once it is fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Fitted(NamedTuple):
    """A function from a table (cases, features) to scores in 0…1 (cases,), and what a person may want to read of it."""

    score: Callable[[pd.DataFrame], NDArray[np.float64]]
    summary: dict[str, Any]


class Regressed(NamedTuple):
    """A function from a table (cases, columns) to predictions (cases, outputs), and what a person may want to read."""

    predict: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    summary: dict[str, Any]
