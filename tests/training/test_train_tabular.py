import json

import numpy as np
import pandas as pd
import pytest

from rerad.core.splits import make_splits
from rerad.training.job import Job
from rerad.training.train import train

VOLUME = {"model": "single_feature", "modalities": ["PET"], "recipe": {"feature": "PET_index_Volume"}}


@pytest.fixture
def cohort(tmp_path):
    generator = np.random.default_rng(0)
    names = [f"STS_{number:03d}" for number in range(20)]
    target = np.arange(20) % 2
    cases = pd.DataFrame({"case": names, "included": 1, "target": target, "has_ct": 1, "crop_ml": generator.random(20)})
    features = pd.DataFrame({"case": names, "PET_index_Volume": target + generator.normal(size=20)})
    cases.to_csv(tmp_path / "cases.csv", index=False)
    features.to_csv(tmp_path / "features.csv", index=False)
    make_splits(cases, folds=4, seed=0).to_csv(tmp_path / "splits.csv", index=False)
    return tmp_path


def run(cohort, settings, *, folds, chosen=None, name="out"):
    out = cohort / name
    train(
        Job(
            features=cohort / "features.csv",
            cases=cohort / "cases.csv",
            splits=cohort / "splits.csv",
            chosen=chosen,
            method="volume_only",
            settings=settings,
            seed=0,
            cohort="sts",
            folds=folds,
            folder=out,
            threads=1,
        )
    )
    return out


def test_every_case_is_predicted_on_its_side(cohort):
    out = run(cohort, VOLUME, folds=[1, 2, 3, 4])
    table = pd.read_csv(out / "predictions_classification.csv")
    assert list(table) == ["case", "fold", "seed", "role", "selection", "variant", "target", "score"]
    splits = pd.read_csv(cohort / "splits.csv")
    both = table.merge(splits, on=["case", "fold", "role"])
    assert len(both) == len(table) == len(splits) == 80
    assert set(table["selection"]) == {"last"}
    assert set(table["variant"]) == {"published"}
    truth = pd.read_csv(cohort / "cases.csv").set_index("case")["target"]
    assert (table["target"] == table["case"].map(truth)).all()
    assert (out / "history.csv").read_text() == "fold,epoch,split,quantity,value\n"
    cost = json.loads((out / "cost.json").read_text())
    assert cost["failed"] is None
    assert cost["folds"] == [1, 2, 3, 4]
    assert {"wall_s", "cpu_s", "peak_rss_mb", "device", "method", "seed", "threads"} <= set(cost)
    masks = (out / "predictions_segmentation.csv").read_text()
    assert masks.startswith("case,fold,seed,role,selection,variant,region,dice,")
    assert len(masks.splitlines()) == 1
    assert sorted(path.name for path in (out / "artefacts").iterdir()) == [f"fold{n}.json" for n in (1, 2, 3, 4)]


def test_majority_scores_the_training_prevalence(cohort):
    out = run(cohort, {"model": "majority", "modalities": ["PET"], "recipe": {}}, folds=[2])
    table = pd.read_csv(out / "predictions_classification.csv")
    prevalence = table.loc[table["role"] == "train", "target"].mean()
    assert np.allclose(table["score"], prevalence)


def test_a_failure_leaves_empty_tables_and_its_reason(cohort, caplog):
    features = pd.read_csv(cohort / "features.csv")
    features.assign(PET_index_Volume="large").to_csv(cohort / "features.csv", index=False)
    out = run(cohort, VOLUME, folds=[1, 2])
    assert json.loads((out / "cost.json").read_text())["failed"].startswith("ValueError: could not convert string")
    header = "case,fold,seed,role,selection,variant,target,score\n"
    assert (out / "predictions_classification.csv").read_text() == header
    assert list((out / "artefacts").iterdir()) == []
    assert "Traceback" in caplog.text


def test_a_failed_search_fails_the_training_with_the_same_reason(cohort):
    chosen = cohort / "chosen.json"
    chosen.write_text(json.dumps({"failed": "fold 1: too few cases", "folds": {}}))
    out = run(cohort, VOLUME, folds=[1], chosen=chosen)
    assert json.loads((out / "cost.json").read_text())["failed"] == "fold 1: too few cases"


def test_a_misspelt_feature_is_recorded(cohort):
    out = run(cohort, {**VOLUME, "recipe": {"feature": "PET_index_Volumes"}}, folds=[1])
    assert "'PET_index_Volumes' is not a column" in json.loads((out / "cost.json").read_text())["failed"]
