"""Of a prepared cohort only what can be used stays, and whoever is missing has a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rerad.cohorts.brats.naming import find_cases
from rerad.cohorts.cases import acquired_cases
from rerad.cohorts.manifest import Entry
from rerad.cohorts.names import check_names
from rerad.cohorts.preparing import excluded, keep_only, without_folder
from rerad.core.errors import CaseError, ReradError
from rerad.imaging.stored import store_case


def test_what_failed_cases_left_is_removed(tmp_path: Path) -> None:
    for case in ("A", "B"):
        store_case(tmp_path, case, np.zeros((1, 2, 2, 2)), np.zeros((2, 2, 2), np.uint8))
    wanted = sorted(path for path in tmp_path.iterdir() if path.name.startswith("A."))
    assert len(wanted) == 2
    keep_only(tmp_path, ["A"], [], tmp_path)
    assert sorted(tmp_path.iterdir()) == wanted


def test_a_cohort_without_cases_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    flow = [excluded("P2", "all", "too dark"), excluded("P1", "all", "no mask")]
    assert flow[1] == ("P1", "prepare", "all", "excluded", "no mask")
    with pytest.raises(ReradError, match="none of 2 cases can be used; for example no mask"):
        keep_only(tmp_path, [], flow, tmp_path)
    with pytest.raises(ReradError, match=r"none of 0 cases can be used\. "):
        keep_only(tmp_path, [], [], tmp_path)


def test_reasons_are_the_same_wherever_the_data_lies(tmp_path: Path) -> None:
    error = CaseError("gone", where=str(tmp_path / "A" / "x.nii"))
    assert without_folder(error, tmp_path) == "A/x.nii: gone"


@pytest.mark.parametrize("name", ["NA", "null", "NULL", "nan", "NaN", "None", "<NA>", "#NA"])
def test_a_case_that_a_table_would_take_for_a_gap_is_refused_by_name(name: str) -> None:
    files = [f"{name}/{name}_t1.nii.gz", "P1/P1_t1.nii.gz"]
    for find in (lambda: acquired_cases(Path("data"), dict.fromkeys(files, Entry(1, ""))), lambda: find_cases(files)):
        with pytest.raises(ReradError, match=f"tables take the name '{name}' for a missing value. Rename"):
            find()


def test_names_that_only_look_like_it_are_names() -> None:
    names = ["007", "1e5", "na", "Null", "NONE", "inf", "-1", "True", "NA1", " P1", "a,b", 'a"b']
    check_names(names, where="data")
    cases = acquired_cases(Path("data"), {f"{name}/x": Entry(1, "") for name in names})
    assert sorted(cases) == sorted(names)


def test_every_folder_of_the_manifest_is_a_case() -> None:
    one = Entry(1, "")
    cases = acquired_cases(Path("data"), {"b/2/x": one, "table.csv": one, "a/y": one, "b/1": one})
    assert list(cases) == ["a", "b"]
    assert str(cases["b"]) == "b"
    assert list(cases["b"].files) == ["b/1", "b/2/x"]
    assert cases["a"].folder == Path("data")
