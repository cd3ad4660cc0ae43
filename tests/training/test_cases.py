import numpy as np
import pandas as pd
import pytest

from rerad.core.errors import ConfigError, ReradError
from rerad.training.cases import read_classified, read_data, side, training_side

BOTH = {"modalities": ["PET", "CT"]}
PET = {"modalities": ["PET"]}


@pytest.fixture
def files(tmp_path):
    # b has no CT; c is excluded; d's CT could not be described; f's volume is missing.
    cases = pd.DataFrame(
        {
            "case": list("fbcdea"),
            "included": [1, 1, 0, 1, 1, 1],
            "target": [0, 1, np.nan, 1, 0, 1],
            "has_ct": [1, 0, 1, 1, 1, 1],
            "crop_ml": [6.0, 2, 3, 4, 5, 1],
        }
    )
    features = pd.DataFrame(
        {
            "case": list("abcdef"),
            "PET_index_Volume": [1.0, 2, 3, 4, 5, np.nan],
            "PET_glcm_Contrast": [10.0, 20, 30, 40, 50, 60],
            "CT_glcm_Contrast": [7.0, np.nan, 9, np.nan, 11, 12],
        }
    )
    used = list("abdef")
    fold_of = {"a": 1, "e": 1, "b": 2, "d": 2, "f": 2}
    splits = pd.DataFrame(
        [(c, f, "test" if fold_of[c] == f else "train") for f in (1, 2) for c in used], columns=["case", "fold", "role"]
    )
    paths = [tmp_path / name for name in ("features.csv", "cases.csv", "splits.csv")]
    for path, table in zip(paths, (features, cases, splits), strict=True):
        table.to_csv(path, index=False)
    return paths


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (BOTH, "aef"),
        (PET, "abdef"),
        ({**PET, "recipe": {"feature": "PET_index_Volume"}}, "abde"),
        ({**PET, "recipe": {"feature": "crop_ml"}}, "abdef"),
    ],
)
def test_a_method_has_the_cases_with_all_it_needs(files, settings, expected):
    data = read_data(*files, settings)
    assert list(data.table.index) == list(expected)
    assert data.target.to_dict() == {c: {"a": 1, "b": 1, "d": 1, "e": 0, "f": 0}[c] for c in expected}


def test_columns_are_those_of_the_modalities_or_the_one_feature(files):
    assert list(read_data(*files, PET).table) == ["PET_index_Volume", "PET_glcm_Contrast"]
    assert list(read_data(*files, BOTH).table) == ["PET_index_Volume", "PET_glcm_Contrast", "CT_glcm_Contrast"]
    crop = read_data(*files, {**PET, "recipe": {"feature": "crop_ml"}}).table
    assert crop.to_dict("list") == {"crop_ml": [1, 2, 4, 5, 6]}


def test_without_features_every_case_with_the_images_takes_part(files):
    data = read_data(None, *files[1:], BOTH)
    assert list(data.table.index) == list("adef")  # d's CT is there, whether or not it could be described
    assert data.table.shape == (4, 0)


def test_a_table_may_hold_fewer_modalities_than_the_images(files):
    data = read_data(*files, {**BOTH, "recipe": {"table": ["PET"]}})
    assert list(data.table) == ["PET_index_Volume", "PET_glcm_Contrast"]
    assert list(data.table.index) == list("adef")


def test_sides_follow_the_split(files):
    data = read_data(*files, PET)
    assert list(side(data, 1, "test").table.index) == ["a", "e"]
    assert list(side(data, 1, "train").table.index) == ["b", "d", "f"]
    assert side(data, 1, "train").target.tolist() == [1, 1, 0]


def test_one_class_in_training_is_an_error_that_names_the_fold(files):
    # With CT, fold 1 leaves only f to learn from.
    with pytest.raises(ReradError, match="training cases of fold 1 are all of one class"):
        side(read_data(*files, BOTH), 1, "train")
    with pytest.raises(ReradError, match="fold 9 is not in the split"):
        side(read_data(*files, PET), 9, "train")


def test_a_misspelt_feature_or_absent_modality_ends_the_run(files):
    with pytest.raises(ConfigError, match="'PET_index_Volum' is not a column"):
        read_data(*files, {**PET, "recipe": {"feature": "PET_index_Volum"}})
    with pytest.raises(ConfigError, match="no column begins with MR_"):
        read_data(*files, {"modalities": ["MR"]})


def test_a_case_outside_the_split_is_an_error(files):
    splits = pd.read_csv(files[2])
    splits[splits["case"] != "d"].to_csv(files[2], index=False)
    with pytest.raises(ReradError, match="case d is in no fold"):
        read_data(*files, PET)


def test_a_cohort_without_targets_has_none_and_may_know_grades(files):
    cases = pd.read_csv(files[1]).drop(columns=["target", "has_ct"])
    cases.assign(grade=["HGG", None, "LGG", "HGG", "LGG", None]).to_csv(files[1], index=False)
    data = read_data(None, *files[1:], {"modalities": ["t1", "CT"]})
    assert list(data.table.index) == list("abdef")  # no column says that a case lacks a modality
    assert data.target is None
    assert data.classes == ["", "", "HGG", "LGG", "HGG"]
    assert list(side(data, 1, "train").table.index) == ["b", "d", "f"]
    learning = training_side(data, 1)
    assert list(learning.table.index) == ["b", "d", "f"]
    assert (learning.target, learning.classes) == (None, ["", "HGG", "HGG"])
    with pytest.raises(ReradError, match="there is no column target"):
        read_classified(None, *files[1:], PET)
    cases.to_csv(files[1], index=False)
    assert read_data(None, *files[1:], PET).classes == [""] * 5


def test_classes_are_targets_where_there_are_any(files):
    data = read_data(*files, PET)
    assert data.classes == ["1", "1", "1", "0", "0"]
    assert training_side(data, 1).classes == ["1", "1", "0"]
    assert training_side(data, 1).target.tolist() == [1, 1, 0]
