"""The metrics of a regression from its files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.evaluate import evaluate
from rerad.evaluation.features import measure

TRUTH = {"volume": [10.0, 20.0, 40.0, 5.0], "sphericity": [0.5, 0.25, 1.0, 0.5]}
CALLED = {"volume": [12.0, 20.0, 30.0, 10.0], "sphericity": [0.5, 0.5, 0.5, 0.5]}


def table(seeds=(0,), shift=0.0):
    rows = [
        {"case": f"case{i}", "fold": i % 2 + 1, "seed": seed, "role": "test", "selection": "last",
         "variant": "published", "feature": name, "truth": TRUTH[name][i], "prediction": CALLED[name][i] + shift * seed}
        for seed in seeds for name in TRUTH for i in range(4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def of(rows, scope="pooled"):
    return {row["metric"]: row for row in rows if row["scope"] == scope}


def test_every_feature_and_their_mean_by_hand():
    found = of(measure(table(), bootstraps=50, seed=0))
    errors = [name for name in found if not name.startswith("truth")]
    assert errors == ["mae", "mape", "mae_sphericity", "mape_sphericity", "mae_volume", "mape_volume"]
    measured = {name.removeprefix("truth_"): found[name]["value"] for name in found if name.endswith("volume")}
    assert {name: measured[f"{name}_volume"] for name in ("min", "max", "mean")} == {"min": 5, "max": 40, "mean": 18.75}
    assert found["mae_volume"]["value"] == pytest.approx((2 + 0 + 10 + 5) / 4)
    assert found["mape_volume"]["value"] == pytest.approx((20 + 0 + 25 + 100) / 4)
    assert found["mae_sphericity"]["value"] == pytest.approx((0 + 0.25 + 0.5 + 0) / 4)
    assert found["mape_sphericity"]["value"] == pytest.approx((0 + 100 + 50 + 0) / 4)
    assert found["mae"]["value"] == pytest.approx((17 / 4 / 40 + 0.75 / 4 / 1) / 2)
    assert found["mape"]["value"] == pytest.approx((36.25 + 37.5) / 2)
    assert {row["n"] for row in found.values()} == {4}


def test_folds_are_means_over_their_cases():
    found = of(measure(table(), bootstraps=50, seed=0), "fold")["mae_volume"]
    assert found["value"] == pytest.approx(((2 + 10) / 2 + (0 + 5) / 2) / 2)
    assert found["n"] == 2
    assert found["sd"] == pytest.approx(np.std([6, 2.5], ddof=1))


def test_seeds_are_averaged():
    found = of(measure(table(seeds=(0, 1), shift=20.0), bootstraps=50, seed=0))["mae_volume"]
    second = (22 + 20 + 10 + 25) / 4
    assert found["value"] == pytest.approx((17 / 4 + second) / 2)
    assert found["sd"] == pytest.approx(abs(second - 17 / 4) / 2**0.5)


def test_a_feature_that_is_predicted_exactly_has_no_error_and_a_mean_of_the_others():
    exact = table()
    exact.loc[exact["feature"] == "volume", "prediction"] = exact["truth"]
    found = of(measure(exact, bootstraps=50, seed=0))
    assert (found["mae_volume"]["value"], found["mape_volume"]["high"]) == (0.0, 0.0)
    assert found["mae"]["value"] == pytest.approx(0.75 / 4 / 2)


def write(folder, part):
    folder.mkdir()
    part.to_csv(folder / "predictions_regression.csv", index=False)
    return folder / "predictions_regression.csv"


def test_metrics_csv_holds_them_chunk_by_chunk(tmp_path):
    whole = table()
    files = [write(tmp_path / str(fold), part) for fold, part in whole.groupby("fold")]
    evaluate({"regression": files}, metrics=tmp_path / "metrics.csv", bootstraps=50, seed=0)
    found = pd.read_csv(tmp_path / "metrics.csv")
    assert set(found["task"]) == {"regression"}
    value = found.query("metric == 'mae_volume' and scope == 'pooled'")["value"].item()
    assert value == pytest.approx(17 / 4)


@pytest.mark.parametrize(("harm", "told"), [
    (lambda part: part.drop(index=0), "case case0, feature volume is tested 0 times"),
    (lambda part: pd.concat([part, part.iloc[[5]]]), "case case1, feature sphericity is tested 2 times"),
    (lambda part: pd.concat([part, part.assign(seed=1, truth=part["truth"] + 1)]), "case case0, sphericity has two"),
])  # fmt: skip
def test_broken_tables_are_refused_with_case_and_feature(tmp_path, harm, told):
    file = write(tmp_path / "all", harm(table()))
    with pytest.raises(ReradError, match=told):
        evaluate({"regression": [file]}, metrics=tmp_path / "metrics.csv", bootstraps=50, seed=0)
