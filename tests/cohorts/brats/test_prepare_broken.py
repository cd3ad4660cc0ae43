"""Preparation: a row for every case that cannot be used, and the others finish."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from nifti_scans import ORDER, edit, scan_of, values

from rerad.cohorts.brats import prepare_case
from rerad.cohorts.brats.labels import region
from rerad.core.errors import CaseError, ReradError

Run = Callable[..., SimpleNamespace]


def breaks(raw: Path, case: str) -> dict[str, tuple[Callable[[], object], str]]:
    """Return ways to break a case, each with what its row says."""
    scan = {kind: scan_of(raw, case, kind) for kind in (*ORDER, "seg")}
    where = {kind: str(path.relative_to(raw)) for kind, path in scan.items()}

    def shift() -> None:
        image = sitk.ReadImage(str(scan["t2"]))
        image.SetOrigin((1.0, 0.0, 0.0))
        sitk.WriteImage(image, str(scan["t2"]))

    def cut() -> None:
        scan["t1"].write_bytes(scan["t1"].read_bytes()[:-2000])

    def spoil() -> None:
        edit(scan["flair"], lambda array: np.where(array == array.max(), np.nan, array).astype(np.float32))

    return {
        "missing": (scan["t1ce"].unlink, f"{case}: no t1ce: there is flair, seg, t1, t2"),
        "no labels": (scan["seg"].unlink, f"{case}: no seg: there is flair, t1, t1ce, t2"),
        "renamed": (
            lambda: scan["seg"].rename(scan["seg"].with_name("W39_Segm.nii.gz")),
            f"{case}: no seg: there is flair, t1, t1ce, t2; beside them {where['seg'].rpartition('/')[0]}/W39_Segm.nii.gz",
        ),
        "twice": (
            lambda: shutil.copy(scan["t1"], scan["t1"].with_name(f"{case}-t1n.nii.gz")),
            f"{case}: 2 files of t1: ",
        ),
        "shifted": (shift, f"{case}: t1 and t2 lie on different grids"),
        "smaller labels": (lambda: edit(scan["seg"], lambda array: array[:-1]), f"{where['seg']}: t1 and seg lie on"),
        "zero": (lambda: edit(scan["t2"], lambda array: array * 0), f"{case}, t2: every voxel is 0"),
        "flat": (lambda: edit(scan["t2"], lambda array: (array > 0) * np.int16(7)), f"{case}, t2: all "),
        "nan": (spoil, f"{where['flair']}: 1 voxels are not finite"),
        "cut": (cut, f"{where['t1']}: cannot be read"),
        "label 5": (
            lambda: edit(scan["seg"], lambda array: np.where(array == 1, 5, array)),
            f"{where['seg']}: labels 2, 4, 5",
        ),
        "no tumour": (lambda: edit(scan["seg"], lambda array: array * 0), f"{where['seg']}: the segmentation marks no"),
    }


def enhancing_case(raw: Path) -> str:
    return next(path.name.split("_seg")[0] for path in sorted(raw.rglob("*_seg.nii.gz")) if 4 in values(path))


@pytest.mark.parametrize(
    "how",
    ["missing", "no labels", "renamed", "twice", "shifted", "smaller labels", "zero", "flat", "nan", "cut", "label 5",
     "no tumour"],
)  # fmt: skip
def test_every_broken_case_is_a_row_and_the_others_finish(raw: Path, run_local: Run, how: str) -> None:
    case = enhancing_case(raw)
    change, message = breaks(raw, case)[how]
    change()
    result = run_local(raw, workers=1)
    (row,) = result.patient_flow.to_dict("records")
    assert (row["case"], row["stage"], row["modality"], row["status"]) == (case, "prepare", "all", "excluded")
    assert row["reason"].startswith(message)
    assert case not in set(result.cases["case"])
    assert result.cases["row"].tolist() == list(range(5))
    assert not list(result.arrays.glob(f"{case}.*"))
    assert len(list(result.arrays.iterdir())) == 11


def test_a_file_that_changed_since_it_was_acquired_is_a_row(phantom: Path, tmp_path: Path, run: Run) -> None:
    folder = shutil.copytree(phantom, tmp_path / "changed")
    edit(scan_of(folder, "PHANTOM_002", "t2"), lambda array: array + (array > 0).astype(np.int16))
    (reason,) = run(folder).patient_flow["reason"]
    assert "PHANTOM_002_t2.nii.gz: changed since it was acquired" in reason
    assert str(tmp_path) not in reason


def test_nothing_stays_of_a_case_that_failed_half_way(phantom: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def fails_once(labels: np.ndarray, name: str) -> np.ndarray:
        seen.append(name)
        if len(seen) == 1:
            raise CaseError("the disk is full", where="PHANTOM_001")
        return region(labels, name)

    monkeypatch.setattr(prepare_case, "region", fails_once)  # it comes after the arrays are written
    result = run(phantom)
    assert result.patient_flow["case"].tolist() == ["PHANTOM_001"]
    named = {path.name.split(".")[0] for path in result.arrays.glob("*.npy")}
    assert sorted(named) == result.cases["case"].tolist()


def test_grades_that_contradict_each_other_are_a_row(raw: Path, tmp_path: Path, run_local: Run) -> None:
    cases = sorted(path.name.split("_seg")[0] for path in raw.rglob("HGG/*/*_seg.nii.gz"))
    table = tmp_path / "grades.csv"
    table.write_text(f"Grade,BraTS_2019_subject_ID\nLGG,{cases[0]}\nHGG,{cases[1]}\n")
    result = run_local(raw, grades=table)
    assert result.patient_flow["case"].tolist() == [cases[0]]
    assert result.patient_flow["reason"][0].startswith(f"{cases[0]}: folders and name_mapping.csv name it HGG and LGG")


def test_without_any_case_that_can_be_used_there_is_an_error(raw: Path, run_local: Run) -> None:
    for path in raw.rglob("*_flair.nii.gz"):
        path.unlink()
    with pytest.raises(ReradError, match=r"none of 6 cases can be used; for example PHANTOM_001: no flair"):
        run_local(raw)
