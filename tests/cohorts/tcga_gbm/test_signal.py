"""What is planted can be found: a ridge on the genes tells the features, and in a null run it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rerad.cohorts.tcga_gbm.acquire import acquire

Run = Callable[..., SimpleNamespace]
PENALTY = 0.05


def found(prepared: SimpleNamespace, features: Any) -> int:
    """Return how many features a ridge on the genes predicts with a lower error than the median, in five folds."""
    genes = np.array(prepared.expression.values[: len(features)], float)
    genes = (genes - genes.mean(axis=0)) / genes.std(axis=0)
    kernel = genes @ genes.T / genes.shape[1]
    fold = np.random.default_rng(0).permutation(len(features)) % 5
    won = 0
    for name in features.columns[1:]:
        truth = features[name].to_numpy()
        ridge, median = np.empty(len(truth)), np.empty(len(truth))
        for test in (fold == index for index in range(5)):
            level = np.log(truth[~test]).mean()
            weights = np.linalg.solve(
                kernel[np.ix_(~test, ~test)] + PENALTY * np.eye((~test).sum()), np.log(truth[~test]) - level
            )
            ridge[test] = np.exp(kernel[np.ix_(test, ~test)] @ weights + level)
            median[test] = np.median(truth[~test])
        won += int(np.abs(ridge - truth).mean() < 0.97 * np.abs(median - truth).mean())
    return won


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory, small_settings: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "tcga_gbm"
    settings = small_settings | {"patients": 80, "imaged": 80, "recurrent": 0, "genes": 200, "effect_size": 0.95}
    acquire(folder, source="phantom", settings=settings, seed=0)
    return folder


def test_the_signal_is_in_the_features(planted: Path, run: Run, described: Run) -> None:
    prepared = run(planted)
    assert found(prepared, described(planted, prepared.place / "cases.csv").features) >= 15


def test_a_null_run_has_none(planted: Path, run: Run, described: Run) -> None:
    prepared = run(planted, permute_labels=0)
    assert found(prepared, described(planted, prepared.place / "cases.csv").features) <= 3
