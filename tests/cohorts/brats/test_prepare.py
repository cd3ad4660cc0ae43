"""Preparation: arrays and tables that agree, and a way back to the scan."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from nifti_scans import ORDER, edit, scan_of, values
from small_cohort import same_bytes

from rerad.cohorts.brats.acquire import acquire
from rerad.imaging.geometry import from_cells, put_back
from rerad.imaging.stored import Contents, open_case, read_contents

Run = Callable[..., SimpleNamespace]


def test_arrays_are_the_normalised_brain_cube_and_go_back_to_the_scan(phantom: Path, run: Run) -> None:
    result = run(phantom)
    cases = result.cases
    assert cases["case"].tolist() == [f"PHANTOM_00{number}" for number in range(1, 7)]
    assert cases["row"].tolist() == list(range(6))
    assert (cases["included"] == 1).all()
    assert cases["patient"].tolist() == cases["case"].tolist()
    assert result.patient_flow.empty
    assert len(list(result.arrays.iterdir())) == 13
    assert read_contents(result.arrays) == Contents(
        ("t1", "t1ce", "t2", "flair"), {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}, {"scale": 100, "offset": 0.1}
    )
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
    assert same_bytes(run(phantom, name="one", workers=1), run(phantom, name="two", workers=2)) == 17


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
