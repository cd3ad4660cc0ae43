import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ReradError
from rerad.core.files import write_csv, write_json
from rerad.evaluation.evaluate import COLUMNS, evaluate, evaluate_method
from rerad.metrics.intervals import wilson
from rerad.metrics.masks import METRICS
from rerad.training.predictions import COLUMNS as PREDICTED
from rerad.training.predictions import SEGMENTATION

HEADER = ["case", "fold", "seed", "role", "selection", "variant", "target", "score"]


def predictions(*, seed=0, selection="last", flip=(), shift=0.0):
    """Six folds of 4 + 4: 19 of 24 positives and 17 of 24 negatives right, as HC+RF in Table I."""
    target = np.tile([1, 1, 1, 1, 0, 0, 0, 0], 6)
    right = np.ones(48, dtype=bool)
    right[np.flatnonzero(target == 1)[[0, 4, 8, 12, 13]]] = False
    right[np.flatnonzero(target == 0)[[0, 1, 2, 3, 4, 8, 12]]] = False
    right[list(flip)] = ~right[list(flip)]
    score = np.where((target == 1) == right, 0.8, 0.2) + shift * np.arange(48)
    table = pd.DataFrame({"case": [f"c{n:02d}" for n in range(48)], "target": target, "score": score})
    table = table.assign(
        fold=np.repeat(range(1, 7), 8), seed=seed, role="test", selection=selection, variant="published"
    )
    train = table.assign(role="train", score=table["target"].astype(float), fold=table["fold"] % 6 + 1)
    return pd.concat([table, train])[HEADER]


def measure(tmp_path, *tables, bootstraps=200, seed=0):
    paths = []
    for number, table in enumerate(tables):
        paths.append(tmp_path / f"{number}.csv")
        table.to_csv(paths[-1], index=False)
    evaluate({"classification": paths}, metrics=tmp_path / "metrics.csv", bootstraps=bootstraps, seed=seed)
    return pd.read_csv(tmp_path / "metrics.csv")


def test_everything_of_a_method_lies_in_its_folder(tmp_path):
    method = tmp_path / "trained" / "sts" / "hc_rf"
    paths, costs = [], []
    for seed in (0, 1):
        chunk = method / f"seed{seed}" / "all"
        write_csv(chunk / "predictions_classification.csv", predictions(seed=seed, flip=(seed,)))
        write_json(chunk / "cost.json", {"wall_s": 1.0 + seed, "failed": None})
        paths.append(chunk / "predictions_classification.csv")
        costs.append(chunk / "cost.json")
    cases = tmp_path / "cases.csv"
    cases.write_text("case\n")
    evaluate_method({"classification": paths}, costs, folder=method, cases=cases, bootstraps=20, seed=0)
    assert {path.name for path in method.iterdir()} == {
        "seed0", "seed1", "metrics.csv", "costs.csv", *(f"predictions_{task}.csv" for task in PREDICTED),
    }  # fmt: skip
    assert pd.read_csv(method / "costs.csv")["wall_s"].tolist() == [1.0, 2.0]
    gathered = pd.read_csv(method / "predictions_classification.csv")
    assert gathered.groupby(["seed", "role"]).size().tolist() == [48, 48, 48, 48]
    evaluate(
        {"classification": [method / "predictions_classification.csv"]},
        metrics=tmp_path / "again.csv",
        bootstraps=20,
        seed=0,
    )
    assert (tmp_path / "again.csv").read_bytes() == (method / "metrics.csv").read_bytes()


def pick(table, scope, selection="last"):
    chosen = (table["scope"] == scope) & (table["selection"] == selection) & (table["role"] == "test")
    return table[chosen].set_index("metric")


def test_pooled_values_are_the_published_row(tmp_path):
    table = measure(tmp_path, predictions())
    assert list(table) == COLUMNS
    pooled = pick(table, "pooled")
    assert pooled["value"].round(3).to_dict() == {
        **{"acc": 0.75, "sen": 0.792, "spe": 0.708, "pre": 0.731, "f1": 0.76, "auc": 0.75}
    }
    assert (pooled["n"] == 48).all()
    assert pooled["sd"].isna().all()
    assert (pooled.loc["sen", "wilson_low"], pooled.loc["sen", "wilson_high"]) == pytest.approx(
        wilson(19, 24, level=0.95)
    )
    assert pooled.loc[["f1", "auc"], "wilson_low"].isna().all()
    assert ((pooled["low"] < pooled["value"]) & (pooled["value"] < pooled["high"])).all()


def test_fold_values_are_means_over_folds(tmp_path):
    folds = pick(measure(tmp_path, predictions()), "fold")
    # Sensitivities 3/4, 3/4, 3/4, 2/4, 4/4, 4/4; specificities 0, 3/4, 3/4, 3/4, 4/4, 4/4.
    sensitivities, specificities = np.array([3, 3, 3, 2, 4, 4]) / 4, np.array([0, 3, 3, 3, 4, 4]) / 4
    for name, values in {
        "sen": sensitivities,
        "spe": specificities,
        "acc": (sensitivities + specificities) / 2,
    }.items():
        half = 2.570582 * values.std(ddof=1) / 6**0.5
        row = folds.loc[name]
        found = row[["value", "sd", "low", "high", "n"]].tolist()
        assert found == pytest.approx(
            [values.mean(), values.std(ddof=1), values.mean() - half, values.mean() + half, 6]
        )
    # A mean over folds of precision is not the pooled one: 3/7, 3/4, 3/4, 2/3, 1, 1.
    assert folds.loc["pre", "value"] == pytest.approx(np.mean([3 / 7, 3 / 4, 3 / 4, 2 / 3, 1, 1]))


def test_chunks_in_any_number_and_order_give_the_same_file(tmp_path):
    table = predictions(shift=1e-3)
    whole = measure(tmp_path, table)
    parts = measure(tmp_path, *[table[table["fold"] == fold] for fold in (3, 1, 6, 2, 5, 4)])
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)


def test_seeds_are_averaged_and_their_spread_told(tmp_path):
    table = measure(tmp_path, predictions(seed=0), predictions(seed=1, flip=[0, 8]))
    pooled = pick(table, "pooled")
    assert pooled.loc["acc", "value"] == pytest.approx((36 + 38) / 2 / 48)
    assert pooled.loc["acc", "sd"] == pytest.approx(np.std([36 / 48, 38 / 48], ddof=1))
    assert pooled.loc["acc", "n"] == 48
    assert pick(table, "fold").loc["sen", "value"] == pytest.approx((19 + 21) / 2 / 24)


def test_selections_have_their_own_rows(tmp_path):
    table = measure(tmp_path, pd.concat([predictions(), predictions(selection="best_test", flip=[0, 8])]))
    assert len(table) == 24
    assert pick(table, "pooled", "best_test").loc["acc", "value"] > pick(table, "pooled").loc["acc", "value"]


def test_a_fold_of_one_class_has_no_auc_and_does_not_count(tmp_path):
    table = predictions()
    absent = table["case"].isin(table.query("fold == 2 and target == 1 and role == 'test'")["case"])
    table = table[~absent]
    folds = pick(measure(tmp_path, table), "fold")
    assert folds["n"].to_dict() == {"acc": 6, "sen": 5, "spe": 6, "pre": 6, "f1": 6, "auc": 5}


def test_a_failed_chunk_leaves_the_header_only(tmp_path):
    table = predictions()
    found = measure(tmp_path, table[table["fold"] == 1], table[:0])
    assert found.empty
    assert list(found) == COLUMNS


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: pd.concat([t, t[t["case"] == "c07"]]), "case c07 is tested 2 times with seed 0"),
        (
            lambda t: pd.concat([t, predictions(seed=1).query("case != 'c03'")]),
            "case c03 is tested 0 times with seed 1",
        ),
        (
            lambda t: pd.concat([t, predictions(seed=1).assign(target=lambda x: 1 - x["target"])]),
            "two different targets",
        ),
        (lambda t: t.drop(columns="score"), "column 'score' is missing"),
    ],
)
def test_predictions_that_do_not_fit_together_are_refused(tmp_path, spoil, said):
    with pytest.raises(ReradError, match=said):
        measure(tmp_path, spoil(predictions()))
    assert not (tmp_path / "metrics.csv").exists()


def masks(*, seed=0, selection="last", region="GTV", shift=0.0):
    """Metrics of 12 cases in three folds; Dice is 0.50, 0.52, … 0.72."""
    number = np.arange(12)
    table = pd.DataFrame({"case": [f"c{n:02d}" for n in number], "region": region})
    table = table.assign(**{name: 0.5 + 0.02 * number + shift for name in METRICS} | {"hd95_mm": 20.0 - number})
    table = table.assign(fold=number % 3 + 1, seed=seed, selection=selection, variant="published", role="test")
    return pd.concat([table, table.assign(role="train", dice=1.0)])[SEGMENTATION]


def measure_both(tmp_path, classified, segmented, bootstraps=200):
    files = {"classification": [], "segmentation": []}
    for task, tables in zip(files, (classified, segmented), strict=True):
        for number, table in enumerate(tables):
            files[task].append(tmp_path / f"{task}{number}.csv")
            table.to_csv(files[task][-1], index=False)
    evaluate(files, metrics=tmp_path / "metrics.csv", bootstraps=bootstraps, seed=0)
    return pd.read_csv(tmp_path / "metrics.csv")


def test_masks_are_averaged_over_cases_then_seeds(tmp_path):
    table = measure_both(tmp_path, [predictions()[:0]] * 2, [masks(), masks(seed=1, shift=0.1)])
    assert set(table["task"]) == {"segmentation"}
    assert list(table["metric"]) == [*METRICS, *METRICS] * 2
    assert list(table["role"]) == ["test"] * 2 * len(METRICS) + ["train"] * 2 * len(METRICS)
    pooled, folds = pick(table, "pooled"), pick(table, "fold")
    assert (pooled["n"] == 12).all()
    assert pooled.loc["dice", "value"] == pytest.approx(0.61 + 0.05)
    assert pooled.loc["dice", "sd"] == pytest.approx(np.std([0.61, 0.71], ddof=1))
    assert pooled.loc["hd95_mm", "value"] == pytest.approx(14.5)
    assert pooled[["wilson_low", "n_positive"]].isna().all(axis=None)
    # Folds hold cases 0, 3, 6, 9 and so on: means 0.59, 0.61, 0.63, each 0.05 more over both seeds.
    half = 4.302653 * 0.02 / 3**0.5
    assert folds.loc["dice", ["value", "sd", "low", "high", "n"]].tolist() == pytest.approx(
        [0.66, 0.02, 0.66 - half, 0.66 + half, 3]
    )


def test_the_interval_of_a_mean_over_cases_is_that_of_the_normal(tmp_path):
    pooled = pick(measure_both(tmp_path, [], [masks()], bootstraps=5000), "pooled")
    half = 1.96 * (0.02 * np.std(np.arange(12))) / 12**0.5
    assert pooled.loc["dice", ["low", "high"]].tolist() == pytest.approx([0.61 - half, 0.61 + half], abs=0.003)
    # The same resamples for all: a Hausdorff distance that falls as Dice rises has the mirrored interval.
    mirrored = 14.5 - (pooled.loc["dice", ["high", "low"]].to_numpy(float) - 0.61) / 0.02
    assert pooled.loc["hd95_mm", ["low", "high"]].tolist() == pytest.approx(mirrored.tolist())


def test_several_regions_have_their_own_metrics(tmp_path):
    regions = pd.concat([masks(region="ET"), masks(region="WT", shift=0.1)])
    pooled = pick(measure_both(tmp_path, [], [regions]), "pooled")
    assert list(pooled.index) == [f"{name}_{region}" for region in ("et", "wt") for name in METRICS]
    assert pooled.loc["dice_wt", "value"] - pooled.loc["dice_et", "value"] == pytest.approx(0.1)


def test_a_case_without_a_value_counts_in_no_mean(tmp_path):
    table = masks()
    table.loc[(table["case"] == "c11"), "sensitivity"] = np.nan
    found = measure_both(tmp_path, [], [table])
    pooled = pick(found, "pooled")
    assert pooled.loc["sensitivity", ["value", "n"]].tolist() == pytest.approx([0.5 + 0.02 * 5, 11])
    assert pooled.loc["dice", "n"] == 12
    assert pick(found, "fold").loc["sensitivity", "n"] == 3


def test_a_method_with_both_tasks_has_rows_of_both(tmp_path):
    both = measure_both(tmp_path, [predictions()], [masks()])
    alone = measure(tmp_path, predictions())
    pd.testing.assert_frame_equal(both[both["task"] == "classification"], alone, check_exact=True)
    assert (both["task"] == "segmentation").sum() == 2 * 2 * len(METRICS)


@pytest.mark.parametrize(
    ("classified", "segmented"),
    [
        ([predictions()[:0]], [masks()[:0]]),
        ([predictions(), predictions(seed=1)], [masks(), masks(seed=1)[:0]]),
        ([predictions(), predictions(seed=1)[:0]], [masks(), masks(seed=1)]),
        ([], []),
    ],
)
def test_a_method_that_failed_somewhere_has_no_values_at_all(tmp_path, classified, segmented):
    found = measure_both(tmp_path, classified, segmented)
    assert found.empty
    assert list(found) == COLUMNS


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: pd.concat([t, t[t["case"] == "c07"]]), "case c07, region GTV is tested 2 times with seed 0"),
        (lambda t: pd.concat([t, masks(region="ET").query("case != 'c03'")]), "case c03, region ET is tested 0 times"),
        (lambda t: t.drop(columns="dice"), "column 'dice' is missing"),
    ],
)
def test_masks_that_do_not_fit_together_are_refused(tmp_path, spoil, said):
    with pytest.raises(ReradError, match=said):
        measure_both(tmp_path, [], [spoil(masks())])
