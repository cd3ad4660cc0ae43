"""Every release's names, grades and codings are recognised; what contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rerad.cohorts.brats.grades import grade_of, read_grades
from rerad.cohorts.brats.labels import recode, region
from rerad.cohorts.brats.naming import Files, find_cases
from rerad.core.errors import CaseError, ReradError

ALL = {"t1", "t1ce", "t2", "flair", "seg"}


@pytest.mark.parametrize(
    ("folder", "stem", "kinds", "grades"),
    [
        ("HGG/Brats18_CBICA_AAB_1", "Brats18_CBICA_AAB_1_{}.nii.gz", "t1 t1ce t2 flair seg", {"HGG"}),
        (
            "MICCAI_BraTS_2019/LGG/BraTS19_TCIA10_103_1",
            "BraTS19_TCIA10_103_1_{}.nii.gz",
            "t1 t1ce t2 flair seg",
            {"LGG"},
        ),
        ("BraTS20_Training_001", "BraTS20_Training_001_{}.nii", "t1 t1ce t2 flair seg", set()),
        ("BraTS2021_00006", "BraTS2021_00006_{}.nii.gz", "t1 t1ce t2 flair seg", set()),
        ("data/BraTS-GLI-00000-000", "BraTS-GLI-00000-000-{}.nii.gz", "t1n t1c t2w t2f seg", set()),
    ],
)
def test_the_names_of_every_release(folder: str, stem: str, kinds: str, grades: set[str]) -> None:
    files = [f"{folder}/{stem.format(kind)}" for kind in kinds.split()]
    (case,) = find_cases([*files, "README.md", f"{folder}/survival.csv"]).values()
    assert case.case == folder.rpartition("/")[2]
    assert set(case.kinds) == ALL
    order = dict(zip(kinds.split(), ("t1", "t1ce", "t2", "flair", "seg"), strict=True))
    for kind, file in zip(kinds.split(), files, strict=True):
        assert case.kinds[order[kind]] == [file]
    assert case.grades == grades
    assert case.others == []
    assert not case.decathlon


def test_the_decathlons_names() -> None:
    files = ["msd/Task01/imagesTr/BRATS_001.nii.gz", "msd/Task01/labelsTr/BRATS_001.nii.gz", "msd/Task01/dataset.json",
             "msd/Task01/imagesTr/._BRATS_001.nii.gz"]  # fmt: skip
    (case,) = find_cases(files).values()
    assert case.case == case.patient == "BRATS_001"
    assert case.kinds == {"channels": [files[0]], "seg": [files[1]]}
    assert case.decathlon


def test_time_points_are_of_one_patient() -> None:
    cases = find_cases(f"a/BraTS-GLI-0000{n}-00{time}-t1n.nii.gz" for n in (1, 2) for time in (0, 1))
    assert {case.patient for case in cases.values()} == {"BraTS-GLI-00001", "BraTS-GLI-00002"}
    assert len(cases) == 4
    assert next(iter(find_cases(["BraTS20_Training_001_t1.nii"]).values())).patient == "BraTS20_Training_001"


def test_an_image_with_another_name_stands_beside_its_case() -> None:
    # BraTS 2020 has one such segmentation.
    cases = find_cases(["a/BraTS20_Training_355_t1.nii", "a/W39_1998.09.19_Segm.nii", "b/BraTS20_Training_356_t1.nii"])
    assert cases["BraTS20_Training_355"].others == ["a/W39_1998.09.19_Segm.nii"]
    assert cases["BraTS20_Training_356"].others == []


def test_two_files_of_a_kind_are_both_told() -> None:
    cases = find_cases(["a/X_t1.nii", "a/X_t1.nii.gz", "a/X-t1n.nii.gz"])
    assert cases["X"].kinds == {"t1": ["a/X-t1n.nii.gz", "a/X_t1.nii", "a/X_t1.nii.gz"]}


def test_grades_of_the_real_table(real_data: Path) -> None:
    grades = read_grades(real_data / "brats" / "tables" / "name_mapping.csv")
    of_2019 = [grade for case, grade in grades.items() if case.startswith("BraTS19_")]
    assert (of_2019.count("HGG"), of_2019.count("LGG")) == (259, 76)
    assert "NA" not in grades


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Grade,Id\nHGG,a\n", "the columns are Grade, Id"),
        ("Grade,BraTS_2019_subject_ID\nIV,a\n", "grade 'IV' of a"),
        ("Grade,BraTS_2019_subject_ID\nHGG,a\nLGG,a\n", "a is HGG and LGG"),
        ("", "cannot be read as a table"),
    ],
)
def test_a_broken_table_of_grades_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "name_mapping.csv").write_text(text)
    with pytest.raises(ReradError, match=message):
        read_grades(tmp_path / "name_mapping.csv")


def test_table_and_folder_must_agree() -> None:
    files = Files("a", {}, {"HGG"}, [])
    assert grade_of(files, {}) == grade_of(files, {"a": "HGG", "b": "LGG"}) == "HGG"
    assert grade_of(Files("b", {}, set(), []), {"b": "LGG"}) == "LGG"
    assert grade_of(Files("c", {}, set(), []), {"b": "LGG"}) == ""
    with pytest.raises(CaseError, match=r"a: folders and name_mapping\.csv name it HGG and LGG"):
        grade_of(files, {"a": "LGG"})


@pytest.mark.parametrize(
    ("values", "decathlon", "wanted", "name"),
    [
        ([0, 1, 2, 4], False, [0, 1, 2, 4], "et4"),
        ([0.0, 1.0, 2.0, 3.0], False, [0, 1, 2, 4], "et3"),
        ([0, 1, 2, 2], False, [0, 1, 2, 2], "no_et"),
        ([0, 4, 4, 0], False, [0, 4, 4, 0], "et4"),
        ([0, 1, 2, 3], True, [0, 2, 1, 4], "decathlon"),
        ([0, 1, 2, 2], True, [0, 2, 1, 1], "decathlon"),
    ],
)
def test_codings(values: list[float], decathlon: bool, wanted: list[int], name: str) -> None:
    labels, coding = recode(np.array(values), decathlon=decathlon)
    assert (labels.tolist(), coding, labels.dtype) == (wanted, name, np.uint8)


@pytest.mark.parametrize(
    ("values", "decathlon", "message"),
    [
        ([0, 1, 2, 3, 4], False, "labels 1, 2, 3, 4: the coding has 1, 2 and either 4 or 3"),
        ([0, 1, 5], False, "labels 1, 5"),
        ([0, 1, 1.5], False, r"labels 1, 1\.5"),
        ([0, -1, 2], False, "labels -1, 2"),
        ([0, 1, 4], True, "labels 1, 4: the coding has 1, 2, 3"),
        ([0, 0], False, "marks no voxel"),
    ],
)
def test_labels_outside_the_coding_are_refused(values: list[float], decathlon: bool, message: str) -> None:
    with pytest.raises(CaseError, match=message):
        recode(np.array(values), decathlon=decathlon)


def test_regions_are_nested() -> None:
    labels = np.array([0, 1, 2, 4], np.uint8)
    assert region(labels, "ET").tolist() == [False, False, False, True]
    assert region(labels, "TC").tolist() == [False, True, False, True]
    assert region(labels, "WT").tolist() == [False, True, True, True]
