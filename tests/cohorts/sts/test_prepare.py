"""Preparation: arrays and tables that agree, and a row for whoever is missing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
import SimpleITK as sitk
from nifti_scans import edit
from small_cohort import same_bytes

from rerad.core.errors import ReradError
from rerad.core.files import PART

Run = Callable[..., SimpleNamespace]


def cases_of(raw: Path) -> list[str]:
    return sorted(path.name for path in raw.iterdir() if path.is_dir())


def set_outcome(raw: Path, case: str, text: str | None) -> None:
    path = raw / "INFOclinical_STS.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    row = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == case)
    if text is None:
        sheet.delete_rows(row[0].row)
    else:
        row[10].value = text
    book.save(path)


def flow_of(result: SimpleNamespace, case: str) -> list[tuple[str, str]]:
    rows = result.patient_flow[result.patient_flow["case"] == case]
    return list(zip(rows["modality"], rows["reason"], strict=True))


def test_tables_and_arrays_agree(phantom: Path, run: Run) -> None:
    result = run(phantom)
    cases = result.cases
    assert cases.columns.tolist() == ["case", "row", "included", "target", "outcome", "has_ct", "crop_ml", "cropped"]
    assert cases["row"].tolist() == list(range(9))
    assert cases["included"].sum() == 8
    assert cases.loc[cases["included"] == 1, "target"].sum() == 4
    assert cases["has_ct"].sum() == 7
    assert cases["crop_ml"].tolist() == pytest.approx([40 * 24 * 28 * 0.064] * 9)
    assert cases["cropped"].sum() == 0
    pet, ct, gtv = (np.load(result.arrays / f"{name}.npy", mmap_mode="r") for name in ("PET", "CT", "GTV"))
    assert pet.shape == ct.shape == gtv.shape == (9, 20, 16, 18)
    assert (pet.dtype, ct.dtype, gtv.dtype) == (np.float32, np.float32, np.uint8)
    assert sorted(path.name for path in result.arrays.iterdir()) == ["CT.npy", "GTV.npy", "PET.npy"]
    for row, has_ct in zip(cases["row"], cases["has_ct"], strict=True):
        assert pet[row].std() == pytest.approx(1, abs=0.35)
        assert pet[row][gtv[row] > 0].mean() > 0.5  # uptake
        assert (ct[row].std() > 0.5) == bool(has_ct)
        depth = np.flatnonzero(gtv[row].any(axis=(1, 2)))
        assert result.slices.loc[result.slices["row"] == row, "slice"].tolist() == depth.tolist()
        assert abs(depth.mean() - 9.5) <= 1
    assert set(np.unique(gtv)) == {0, 1}
    assert result.box_check["clipped_fraction"].max() == 0


def test_the_padding_is_zero_and_the_scan_is_a_z_score(phantom: Path, run: Run) -> None:
    result = run(phantom, settings={"box": [60, 40, 44]})
    pet = np.load(result.arrays / "PET.npy")
    for scan in pet:
        scanned = scan != 0
        assert scanned.sum() == pytest.approx(40 * 24 * 28, rel=0.08)
        assert scan[scanned].mean() == pytest.approx(0, abs=1e-3)
        assert scan[scanned].std() == pytest.approx(1, abs=1e-3)


def test_one_and_two_processes_write_the_same_bytes(phantom: Path, run: Run) -> None:
    assert same_bytes(run(phantom, name="one", workers=1), run(phantom, name="two", workers=2)) == 7


def test_a_clipped_gtv_is_told(phantom: Path, run: Run) -> None:
    result = run(phantom, settings={"spacing_mm": 1.0})
    checks = result.box_check
    too_long = (checks[["extent_z_mm", "extent_y_mm", "extent_x_mm"]] > [20, 16, 18]).any(axis=1)
    assert too_long.all()
    assert (checks["clipped_fraction"] > 0.1).all()


@pytest.mark.parametrize("workers", [1, 2])
def test_every_broken_patient_is_a_row_and_the_others_finish(raw: Path, run_local: Run, workers: int) -> None:
    oracle = {case: sorted(path.name for path in (raw / case).iterdir()) for case in cases_of(raw)}
    whole = [case for case, files in oracle.items() if "CT_image.nii.gz" in files]
    shifted, empty, nan, cut, no_row, no_image = whole[:6]
    edit(raw / shifted / "PET_mask.nii.gz", lambda values: values[:-1])
    edit(raw / empty / "PET_mask.nii.gz", lambda values: values * 0)
    edit(raw / nan / "PET_image.nii.gz", lambda values: np.where(values == values.max(), np.nan, values))
    path = raw / cut / "PET_image.nii.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    set_outcome(raw, no_row, None)
    shutil.rmtree(raw / no_image)
    result = run_local(raw, workers=workers)
    assert flow_of(result, shifted)[0][1].startswith(
        f"{shifted}/PET_mask.nii.gz: image and mask lie on different grids"
    )
    assert flow_of(result, empty)[0][1].startswith(f"{empty}/PET_mask.nii.gz: the mask is empty")
    assert "PET_image.nii.gz: 1 voxels are not finite" in flow_of(result, nan)[0][1]
    assert flow_of(result, cut)[0][1].startswith(f"{cut}/PET_image.nii.gz: cannot be read")
    assert flow_of(result, no_row) == [("all", "images, but no row of the clinical table")]
    assert flow_of(result, no_image) == [("all", "a row of the clinical table, but no image")]
    broken = {shifted, empty, nan, cut, no_row, no_image}
    assert result.cases["case"].tolist() == sorted(set(oracle) - broken)
    assert result.cases["row"].tolist() == [0, 1, 2]
    assert np.load(result.arrays / "PET.npy").shape[0] == 3
    assert np.load(result.arrays / "PET.npy").any(axis=(1, 2, 3)).all()
    assert not [path for path in result.place.rglob("*") if path.name.startswith(PART)]
    assert set(result.patient_flow["stage"]) == {"prepare"}
    assert set(result.patient_flow["status"]) == {"excluded"}


def test_the_rows_of_the_arrays_belong_to_the_cases_that_are_left(raw: Path, run_local: Run) -> None:
    full = run_local(raw, name="full")
    first = cases_of(raw)[0]
    edit(raw / first / "PET_mask.nii.gz", lambda values: values * 0)
    less = run_local(raw, name="less")
    assert np.array_equal(np.load(less.arrays / "PET.npy"), np.load(full.arrays / "PET.npy")[1:])
    assert np.array_equal(np.load(less.arrays / "GTV.npy"), np.load(full.arrays / "GTV.npy")[1:])


def test_a_broken_ct_leaves_the_patient_to_pet(raw: Path, run_local: Run) -> None:
    whole = [case for case in cases_of(raw) if (raw / case / "CT_image.nii.gz").exists()]
    cut, shifted, maskless = whole[:3]
    path = raw / cut / "CT_image.nii.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    edit(raw / shifted / "CT_image.nii.gz", lambda values: values[1:])
    (raw / maskless / "CT_mask.nii.gz").unlink()
    result = run_local(raw)
    assert len(result.cases) == 9
    has_ct = result.cases.set_index("case")["has_ct"]
    ct = np.load(result.arrays / "CT.npy")
    for case, told in ((cut, "cannot be read"), (shifted, "different grids"), (maskless, "was not acquired")):
        rows = [reason for modality, reason in flow_of(result, case) if modality == "CT"]
        assert len(rows) == 1
        assert told in rows[0]
        assert has_ct[case] == 0
        assert not ct[result.cases.set_index("case").loc[case, "row"]].any()


def test_a_ct_beside_the_gtv_is_not_used(raw: Path, run_local: Run) -> None:
    case = next(case for case in cases_of(raw) if (raw / case / "CT_image.nii.gz").exists())
    for name in ("CT_image", "CT_mask"):
        path = raw / case / f"{name}.nii.gz"
        image = sitk.ReadImage(str(path))
        image.SetOrigin((2000, 2000, 2000))
        sitk.WriteImage(image, str(path))
    assert "does not reach the GTV" in flow_of(run_local(raw), case)[0][1]


def test_outcomes_that_cannot_be_used_stay_in_the_tables_but_not_in_the_study(raw: Path, run_local: Run) -> None:
    clinical = pd.read_excel(raw / "INFOclinical_STS.xlsx", dtype=str, keep_default_na=False)
    relapsed = clinical.loc[clinical.iloc[:, 10].str.startswith("Recurrence"), "Patient ID"].item()
    unknown = next(case for case in cases_of(raw) if case != relapsed)
    set_outcome(raw, unknown, "Moved away")
    result = run_local(raw)
    table = result.cases.set_index("case")
    assert len(table) == 9
    assert table.loc[[relapsed, unknown], "included"].tolist() == [0, 0]
    assert table.loc[[relapsed, unknown], "target"].isna().all()
    assert "unknown outcome 'Moved away'" in dict(flow_of(result, unknown))["all"]
    assert "Recurrence" in dict(flow_of(result, relapsed))["all"]


def test_a_file_that_changed_since_it_was_acquired_is_a_row(
    raw: Path, run_local: Run, run: Run, tmp_path: Path
) -> None:
    run_local(raw)
    case = cases_of(raw)[0]
    edit(raw / case / "PET_image.nii.gz", lambda values: values + 1)
    result = run(tmp_path / "data" / "sts")
    assert "changed since it was acquired" in flow_of(result, case)[0][1]
    assert len(result.cases) == 8


def test_a_changed_clinical_table_ends_the_preparation(raw: Path, run_local: Run, run: Run, tmp_path: Path) -> None:
    run_local(raw)
    set_outcome(raw, cases_of(raw)[0], "--")
    with pytest.raises(ReradError, match=r"INFOclinical_STS\.xlsx: changed since it was acquired"):
        run(tmp_path / "data" / "sts")


def test_nobody_left_is_an_error_that_leaves_nothing(raw: Path, run_local: Run, tmp_path: Path) -> None:
    for case in cases_of(raw):
        edit(raw / case / "PET_mask.nii.gz", lambda values: values * 0)
    with pytest.raises(ReradError, match=r"none of 0 prepared cases.*the mask is empty"):
        run_local(raw)
    assert not [path for path in (tmp_path / "run").rglob("*") if path.is_file()]


def test_permuted_labels_change_hands_among_the_included(raw: Path, run_local: Run, run: Run, tmp_path: Path) -> None:
    plain = run_local(raw, name="plain").cases
    acquired = tmp_path / "data" / "sts"
    permuted = [run(acquired, name=f"p{seed}", permute_labels=seed).cases for seed in range(6)]
    included = plain["included"] == 1
    for table in permuted:
        assert table.drop(columns=["target", "outcome"]).equals(plain.drop(columns=["target", "outcome"]))
        assert table.loc[~included].equals(plain.loc[~included])
        assert sorted(table["outcome"]) == sorted(plain["outcome"])
        assert (table.loc[included, "target"] == table.loc[included, "outcome"].str.startswith("Mets")).all()
    # Seed 0 permutes too: it is not False.
    assert any(not permuted[0][name].equals(plain[name]) for name in ("target", "outcome"))
    assert len({tuple(table.loc[included, "target"]) for table in permuted}) > 3
    again = run(acquired, name="again", permute_labels=3).cases
    assert again.equals(permuted[3])
