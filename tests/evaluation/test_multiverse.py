"""Universes go through the run's own functions, share what they can, and fail one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_breasts
import tiny_training as tiny

from rerad.core.errors import ReradError
from rerad.evaluation import map_universes, multiverse
from rerad.evaluation.evaluate import evaluate
from rerad.evaluation.multiverse import Given, Once, explore
from rerad.metrics.points import point_metrics
from rerad.training.job import Job

SETTINGS = {"model": "single_feature", "modalities": ["PET"], "recipe": {"feature": "PET_a"}}


def universe(feature: str, **read: str) -> dict[str, Any]:
    settings = {**SETTINGS, "recipe": {"feature": feature}}
    answers = {"Feature": feature, "Mean over": read.get("scope", "pooled")}
    return {"answers": answers, "settings": settings, "describe": {}, "map": {}, "read": {"metric": "auc", **read}}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    cohort = tiny.make_cohort(tmp_path_factory.mktemp("cohort"))
    return Given(
        cohort="sts", data=cohort, cases=cohort / "cases.csv", splits=cohort / "splits.csv",
        features=cohort / "features.csv", describe={}, arrays=None, task="classification", seeds=[0], folds=[1, 2],
        bootstraps=100, workers=1, device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(given: Given, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    asked = [universe(name, **read) for name in ("PET_a", "PET_b", "PET_c") for read in ({}, {"scope": "fold"})]
    entry = {"method": "single", "kind": "training", "universes": asked}
    return explore("mine", entry, given, tmp_path_factory.mktemp("out"), Once())


def test_the_first_universe_has_the_runs_own_value(found: pd.DataFrame, given: Given, tmp_path: Path) -> None:
    out = tiny.run(given.data, tmp_path, SETTINGS, method="single", arrays=None, slices=None, spacing_mm=None)
    predictions = {"classification": [out / "predictions_classification.csv"]}
    evaluate(predictions, metrics=out / "metrics.csv", cases=given.cases, bootstraps=100, seed=0)
    metrics = pd.read_csv(out / "metrics.csv").query("metric == 'auc'").set_index("scope")
    for row, scope in enumerate(("pooled", "fold")):
        for column in ("value", "low", "high", "n"):
            np.testing.assert_equal(found.at[row, column], metrics.at[scope, column])
    assert found["default"].tolist() == [1, 0, 0, 0, 0, 0]


def test_every_universe_has_the_value_of_its_own_answers(found: pd.DataFrame, given: Given) -> None:
    target = pd.read_csv(given.cases).set_index("case")["target"]
    values = pd.read_csv(given.features).set_index("case")["PET_b"]
    splits = pd.read_csv(given.splits).query("role == 'test'")
    by_fold = []
    for fold, part in splits.groupby("fold"):
        learn = splits.loc[splits["fold"] != fold, "case"]
        sign = 1 if point_metrics(target[learn], values[learn])["auc"] >= 0.5 else -1
        by_fold.append(point_metrics(target[part["case"]], sign * values[part["case"]])["auc"])
    assert found.at[3, "answers"] == "Feature: PET_b; Mean over: fold"
    assert found.at[3, "value"] == pytest.approx(np.mean(by_fold))


def test_a_universe_that_fails_is_a_row_with_its_message(found: pd.DataFrame) -> None:
    assert found.loc[:3, "failed"].isna().all()
    assert found.loc[4:, "value"].isna().all()
    assert found.loc[4:, "failed"].str.contains("PET_c").all()


def test_what_universes_share_is_done_once_and_fails_once(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def counted(job: Job) -> None:
        calls.append(job.settings["recipe"]["feature"])
        raise ReradError("no")

    monkeypatch.setattr(multiverse, "train", counted)
    entry = {"method": "single", "kind": "training", "universes": [universe("PET_a"), universe("PET_a", scope="fold")]}
    assert explore("mine", entry, given, tmp_path, Once())["failed"].tolist() == ["no", "no"]
    assert calls == ["PET_a"]


def test_levels_lie_between_the_ends_of_volume_breast_or_slice() -> None:
    image = np.array([[[0.0, 1.0], [2.0, 3.0]], [[0.0, 7.0], [8.0, 15.0]]], np.float32)
    tissues = np.array([[[0, 1], [1, 1]], [[0, 1], [1, 0]]], np.uint8)
    wanted = {
        "volume": [[[1, 1], [1, 1]], [[1, 2], [3, 4]]],
        "breast": [[[1, 1], [1, 2]], [[1, 4], [4, 4]]],  # from 1 to 8: bins of 1.75
        "slice": [[[1, 2], [3, 4]], [[1, 2], [3, 4]]],
    }
    for extent, levels in wanted.items():
        assert map_universes._levels(image, tissues, 4, extent).tolist() == levels, extent


def test_the_own_map_of_a_case_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort = tiny_breasts.make_breasts(tmp_path / "cohort")
    given = Given(
        cohort="breast", data=cohort, cases=cohort / "cases.csv", splits=cohort / "splits.csv", features=None, describe={},
        arrays=cohort / "arrays", task="synthesis", seeds=[0], folds=[1, 2], bootstraps=20, workers=1, device="cpu",
    )  # fmt: skip
    made, engine = [], map_universes.glcm_map

    def counted(image: np.ndarray, **options: Any) -> np.ndarray:
        made.append((options["levels"], options["distance"]))
        return engine(image, **options)

    monkeypatch.setattr(map_universes, "glcm_map", counted)
    changes: list[dict[str, Any]] = [{}, {"distance": 2}, {"levels": 8}]
    found = [
        map_universes.compare_maps(tiny_breasts.ENTRY, change, given, tmp_path / "out" / str(number))
        for number, change in enumerate(changes)
    ]
    assert made == 4 * [(16, 1)] + 4 * [(16, 2)] + 4 * [(8, 1)]  # four cases
    values = [
        float(one.query("metric == 'correlation_glandular' and scope == 'pooled'")["value"].iloc[0]) for one in found
    ]
    assert values[0] == pytest.approx(1)
    assert all(0 < value < 0.999 for value in values[1:])
