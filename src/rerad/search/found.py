"""What every search gives back."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

TABLE_HISTORY = ["fold", "step", "number", "candidate", "criterion", "chosen"]
NETWORK_HISTORY = ["fold", "epoch", "split", "quantity", "value"]


class Searched(NamedTuple):
    """What was chosen, by fold as text; how it came about; what stands ``beside`` it for people; what adds to the cost.

    The columns of ``history`` are those of searches of tables or of networks.
    """

    folds: dict[str, dict[str, Any]]
    history: pd.DataFrame
    beside: dict[str, Any] = {}  # noqa: RUF012 - nobody writes into it
    cost: dict[str, Any] = {}  # noqa: RUF012
