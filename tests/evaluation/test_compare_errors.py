"""Comparisons of errors: Wilcoxon over the patients, feature by feature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from rerad.evaluation.compare import COLUMNS, compare
from rerad.training.predictions import REGRESSION

CASES = np.arange(10)
TRUTH = {"edema_volume": 10.0 + CASES, "edema_sphericity": np.where(CASES == 3, 0.0, 0.5)}
OFF = {"one": np.array([1, -2, 3, 4, -5, 6, 7, 8, 9, 10.0]), "two": np.array([2, 2, 5, 5, 9, 2, 3, 3, 1, 1.0])}


def predictions(off, seeds=(0,)):
    tables = []
    for feature, scale in (("edema_volume", 1.0), ("edema_sphericity", 0.01)):
        for seed in seeds:
            told = {"case": [f"c{n}" for n in CASES], "fold": CASES % 2 + 1, "feature": feature, "seed": seed}
            values = {"truth": TRUTH[feature], "prediction": TRUTH[feature] + scale * off * (1 + seed)}
            tables.append(pd.DataFrame({**told, **values}))
    whole = pd.concat(tables).assign(selection="last", variant="published", role="test")
    return pd.concat([whole, whole.assign(role="train", prediction=0.0)], ignore_index=True)[REGRESSION]


@pytest.fixture
def compared(tmp_path):
    def go(**tables):
        files = {}
        for name, table in tables.items():
            files[name] = [tmp_path / f"{name}.csv"]
            table.to_csv(files[name][0], index=False)
        given = {"reference": "two", "rows": list(tables), "seed": 0, "bootstraps": 200, "task": "regression"}
        compare(files, comparisons=tmp_path / "comparisons.csv", **given)
        return pd.read_csv(tmp_path / "comparisons.csv").set_index("metric")

    return go


def test_every_feature_is_tested_over_the_patients(compared):
    table = compared(one=predictions(OFF["one"]), two=predictions(OFF["two"]))
    assert list(table.columns) == [name for name in COLUMNS if name != "metric"]
    assert set(table.index) == {f"{error}{of}" for error in ("mae", "mape") for of in ("", *("_" + n for n in TRUTH))}
    line, apart = table.loc["mae_edema_volume"], np.abs(OFF["one"]) - np.abs(OFF["two"])
    assert (line["value"], line["against_value"]) == (5.5, 3.3)
    assert line["difference"] == pytest.approx(2.2)
    assert line["low"] < 2.2 < line["high"]
    assert line["p"] == pytest.approx(wilcoxon(apart, correction=True, method="asymptotic").pvalue)
    assert line["n"] == 10


def test_percent_errors_leave_out_a_truth_of_zero(compared):
    table = compared(one=predictions(OFF["one"]), two=predictions(OFF["two"]))
    line = table.loc["mape_edema_sphericity"]
    kept = np.abs(OFF["one"])[CASES != 3]
    assert line["n"] == 9
    assert line["value"] == pytest.approx(100 * (0.01 * kept / 0.5).mean())


def test_the_mean_over_features_divides_by_the_largest_truth(compared):
    line = compared(one=predictions(OFF["one"]), two=predictions(OFF["two"])).loc["mae"]
    assert line["value"] == pytest.approx((5.5 / 19 + 0.055 / 0.5) / 2)


def test_errors_of_seeds_are_averaged_not_their_predictions(compared):
    one = predictions(OFF["one"], seeds=(0, 1))
    one.loc[one["seed"] == 1, "prediction"] = 2 * one["truth"] - one["prediction"]  # as far off, on the other side
    line = compared(one=one, two=predictions(OFF["two"])).loc["mae_edema_volume"]
    assert (line["value"], line["seeds"]) == (pytest.approx(1.5 * 5.5), 2)


def test_both_methods_are_scaled_by_the_same_patients(compared):
    two = predictions(OFF["two"])
    far = two[two["case"] == "c0"].assign(case="c10", truth=1000.0, prediction=1001.0)
    lines = compared(one=pd.concat([two, far]), two=two)
    assert lines.loc["mae", "n"] == 10
    assert (lines["difference"] == 0).all()
    assert lines.loc["mae", "value"] == pytest.approx((3.3 / 19 + 0.033 / 0.5) / 2)
