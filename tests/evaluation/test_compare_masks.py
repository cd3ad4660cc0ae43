"""Comparisons of masks: Wilcoxon over the patients, region by region."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from rerad.core.errors import ReradError
from rerad.evaluation.compare import COLUMNS, compare
from rerad.evaluation.power import detectable_normal
from rerad.metrics.masks import METRICS
from rerad.training.predictions import SEGMENTATION

NUMBER = np.arange(12)
REGIONS = ("WT", "TC", "ET")
# Differences of ten cases that favour the second method, of two that favour the first, all of other sizes.
APART = np.where(NUMBER < 2, 0.001, -0.01) * (NUMBER + 1)


def predictions(extra: np.ndarray | float = 0.0, seed: int = 0, regions: tuple[str, ...] = REGIONS) -> pd.DataFrame:
    tables = []
    for region in regions:
        dice = 0.6 + 0.01 * (NUMBER % 4) + (extra if region == "WT" or len(regions) == 1 else 0.0)
        table = pd.DataFrame({"case": [f"c{n:02d}" for n in NUMBER], "fold": NUMBER % 3 + 1, "region": region})
        values = dict.fromkeys(METRICS, dice) | {"hd95_mm": 20 * (1 - dice)}
        tables.append(table.assign(seed=seed, role="test", selection="last", variant="published", **values))
    whole = pd.concat(tables)
    return pd.concat([whole, whole.assign(role="train", dice=0.0, fold=whole["fold"] % 3 + 1)])[SEGMENTATION]


METHODS = {"unet": [predictions()], "nas": [predictions(APART)], "lot": [predictions(-0.2)]}


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    def run(methods: dict[str, list[pd.DataFrame]] = METHODS, **given: object) -> pd.DataFrame:
        files = {}
        for name, tables in methods.items():
            files[name] = [tmp_path / f"{name}{number}.csv" for number in range(len(tables))]
            for file, table in zip(files[name], tables, strict=True):
                table.to_csv(file, index=False)
        settings = {"reference": "unet", "rows": list(methods), "seed": 0, "bootstraps": 500, **given}
        compare(files, comparisons=tmp_path / "comparisons.csv", task="segmentation", **settings)
        return pd.read_csv(tmp_path / "comparisons.csv")

    return run


def line(table: pd.DataFrame, method: str, metric: str) -> pd.Series:
    chosen = table.query("method == @method and metric == @metric")
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_every_region_is_tested_over_the_patients(measure: Callable) -> None:
    table = measure()
    assert list(table) == COLUMNS
    assert set(table["metric"]) == {f"{name}_{region}" for name in ("dice", "hd95_mm") for region in ("wt", "tc", "et")}
    found = line(table, "nas", "dice_wt")
    assert (found["task"], found["against"], found["n"], found["seeds"]) == ("segmentation", "unet", 12, 1)
    assert found["difference"] == pytest.approx(APART.mean())
    assert found["low"] < APART.mean() < found["high"]
    # Ranks by size of 12 different numbers; those of the two that favour the first method are 1 and 2: W = 3.
    expected = wilcoxon(APART, correction=True, method="asymptotic")
    assert (expected.statistic, found["p"]) == (3, pytest.approx(expected.pvalue))
    # z = (39 - 3 - 0.5) / sqrt(12 · 13 · 25 / 24) = 2.785.
    assert found["p"] == pytest.approx(0.005355, abs=1e-6)
    assert found["detectable"] == pytest.approx(detectable_normal(APART.std(ddof=1) / 12**0.5))
    # Better Dice is a shorter distance.
    assert line(table, "nas", "hd95_mm_wt")["difference"] == pytest.approx(-20 * APART.mean())
    # The other regions do not differ.
    assert line(table, "nas", "dice_tc")[["difference", "p"]].tolist() == [0, 1]


def test_regions_of_a_metric_are_one_family(measure: Callable) -> None:
    table = measure()
    family = table[table["metric"].str.startswith("dice")]
    assert (family["family"] == 6).all()
    p = family["p"].sort_values()
    adjusted = np.minimum(1, np.maximum.accumulate(p.to_numpy() * [6, 5, 4, 3, 2, 1]))
    assert family.loc[p.index, "p_holm"].to_numpy() == pytest.approx(adjusted)


def test_one_region_keeps_the_names_of_its_metrics(measure: Callable) -> None:
    methods = {name: [predictions(extra, regions=("GTV",))] for name, extra in (("unet", 0.0), ("nas", APART))}
    table = measure(methods)
    assert table["metric"].tolist() == ["dice", "hd95_mm"]
    assert table["difference"].iloc[0] == pytest.approx(APART.mean())


def test_seeds_are_averaged_and_only_common_cases_count(measure: Callable) -> None:
    twice = [predictions(APART - 0.1), predictions(APART + 0.1, seed=1)]
    found = line(measure({"unet": METHODS["unet"], "nas": twice}), "nas", "dice_wt")
    assert (found["seeds"], found["difference"]) == (2, pytest.approx(APART.mean()))
    fewer = [predictions(APART).query("case != 'c00'")]
    found = line(measure({"unet": METHODS["unet"], "nas": fewer}), "nas", "dice_wt")
    assert (found["n"], found["difference"]) == (11, pytest.approx(APART[1:].mean()))


def test_a_method_that_failed_has_lines_without_values(measure: Callable) -> None:
    table = measure({**METHODS, "nas": [predictions()[:0]]})
    assert line(table, "nas", "dice")["note"] == "nas has no predictions"
    assert line(table, "lot", "dice_wt")["difference"] == pytest.approx(-0.2)


def test_a_case_tested_twice_is_refused(measure: Callable) -> None:
    with pytest.raises(ReradError, match="region ET is tested 2 times"):
        measure({**METHODS, "nas": [predictions(), predictions().query("region == 'ET' and case == 'c03'")]})


def test_the_same_bytes_whatever_the_order(measure: Callable, tmp_path: Path) -> None:
    measure()
    first = (tmp_path / "comparisons.csv").read_bytes()
    measure({name: [table.sample(frac=1, random_state=2) for table in tables] for name, tables in METHODS.items()})
    assert (tmp_path / "comparisons.csv").read_bytes() == first
