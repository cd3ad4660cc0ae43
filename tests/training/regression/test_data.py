"""Who sees what of a cohort of gene expression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tiny_genes import FEATURES, entry, inputs_of, make_cohort

from rerad.core.errors import ReradError
from rerad.training.job import Job
from rerad.training.regression.data import prepared, read_cohort, without_images

TESTED = [0, 3, 6, 9]


def job_of(folder):
    return Job(**inputs_of(folder), settings=entry(), folds=[1], folder=folder)


@pytest.fixture
def folder(tmp_path):
    return make_cohort(tmp_path / "cohort")


def test_rows_names_and_folds_belong_together(folder):
    cohort = read_cohort(job_of(folder))
    rows = pd.read_csv(folder / "cases.csv").set_index("case")["row"]
    stored = np.load(folder / "arrays" / "expression.npy")
    assert np.array_equal(cohort.values, stored[rows[cohort.names]])
    assert cohort.features == ["enhancing_volume", "enhancing_sphericity", "edema_volume"] == FEATURES
    assert (cohort.cases, cohort.others) == (list(range(12)), list(range(12, 21)))
    assert cohort.side(1, "test") == TESTED
    assert cohort.side(1, "train") == [index for index in range(12) if index not in TESTED]


def poisoned(folder, cases):
    """Return the cohort and one in which some patients' values are no numbers."""
    cohort = read_cohort(job_of(folder))
    values, target = cohort.values.copy(), cohort.target.copy()
    values[cases] = np.nan
    target[[case for case in cases if case < len(target)]] = np.nan
    return cohort, cohort._replace(values=values, target=target)


def test_of_a_fold_safe_fold_the_tested_teach_neither_scaling_nor_autoencoder(folder):
    cohort, other = poisoned(folder, TESTED)
    for variant in ("fold_safe", "nested"):
        before, after = prepared(cohort, variant, TESTED), prepared(other, variant, TESTED)
        kept = [index for index in range(21) if index not in TESTED]
        assert np.array_equal(before.values[kept], after.values[kept])
        assert np.isfinite(after.values[kept]).all()
        assert before.largest.tolist() == after.largest.tolist()
        assert after.pretraining == list(range(12, 21))
    assert np.isnan(prepared(other._replace(target=cohort.target), "published", TESTED).values).all()


def test_as_published_all_teach_and_the_fold_does_not_matter(folder):
    cohort = read_cohort(job_of(folder))
    first, second = prepared(cohort, "published", TESTED), prepared(cohort, "published", [])
    assert np.array_equal(first.values, second.values)
    assert first.largest.tolist() == cohort.target.max(axis=0).tolist()
    assert first.target.max(axis=0).tolist() == [1.0, 1.0, 1.0]
    assert first.pretraining == list(range(21))


def test_without_images_nobody_with_images_teaches(folder):
    cohort, other = poisoned(folder, list(range(12)))
    before, after = without_images(cohort), without_images(other)
    assert np.array_equal(before.values[12:], after.values[12:])
    assert after.pretraining == list(range(12, 21))


@pytest.mark.parametrize(("name", "told"), [("expression", "TCGA-05"), ("features", "TCGA-02")])
def test_a_value_that_is_no_number_is_told_with_its_case(folder, name, told):
    if name == "expression":
        path = folder / "arrays" / "expression.npy"
        values = np.load(path)
        values[pd.read_csv(folder / "cases.csv").set_index("case").loc[told, "row"], 3] = np.nan
        np.save(path, values)
    else:
        table = pd.read_csv(folder / "features.csv").set_index("case")
        table.loc[told, FEATURES[1]] = np.nan
        table.reset_index().to_csv(folder / "features.csv", index=False)
    with pytest.raises(ReradError, match=f"case {told} has a value that is no number"):
        read_cohort(job_of(folder))


@pytest.mark.parametrize("harm", [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(path.read_bytes()[:100]),
    lambda path: np.save(path, np.zeros((5, 8), np.float32)),
    lambda path: np.save(path, np.zeros((21, 8))),
])  # fmt: skip
def test_expression_that_does_not_fit_is_refused_with_its_file(folder, harm):
    harm(folder / "arrays" / "expression.npy")
    with pytest.raises(ReradError, match=r"expression\.npy"):
        read_cohort(job_of(folder))
