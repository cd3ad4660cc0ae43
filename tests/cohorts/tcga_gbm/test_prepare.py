"""Preparation: expression and tables that agree, one sample a patient, and a null run that deals out tumours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from small_cohort import same_bytes

from rerad.cohorts.tcga_gbm.phantom_genes import plant_genes
from rerad.cohorts.tcga_gbm.stored import open_labels
from rerad.core.splits import make_splits
from rerad.imaging.geometry import from_cells, put_back

Run = Callable[..., SimpleNamespace]


def imaged(folder: Path) -> list[str]:
    return sorted(path.name.split("_")[0] for path in folder.rglob("*_ManuallyCorrected.nii.gz"))


def test_everybody_with_expression_is_a_row_and_those_with_images_come_first(
    phantom: Path, run: Run, small_settings: dict[str, Any]
) -> None:
    result = run(phantom)
    cases = result.cases
    names = [f"PHANTOM-00-{number:04d}" for number in range(1, 11)]
    with_images = imaged(phantom)
    assert cases["case"].tolist() == with_images + [name for name in names if name not in with_images]
    assert cases["row"].tolist() == list(range(10))
    assert cases["included"].tolist() == cases["has_imaging"].tolist() == [1] * 5 + [0] * 5
    assert cases["patient"].tolist() == cases["case"].tolist()
    assert cases["sample"].tolist() == [f"{name}-01" for name in cases["case"]]
    expression = plant_genes(small_settings, 0).expression
    for row, case in zip(cases["row"], cases["case"], strict=True):
        np.testing.assert_allclose(result.expression.values[row], expression[names.index(case)], atol=1e-5)
    assert result.expression.genes["gene"].tolist() == [f"PHANTOM{number}" for number in range(1, 13)]
    assert result.slices.empty


def test_the_flow_leads_from_expression_to_both(phantom: Path, run: Run) -> None:
    flow = run(phantom).patient_flow
    without = flow[flow["status"] == "expression only"]
    assert sorted(without["case"]) == sorted(set(run(phantom, name="again").cases["case"]) - set(imaged(phantom)))
    assert set(without["reason"]) == {"no segmentation"}
    noted = flow[flow["status"] == "noted"]
    assert len(noted) == 2
    for case, reason in zip(noted["case"], noted["reason"], strict=True):
        assert reason == f"{case}-01 is taken, left out: {case}-02 (no primary)"
    assert len(flow) == len(without) + len(noted)


def test_volumes_and_extents_are_those_of_the_files(phantom: Path, run: Run) -> None:
    result = run(phantom)
    boxes = result.box_check.set_index("case")
    for row in result.cases[result.cases["included"] == 1].to_dict("records"):
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(phantom / row["segmentation"])))
        for roi, label in (("enhancing", 4), ("edema", 2)):
            # The largest part is all but a few voxels.
            whole = (labels == label).sum() * 0.15
            assert 0.9 * whole <= float(row[f"{roi}_ml"]) <= whole * (1 + 1e-9)
        places = np.argwhere(labels > 0)
        extent = (np.ptp(places, axis=0) + 1) * [6, 5, 5]
        assert boxes.loc[row["case"], ["extent_z_mm", "extent_y_mm", "extent_x_mm"]].tolist() == extent.tolist()
        assert str(row["corrected"]) == "1"
        assert row["label_coding"] == "et4"
    assert (result.box_check["clipped_fraction"] == 0).all()


def test_labels_are_the_box_of_the_tumour_and_go_back_to_the_file(phantom: Path, run: Run) -> None:
    result = run(phantom)
    for row in result.cases[result.cases["included"] == 1].to_dict("records"):
        labels = open_labels(result.place / "arrays", row["tumour_of"])
        for axis in range(3):
            assert labels.take(0, axis).any()
            assert labels.take(-1, axis).any()
        back = put_back(np.asarray(labels), from_cells(row, where=row["case"]))
        original = sitk.ReadImage(str(phantom / row["segmentation"]))
        np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(original))
        assert back.GetOrigin() == original.GetOrigin()


def test_one_and_two_processes_write_the_same_bytes(phantom: Path, run: Run) -> None:
    assert same_bytes(run(phantom, name="one", workers=1), run(phantom, name="two", workers=2)) == 6 + 5


def test_a_split_tests_everybody_with_images_once(phantom: Path, run: Run) -> None:
    cases = run(phantom).cases
    splits = make_splits(cases, folds=5, seed=0)
    tested = splits[splits["role"] == "test"]
    assert sorted(tested["case"]) == imaged(phantom)
    assert tested["fold"].value_counts().tolist() == [1] * 5


def test_a_null_run_deals_out_the_tumours(phantom: Path, run: Run) -> None:
    whole, null = run(phantom, name="whole"), run(phantom, name="null", permute_labels=1)
    again = run(phantom, name="again", permute_labels=1)
    for name in ("case", "row", "included", "sample"):
        assert null.cases[name].tolist() == whole.cases[name].tolist()
    np.testing.assert_array_equal(null.expression.values, whole.expression.values)
    assert null.cases["segmentation"].tolist() != whole.cases["segmentation"].tolist()
    dealt = ["tumour_of", "segmentation", "enhancing_ml", "edema_ml"]
    assert whole.cases["tumour_of"].tolist() == [*imaged(phantom), *[""] * 5]
    assert sorted(map(tuple, null.cases[dealt].to_numpy())) == sorted(map(tuple, whole.cases[dealt].to_numpy()))
    assert null.cases.equals(again.cases)


def test_another_region_is_another_volume(phantom: Path, run: Run) -> None:
    settings = {"rois": {"enhancing": [4], "edema": [1, 2, 4]}, "counts": {}}
    whole, narrow = run(phantom, name="whole", settings=settings).cases, run(phantom).cases
    included = whole["included"] == 1
    for large, small in zip(whole["edema_ml"][included], narrow["edema_ml"][included], strict=True):
        assert float(large) > float(small)


@pytest.mark.parametrize("change", ["ras", "coding", "uncorrected", "later"])
def test_another_form_of_the_same_files_is_prepared_alike(
    phantom: Path, raw: Path, run: Run, run_local: Run, change: str
) -> None:
    for path in sorted(raw.rglob("*.nii.gz")):
        image = sitk.ReadImage(str(path))
        if change == "ras":
            sitk.WriteImage(sitk.DICOMOrient(image, "RAS"), str(path))
        elif change == "coding":
            sitk.WriteImage(sitk.ChangeLabel(image, {4: 3}), str(path))
        elif change == "uncorrected":
            path.rename(path.with_name(path.name.replace("_ManuallyCorrected", "")))
        else:
            sitk.WriteImage(image * 0, str(path).replace("2000.01.01", "2001.01.01"))
    wanted, result = run(phantom, name="wanted"), run_local(raw)
    np.testing.assert_array_equal(result.expression.values, wanted.expression.values)
    own = {
        "uncorrected": {"segmentation", "corrected"},
        "coding": {"label_coding"},
        "ras": {"origin", "direction"},
    }.get(change, set())
    same = [name for name in wanted.cases if name not in own]
    assert result.cases[same].astype(str).equals(wanted.cases[same].astype(str))
    later = result.patient_flow["reason"].str.startswith("the scan of 2000.01.01 is taken, left out: 2001.01.01")
    assert later.sum() == (5 if change == "later" else 0)
