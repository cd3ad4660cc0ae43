"""Preparation: arrays and tables that agree, a way back to the scan, and a row for whoever is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from rerad.cohorts.brats import prepare_case
from rerad.cohorts.brats.acquire import acquire
from rerad.cohorts.brats.labels import region
from rerad.core.errors import CaseError, ReradError
from rerad.imaging.geometry import from_cells, put_back
from rerad.imaging.stored import open_case

Run = Callable[..., SimpleNamespace]
ORDER = ("t1", "t1ce", "t2", "flair")


def scan_of(folder: Path, case: str, kind: str) -> Path:
    return next(folder.rglob(f"{case}_{kind}.nii.gz"))


def edit(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    image = sitk.ReadImage(str(path))
    new = sitk.GetImageFromArray(change(sitk.GetArrayFromImage(image)))
    new.SetSpacing(image.GetSpacing())
    new.SetOrigin(image.GetOrigin())
    sitk.WriteImage(new, str(path), useCompression=True)


def values(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_arrays_are_the_normalised_brain_cube_and_go_back_to_the_scan(phantom: Path, run: Run) -> None:
    result = run(phantom)
    cases = result.cases
    assert cases["case"].tolist() == [f"PHANTOM_00{number}" for number in range(1, 7)]
    assert cases["row"].tolist() == list(range(6))
    assert (cases["included"] == 1).all()
    assert cases["patient"].tolist() == cases["case"].tolist()
    assert result.patient_flow.empty
    assert len(list(result.arrays.iterdir())) == 12
    for row in cases.to_dict("records"):
        images, labels = open_case(result.arrays, row["case"], channels=4)
        geometry = from_cells(row, where=row["case"])
        assert labels.shape == geometry.box_shape
        brain = np.zeros(labels.shape, bool)
        for channel, kind in zip(images, ORDER, strict=True):
            path = scan_of(phantom, row["case"], kind)
            stored = values(path)
            assert np.count_nonzero(stored) == np.count_nonzero(channel)
            inside = stored[geometry.inside].astype(float)
            low, high = stored[stored > 0].min(), stored.max()
            wanted = np.where(inside > 0, 100 * ((inside - low) / (high - low) + 0.1), 0)
            np.testing.assert_allclose(channel, wanted, rtol=1e-5)
            brain |= channel > 0
        for axis in range(3):  # the smallest box: brain at every face
            assert brain.take(0, axis).any()
            assert brain.take(-1, axis).any()
        original = sitk.ReadImage(str(scan_of(phantom, row["case"], "seg")))
        back = put_back(np.asarray(labels), geometry)
        np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(original))
        assert back.GetOrigin() == original.GetOrigin()
        assert row["wt_ml"] == pytest.approx((labels > 0).sum() * 0.125)
        assert row["et_ml"] == pytest.approx((labels == 4).sum() * 0.125)
        assert row["tc_ml"] == pytest.approx(np.isin(labels, (1, 4)).sum() * 0.125)
        slices = result.slices.loc[result.slices["case"] == row["case"], "slice"]
        assert slices.tolist() == np.flatnonzero(labels.any(axis=(1, 2))).tolist()
    assert (result.box_check["clipped_fraction"] == 0).all()
    assert result.box_check["extent_z_mm"].between(10, 100).all()


def test_grades_and_codings_are_in_the_table(phantom: Path, run: Run) -> None:
    cases = run(phantom).cases
    for case, grade in zip(cases["case"], cases["grade"], strict=True):
        assert scan_of(phantom, case, "t1").parent.parent.name == grade
    assert sorted(cases["label_coding"]) == ["et4"] * 5 + ["no_et"]
    assert cases.loc[cases["label_coding"] == "no_et", "et_ml"].tolist() == [0]


def test_one_and_two_processes_write_the_same_bytes(phantom: Path, run: Run) -> None:
    one, two = run(phantom, name="one", workers=1), run(phantom, name="two", workers=2)
    files = sorted(path.relative_to(one.place) for path in one.place.rglob("*") if path.is_file())
    assert len(files) == 16
    for file in files:
        assert (one.place / file).read_bytes() == (two.place / file).read_bytes(), file


@pytest.mark.parametrize("change", ["t1n", "nii", "decathlon", "et3", "ras"])
def test_another_release_is_prepared_alike(phantom: Path, raw: Path, run: Run, run_local: Run, change: str) -> None:
    wanted = run(phantom, name="wanted")
    for path in sorted(raw.rglob("*.nii.gz")):
        case, _, kind = path.name.removesuffix(".nii.gz").rpartition("_")
        if change == "t1n":
            new = {"t1": "t1n", "t1ce": "t1c", "t2": "t2w", "flair": "t2f"}.get(kind, kind)
            path.rename(path.with_name(f"{case}-{new}.nii.gz"))
        elif change == "nii":
            sitk.WriteImage(sitk.ReadImage(str(path)), str(path.with_suffix("")))
            path.unlink()
        elif change == "et3" and kind == "seg":
            edit(path, lambda labels: np.where(labels == 4, 3, labels).astype(np.float32))
        elif change == "ras":
            sitk.WriteImage(sitk.DICOMOrient(sitk.ReadImage(str(path)), "RAS"), str(path))
    if change == "decathlon":
        raw = to_decathlon(raw)
    result = run_local(raw)
    assert result.cases["case"].tolist() == wanted.cases["case"].tolist()
    geometry = {"size", "spacing", "origin", "direction"} if change == "ras" else set()
    lost = {"grade"} if change == "decathlon" else set()
    same = [name for name in wanted.cases if name not in geometry | lost | {"label_coding"}]
    assert result.cases[same].equals(wanted.cases[same])
    codings = {"et3": {"et3", "no_et"}, "decathlon": {"decathlon"}}.get(change, {"et4", "no_et"})
    assert set(result.cases["label_coding"]) == codings
    for path in sorted(wanted.arrays.iterdir()):
        assert (result.arrays / path.name).read_bytes() == path.read_bytes()
    for row in result.cases.to_dict("records"):
        labels = open_case(result.arrays, row["case"], channels=4).labels
        back = sitk.GetArrayFromImage(put_back(np.asarray(labels), from_cells(row, where="")))
        kinds = {"ras": 4, "nii": 4, "t1n": 4}
        if change in kinds:
            name = {"t1n": f"{row['case']}-seg.nii.gz", "nii": f"{row['case']}_seg.nii"}.get(
                change, f"{row['case']}_seg.nii.gz"
            )
            np.testing.assert_array_equal(back, values(next(raw.rglob(name))))


def to_decathlon(raw: Path) -> Path:
    """Return a folder with the same cases as the Decathlon has them: one file of channels, another coding."""
    folder = raw.parent / "Task01_BrainTumour"
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    for path in sorted(raw.rglob("*_seg.nii.gz")):
        case = path.name.removesuffix("_seg.nii.gz")
        parts = [sitk.ReadImage(str(scan_of(raw, case, kind))) for kind in ("flair", "t1", "t1ce", "t2")]
        sitk.WriteImage(sitk.JoinSeries(parts), str(folder / "imagesTr" / f"{case}.nii.gz"))
        shutil.copy(path, folder / "labelsTr" / f"{case}.nii.gz")
        edit(folder / "labelsTr" / f"{case}.nii.gz", lambda labels: np.array([0, 2, 1, 0, 3], np.uint8)[labels])
    return folder


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
    assert len(list(result.arrays.iterdir())) == 10


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
    assert sorted({path.name.split(".")[0] for path in result.arrays.iterdir()}) == result.cases["case"].tolist()


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


def test_a_null_run_deals_out_the_segmentations(phantom: Path, run: Run) -> None:
    whole, null = run(phantom, name="whole"), run(phantom, name="null", permute_labels=3)
    again = run(phantom, name="again", permute_labels=3)
    assert null.cases["case"].tolist() == whole.cases["case"].tolist()
    own = {path.name: path.read_bytes() for path in whole.arrays.iterdir()}
    dealt = {path.name: path.read_bytes() for path in null.arrays.iterdir()}
    assert all(dealt[name] == own[name] for name in own if "images" in name)
    assert any(dealt[name] != own[name] for name in own if "labels" in name)
    # Nothing of a tumour is lost but what lies outside the other brain.
    kept = null.cases["wt_ml"].sort_values(ignore_index=True)
    assert kept.tolist() == pytest.approx(whole.cases["wt_ml"].sort_values().tolist())
    assert dealt == {path.name: path.read_bytes() for path in again.arrays.iterdir()}


def test_the_real_cases(real_data: Path, tmp_path: Path, run: Run) -> None:
    source = {"path": str(real_data / "brats"), "grades": None, "licence": None, "doi": None}
    acquire(tmp_path / "brats", source="local", settings=source, seed=0)
    result = run(tmp_path / "brats")
    assert result.patient_flow.empty
    cases = result.cases.set_index("case")
    assert cases["label_coding"].to_dict() == {"BraTS-GLI-00000-000": "et3", "BraTS2021_00006": "et4"}
    assert cases["patient"].tolist() == ["BraTS-GLI-00000", "BraTS2021_00006"]
    assert set(cases["grade"]) == {""}  # not in the table of 2019
    # Counted in the files themselves.
    assert cases["box_start"].tolist() == ["4 40 52", "0 36 49"]
    assert cases["box_shape"].tolist() == ["146 171 136", "136 177 134"]
    assert cases["size"].tolist() == ["240 240 155"] * 2
    assert cases["wt_ml"].tolist() == pytest.approx([57.305, 137.911])
    for case, row in result.cases.set_index("case", drop=False).iterrows():
        labels = open_case(result.arrays, str(case), channels=4).labels
        back = put_back(np.asarray(labels), from_cells(row, where=str(case)))
        original = sitk.ReadImage(str(next((real_data / "brats" / str(case)).glob("*seg.nii.gz"))))
        expected = sitk.GetArrayFromImage(original)
        found = sitk.GetArrayFromImage(back)
        np.testing.assert_array_equal(np.where(found == 4, expected.max(), found), expected)
        assert np.allclose(back.GetOrigin(), original.GetOrigin())
