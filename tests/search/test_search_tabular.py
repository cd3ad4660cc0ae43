import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rerad.core.splits import make_splits
from rerad.metrics.points import point_metrics
from rerad.search.search import choose
from rerad.training.job import Job
from rerad.training.train import train

NEWTON = {"ridge": 0.1, "iterations": 20, "tolerance": 1e-5}
METHODS = {
    "hc_rf": {
        "model": "forest",
        "modalities": ["PET", "CT"],
        "search": {
            **{"features": 4, "relevance": 0.5, "novelty": 0.5, "bootstraps": 6, "order": 2, "starts": 2, **NEWTON},
            **{"weights": [0.5, 1.0, 2.0], "subsplits": 2, "held_out": 1 / 3, "trees": 8},
        },
        "recipe": {"trees": 15},
    },
    "hc_elasticnet": {
        "model": "logistic",
        "modalities": ["PET", "CT"],
        "search": {
            **{"l1_ratios": [0.5], "lambdas": 4, "lambda_ratio": 0.05, "inner_folds": 3, "repeats": 1},
            **{"iterations": 50, "tolerance": 1e-3},
        },
        "recipe": {"iterations": 500, "tolerance": 1e-4},
    },
    "volume_only": {"model": "single_feature", "modalities": ["PET"], "recipe": {"feature": "PET_index_Volume"}},
    "crop_only": {"model": "single_feature", "modalities": ["PET"], "recipe": {"feature": "crop_ml"}},
    "majority": {"model": "majority", "modalities": ["PET"], "recipe": {}},
}
FILES = ("chosen.json", "search_history.csv", "predictions_classification.csv", "artefacts/fold{}.json")


def write_cohort(folder: Path, *, cases: int = 30, folds: int = 3, columns: int = 12, seed: int = 0, signal: float = 1):
    generator = np.random.default_rng(seed)
    names = [f"STS_{number:03d}" for number in range(cases)]
    target = np.arange(cases) % 2
    table = {"case": names, "PET_index_Volume": generator.random(cases) + signal * target}
    for modality in ("PET", "CT"):
        values = generator.normal(size=(cases, columns)) + 0.5 * signal * target[:, None]
        values[generator.random(values.shape) < 0.05] = np.nan
        table |= {f"{modality}_glcm_F{n}": values[:, n] for n in range(columns)}
    table["CT_shape_Constant"] = 1.0
    frame = pd.DataFrame(
        {"case": names, "included": 1, "target": target, "has_ct": 1, "crop_ml": generator.random(cases)}
    )
    folder.mkdir(parents=True)
    frame.to_csv(folder / "cases.csv", index=False)
    pd.DataFrame(table).to_csv(folder / "features.csv", index=False)
    make_splits(frame, folds=folds, seed=seed).to_csv(folder / "splits.csv", index=False)
    return folder


def run(cohort: Path, method: str, folds: list[int], *, out: Path, threads: int = 1, seed: int = 0) -> Path:
    files = {name: cohort / f"{name}.csv" for name in ("features", "cases", "splits")}
    job = Job(
        **files, method=method, settings=METHODS[method], seed=seed, cohort="sts", folds=folds, folder=out,
        threads=threads,
    )  # fmt: skip
    if "search" in METHODS[method]:
        choose(job)
        job = job._replace(chosen=out / "chosen.json")
    train(job)
    return out


def learnt(out: Path, fold: int) -> dict[str, object]:
    """What was fitted, and what it says of the training cases."""
    texts = {
        name: (out / name.format(fold)).read_text()
        for name in FILES
        if "pred" not in name and (out / name.format(fold)).exists()
    }
    table = pd.read_csv(out / "predictions_classification.csv")
    return texts | {"train": table[table["role"] == "train"].to_csv()}


def change(cohort: Path, role: str, fold: int, to: Path) -> Path:
    """Copy a cohort with other features, crop sizes and labels for the cases on one side of a fold."""
    to.mkdir()
    splits = pd.read_csv(cohort / "splits.csv")
    splits.to_csv(to / "splits.csv", index=False)
    names = splits.loc[(splits["fold"] == fold) & (splits["role"] == role), "case"]
    generator = np.random.default_rng(99)
    for name in ("features.csv", "cases.csv"):
        table = pd.read_csv(cohort / name)
        rows = table["case"].isin(names)
        columns = [c for c in table if c.startswith(("PET_", "CT_")) or c == "crop_ml"]
        table.loc[rows, columns] = 1000 * generator.normal(size=(rows.sum(), len(columns)))
        if "target" in table:
            table.loc[rows, "target"] = 1 - table.loc[rows, "target"]
        table.to_csv(to / name, index=False)
    return to


@pytest.mark.parametrize("method", METHODS)
def test_nothing_of_the_test_cases_reaches_the_fitted_model(tmp_path, method):
    cohort = write_cohort(tmp_path / "cohort")
    before = run(cohort, method, [2], out=tmp_path / "before")
    other_test = run(change(cohort, "test", 2, tmp_path / "test"), method, [2], out=tmp_path / "after")
    assert learnt(other_test, 2) == learnt(before, 2)
    # The comparison can fail: other training cases do change what is learnt, and other test cases their own scores.
    other_train = run(change(cohort, "train", 2, tmp_path / "train"), method, [2], out=tmp_path / "control")
    assert learnt(other_train, 2) != learnt(before, 2)
    rows = [pd.read_csv(out / "predictions_classification.csv").query("role == 'test'") for out in (before, other_test)]
    assert (rows[0]["target"].to_numpy() != rows[1]["target"].to_numpy()).all()


@pytest.mark.parametrize("method", METHODS)
def test_folds_give_the_same_numbers_alone_and_together(tmp_path, method):
    cohort = write_cohort(tmp_path / "cohort")
    together = pd.read_csv(run(cohort, method, [1, 2, 3], out=tmp_path / "all") / "predictions_classification.csv")
    alone = pd.concat(
        [
            pd.read_csv(run(cohort, method, [fold], out=tmp_path / f"fold{fold}") / "predictions_classification.csv")
            for fold in (1, 2, 3)
        ],
        ignore_index=True,
    )
    pd.testing.assert_frame_equal(together, alone, check_exact=True)
    assert together.groupby("role")["case"].count().to_dict() == {"test": 30, "train": 60}
    if "search" in METHODS[method]:
        both = json.loads((tmp_path / "all" / "chosen.json").read_text())["folds"]
        single = json.loads((tmp_path / "fold2" / "chosen.json").read_text())["folds"]
        assert both["2"] == single["2"]


def test_two_threads_give_the_same_bytes_as_one(tmp_path):
    cohort = write_cohort(tmp_path / "cohort")
    outs = [run(cohort, "hc_rf", [1, 2], out=tmp_path / f"threads{n}", threads=n) for n in (1, 2)]
    for name in FILES:
        assert (outs[0] / name.format(1)).read_bytes() == (outs[1] / name.format(1)).read_bytes()


def test_folds_and_seeds_have_their_own_randomness(tmp_path):
    cohort = write_cohort(tmp_path / "cohort", signal=0)
    scores = {
        seed: pd.read_csv(
            run(cohort, "hc_rf", [1], out=tmp_path / str(seed), seed=seed) / "predictions_classification.csv"
        )
        for seed in (0, 1)
    }
    assert (scores[0]["score"] != scores[1]["score"]).any()


def test_the_order_of_rows_in_the_files_does_not_matter(tmp_path):
    cohort = write_cohort(tmp_path / "cohort")
    first = run(cohort, "hc_rf", [1], out=tmp_path / "first")
    for name in ("features.csv", "cases.csv"):
        pd.read_csv(cohort / name).iloc[::-1].to_csv(cohort / name, index=False)
    second = run(cohort, "hc_rf", [1], out=tmp_path / "second")
    for name in FILES:
        assert (first / name.format(1)).read_bytes() == (second / name.format(1)).read_bytes()


def test_the_history_tells_what_was_tried_and_taken(tmp_path):
    out = run(write_cohort(tmp_path / "cohort"), "hc_rf", [1, 3], out=tmp_path / "out")
    history = pd.read_csv(out / "search_history.csv")
    chosen = json.loads((out / "chosen.json").read_text())
    assert chosen["failed"] is None
    for fold in (1, 3):
        taken = history[(history["fold"] == fold) & (history["chosen"] == 1)].set_index("step")["candidate"]
        assert taken["select"] == "+".join(chosen["folds"][str(fold)]["features"])
        assert float(taken["weight"]) == chosen["folds"][str(fold)]["weight"]


@pytest.mark.parametrize("method", ["hc_rf", "hc_elasticnet"])
def test_a_search_that_fails_is_recorded_and_so_is_its_training(tmp_path, method):
    cohort = write_cohort(tmp_path / "cohort")
    features = pd.read_csv(cohort / "features.csv")
    columns = [c for c in features if c != "case"]
    features[columns] = 1.0
    features.to_csv(cohort / "features.csv", index=False)
    out = run(cohort, method, [1, 2], out=tmp_path / "out")
    chosen, cost = (json.loads((out / name).read_text()) for name in ("chosen.json", "cost.json"))
    assert "none of 26 features varies" in chosen["failed"]
    assert cost["failed"] == chosen["failed"]
    assert chosen["folds"] == {}
    assert len((out / "search_history.csv").read_text().splitlines()) == 1
    assert len((out / "predictions_classification.csv").read_text().splitlines()) == 1


@pytest.mark.parametrize("method", ["hc_rf", "hc_elasticnet", "volume_only"])
def test_a_planted_signal_is_found(tmp_path, method):
    cohort = write_cohort(tmp_path / "cohort", cases=48, signal=2)
    table = pd.read_csv(run(cohort, method, [1, 2, 3], out=tmp_path / "out") / "predictions_classification.csv")
    tested = table[table["role"] == "test"]
    assert point_metrics(tested["target"], tested["score"])["auc"] > 0.85


@pytest.mark.parametrize("method", METHODS)
def test_where_there_is_nothing_to_find_the_mean_auc_per_fold_is_a_half(tmp_path, method):
    areas = []
    for seed in range(20):
        cohort = write_cohort(tmp_path / f"cohort{seed}", cases=24, columns=6, seed=seed, signal=0)
        out = run(cohort, method, [1, 2, 3], out=tmp_path / f"out{seed}", seed=seed)
        table = pd.read_csv(out / "predictions_classification.csv")
        for _, rows in table[table["role"] == "test"].groupby("fold"):
            areas.append(point_metrics(rows["target"], rows["score"])["auc"])
    # Sixty folds of 4 + 4 cases: the standard error of the mean is about 0.03.
    assert np.mean(areas) == pytest.approx(0.5, abs=0.08)
