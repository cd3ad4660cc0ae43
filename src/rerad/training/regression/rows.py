"""Rows of predictions_regression.csv."""

from __future__ import annotations

import math
from typing import Any

from rerad.core.errors import ReradError
from rerad.training.regression.data import Cohort


def regression_rows(cohort: Cohort, case: int, values: Any, lead: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a case's rows of predictions_regression.csv, ``values`` (features,) in the features' units.

    Raises:
        ReradError: a prediction is no number; it names the case.
    """
    if not all(map(math.isfinite, values)):
        name = cohort.names[case]
        raise ReradError(f"the prediction of case {name} is no number", where="models", remedy="Lower recipe.optimiser")
    return [
        {**lead, "case": cohort.names[case], "feature": name, "truth": float(truth), "prediction": float(value)}
        for name, truth, value in zip(cohort.features, cohort.target[case], values, strict=True)
    ]
