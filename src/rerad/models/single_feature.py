"""A floor: what a single number (tumour volume, SUVmax, size of the image) reaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from rerad.models import majority
from rerad.models.fitted import Fitted
from rerad.models.preparing import learn, standardise


def fit(table: pd.DataFrame, target: NDArray, *, chosen: dict[str, Any], recipe: dict[str, Any], seed: int) -> Fitted:
    """Fit an unpenalised logistic regression on the one column of ``table`` (cases, 1); nothing is chosen or drawn.

    A column that does not vary in the training fold tells nothing: the score is then the share of positives.
    """
    if table.iloc[:, 0].nunique() < 2:
        return majority.fit(table, target, chosen=chosen, recipe=recipe, seed=seed)
    preparation = learn(table)
    # Separable classes have no finite solution; scikit-learn stops at its tolerance, with the order of cases right.
    model = LogisticRegression(C=np.inf).fit(standardise(table, preparation), target)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Fitted(
        lambda cases: model.predict_proba(standardise(cases, preparation))[:, 1],
        {"feature": preparation.columns[0], "slope_per_sd": slope, "intercept": intercept},
    )
