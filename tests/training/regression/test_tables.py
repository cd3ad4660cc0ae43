"""Floors of regression: mean and median of the training cases."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tiny_genes import FEATURES, make_cohort, run

from rerad.models import mean, median


@pytest.mark.parametrize(("name", "of"), [("mean", np.mean), ("median", np.median)])
def test_a_floor_predicts_what_its_training_cases_have(tmp_path, name, of):
    cohort = make_cohort(tmp_path / "cohort")
    settings = {"model": name, "modalities": ["enhancing", "edema"], "recipe": {}}
    out = run(cohort, tmp_path / "out", settings)
    assert json.loads((out / "cost.json").read_text())["failed"] is None
    table = pd.read_csv(out / "predictions_regression.csv")
    assert len(table) == 3 * 12 * 3
    known = pd.read_csv(cohort / "features.csv").set_index("case")
    splits = pd.read_csv(cohort / "splits.csv")
    for fold in (1, 2, 3):
        train = known.loc[splits[(splits["fold"] == fold) & (splits["role"] == "train")]["case"]]
        for feature in FEATURES:
            own = table[(table["fold"] == fold) & (table["feature"] == feature)]
            assert own["prediction"].tolist() == pytest.approx([of(train[feature])] * 12, rel=1e-9)
    assert len(json.loads((out / "artefacts" / "fold1_published.json").read_text())[name]) == 3


def test_no_other_constant_has_a_lower_error_on_the_cases_that_it_is_from():
    target = np.random.default_rng(0).lognormal(size=(15, 2))
    given = {"chosen": {}, "recipe": {}, "seed": 0}
    table = np.zeros((15, 4))
    absolute = np.abs(target - median.fit(table, target, **given).predict(table)).mean(axis=0)
    squared = ((target - mean.fit(table, target, **given).predict(table)) ** 2).mean(axis=0)
    for shift in np.linspace(-1, 1, 9):
        other = target.mean(axis=0) + shift
        assert (np.abs(target - other).mean(axis=0) >= absolute - 1e-12).all()
        assert (((target - other) ** 2).mean(axis=0) >= squared - 1e-12).all()
