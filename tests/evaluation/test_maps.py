"""Metrics of synthesis from the moments of cases: groups, tissues, patients, folds and seeds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.evaluation.compare import compare
from rerad.evaluation.evaluate import evaluate
from rerad.evaluation.maps import measure
from rerad.metrics.agreement import correlation, moments
from rerad.training.predictions import SYNTHESIS

GROUPS = {"A": "normal", "B": "benign", "C": "benign", "D": "malignant"}


def pixels(case: str, tissue: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng([ord(case), len(tissue), seed])
    count = 0 if (case, tissue) == ("A", "lesion") else 30
    exact = random.normal(4, 1, count)
    return exact, exact + random.normal(0.2, 0.3, count)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("predictions")
    found = []
    for seed in (0, 1):
        rows = []
        for number, (case, group) in enumerate(GROUPS.items()):
            for tissue in ("fatty", "lesion"):
                known = moments(*pixels(case, tissue, seed))
                r = correlation(*(np.asarray(known[name]) for name in ("exact_var", "synthesised_var", "covariance")))
                lead = {"case": case, "fold": number % 2 + 1, "seed": seed, "role": "test", "selection": "last"}
                rows.append(
                    {**lead, "variant": "published", "group": group, "tissue": tissue, "correlation": r, **known}
                )
        found.append(folder / f"seed{seed}.csv")
        pd.DataFrame(rows, columns=SYNTHESIS).to_csv(found[-1], index=False)
    pd.DataFrame({"case": [*GROUPS], "group": [*GROUPS.values()]}).to_csv(folder / "cases.csv", index=False)
    return found


@pytest.fixture(scope="module")
def metrics(files: list[Path]) -> pd.DataFrame:
    target = files[0].parent / "metrics.csv"
    evaluate({"synthesis": files}, metrics=target, cases=files[0].parent / "cases.csv", bootstraps=200, seed=0)
    return pd.read_csv(target).set_index(["group", "scope", "metric"])


def test_a_group_is_the_heap_of_its_pixels_averaged_over_seeds(metrics: pd.DataFrame) -> None:
    for group, cases in (("benign", "BC"), ("all", "ABCD"), ("normal", "A")):
        found, bias = [], []
        for seed in (0, 1):
            exact, other = (
                np.concatenate(part) for part in zip(*(pixels(c, "fatty", seed) for c in cases), strict=True)
            )
            found.append(np.corrcoef(exact, other)[0, 1])
            bias.append((other - exact).mean())
        row = metrics.loc[(group, "pooled", "correlation_fatty")]
        assert row["value"] == pytest.approx(np.mean(found), abs=1e-8)
        assert row["sd"] == pytest.approx(np.std(found, ddof=1), abs=1e-8)
        assert row["n"] == len(cases)
        assert row["low"] <= row["value"] <= row["high"] or group == "normal"
        assert metrics.loc[(group, "pooled", "bias_fatty"), "value"] == pytest.approx(np.mean(bias), abs=1e-8)


def test_patients_without_the_tissue_do_not_count(metrics: pd.DataFrame) -> None:
    assert metrics.loc[("all", "pooled", "correlation_lesion"), "n"] == 3
    assert ("normal", "pooled", "correlation_lesion") not in metrics.index
    assert math.isnan(metrics.loc[("malignant", "pooled", "bias_p_lesion"), "value"])  # one patient
    assert metrics.loc[("all", "pooled", "bias_p_fatty"), "value"] < 0.05  # 0.2 bits were planted


def test_by_patient_is_the_mean_over_patients(metrics: pd.DataFrame) -> None:
    found = [np.corrcoef(*pixels(case, "fatty", seed))[0, 1] for case in "BC" for seed in (0, 1)]
    assert metrics.loc[("benign", "pooled", "correlation_by_patient_fatty"), "value"] == pytest.approx(np.mean(found))
    fold = metrics.loc[("all", "fold", "correlation_fatty")]
    assert fold["n"] == 2


def constant(table: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Return predictions of which some are maps that are 4 everywhere."""
    table = table.copy()
    table.loc[chosen, ["synthesised_var", "covariance"]] = 0.0
    table.loc[chosen, "difference"] = 4.0 - table.loc[chosen, "exact_mean"]
    table.loc[chosen, "correlation"] = np.nan
    return table


def test_a_seed_of_constant_maps_counts_in_no_correlation(files: list[Path]) -> None:
    whole = pd.concat([pd.read_csv(path) for path in files], ignore_index=True).query("tissue == 'fatty'")
    found, alone = (
        pd.DataFrame(measure(part, bootstraps=200, seed=0)).set_index(["scope", "metric"])
        for part in (constant(whole, whole["seed"] == 1), whole[whole["seed"] == 0])
    )
    for scope in ("pooled", "fold"):
        row, other = (table.loc[(scope, "correlation_fatty")] for table in (found, alone))
        assert row["value"] == pytest.approx(other["value"])
        assert row["n"] == other["n"]
    pooled = found.loc[("pooled", "correlation_fatty")]
    assert pooled["low"] <= pooled["value"] <= pooled["high"]


def test_by_patient_is_a_mean_over_seeds_as_its_interval_is(files: list[Path]) -> None:
    whole = pd.concat([pd.read_csv(path) for path in files], ignore_index=True).query("tissue == 'fatty'")
    part = constant(whole, (whole["seed"] == 1) & (whole["case"] != "A"))
    rows = pd.DataFrame(measure(part, bootstraps=200, seed=0)).set_index("metric")
    seeds = part.groupby("seed")["correlation"].mean()
    assert rows.loc["correlation_by_patient_fatty", "value"] == pytest.approx(seeds.mean())


def test_a_case_that_is_tested_twice_is_named(files: list[Path], tmp_path: Path) -> None:
    table = pd.read_csv(files[0])
    pd.concat([table, table.iloc[:1]]).to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(ReradError, match="case A, tissue fatty is tested 2 times"):
        evaluate({"synthesis": [tmp_path / "twice.csv"]}, metrics=tmp_path / "m.csv", bootstraps=10, seed=0)


def test_a_study_of_one_method_has_nothing_to_compare(tmp_path: Path) -> None:
    compare(
        {}, reference=None, rows=["radsynth"], comparisons=tmp_path / "c.csv", seed=0, bootstraps=10, task="synthesis"
    )
    assert pd.read_csv(tmp_path / "c.csv").empty
