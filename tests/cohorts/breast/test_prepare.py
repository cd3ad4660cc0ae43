"""Preparation of the phantom: what was drawn comes out, on its own grid, and every case is accounted for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from rerad.cohorts.breast.labels import FATTY, GLANDULAR, LESION
from rerad.cohorts.breast.phantom_breast import BENIGN, FAT, GLAND, draw_breasts
from rerad.core.errors import ReradError
from rerad.core.seeds import derive
from rerad.core.splits import make_splits
from rerad.imaging.dicom import read_mr, read_seg
from rerad.imaging.geometry import from_cells, put_back
from rerad.imaging.stored import open_case

Run = Callable[..., SimpleNamespace]


def drawn(settings: dict[str, Any], case: str, group: str) -> tuple[np.ndarray, np.ndarray]:
    """The phantom's own image and tissues of a case."""
    return draw_breasts(group, settings, np.random.default_rng(derive(0, "phantom", "breast", case)))


def lesion_case(table: pd.DataFrame) -> str:
    return table.loc[table["group"] == "malignant", "case"].iloc[0]


def test_the_image_is_stored_to_the_value_and_the_lesion_to_the_voxel(
    phantom: Path, run: Run, small_settings: dict[str, Any]
) -> None:
    result = run(phantom)
    assert sorted(result.cases["group"]) == ["benign", "malignant", "normal"]
    for row in result.cases.itertuples():
        image, tissue = drawn(small_settings, row.case, row.group)
        images, labels = open_case(result.arrays, row.case, channels=1)
        np.testing.assert_array_equal(images[0], image)
        np.testing.assert_array_equal(labels == LESION, tissue >= BENIGN)
        assert (row.low, row.high) == (image.min(), image.max())


def test_clusters_find_the_planted_tissues(phantom: Path, run: Run, small_settings: dict[str, Any]) -> None:
    result = run(phantom)
    for row in result.cases.itertuples():
        _, tissue = drawn(small_settings, row.case, row.group)
        _, labels = open_case(result.arrays, row.case, channels=1)
        for label, planted, pure in ((FATTY, FAT, 0.95), (GLANDULAR, GLAND, 0.75)):  # at 4 mm, many voxels are of both
            found = np.asarray(labels) == label
            assert found.sum() > 500
            assert (tissue[found] == planted).mean() > pure


def test_glands_are_of_the_other_breast_and_fat_keeps_away_from_the_lesion(phantom: Path, run: Run) -> None:
    result = run(phantom)
    _, labels = open_case(result.arrays, lesion_case(result.cases), channels=1)
    labels = np.asarray(labels)
    middle = labels.shape[2] / 2
    side = np.nonzero(labels == LESION)[2].mean() > middle
    glands = np.nonzero(labels == GLANDULAR)[2]
    assert ((glands > middle) != side).all()
    places, lesion = np.argwhere(labels == FATTY) * (6.0, 4.0, 4.0), np.argwhere(labels == LESION) * (6.0, 4.0, 4.0)
    nearest = min(np.abs(places - one).max(axis=1).min() for one in lesion)
    assert nearest > 4.0  # the margin of 5 mm is one voxel
    fat = np.nonzero(labels == FATTY)[2]
    assert (fat > middle).any()
    assert (fat < middle).any()


def test_tables_count_what_the_arrays_hold(phantom: Path, run: Run) -> None:
    result = run(phantom)
    assert result.patient_flow.empty
    assert result.cases["evaluated"].eq(1).all()
    assert result.cases["slice_axis"].eq(0).all()
    counts = result.slices.groupby("case")[["fatty", "glandular", "lesion"]].sum()
    for row in result.cases.itertuples():
        _, labels = open_case(result.arrays, row.case, channels=1)
        voxels = [int((np.asarray(labels) == label).sum()) for label in (FATTY, GLANDULAR, LESION)]
        assert voxels == [row.fatty_voxels, row.glandular_voxels, row.lesion_voxels]
        assert voxels == counts.loc[row.case].tolist()
    normal = result.cases["group"] == "normal"
    assert (result.cases["lesion_voxels"] == 0).tolist() == normal.tolist()
    assert result.box_check["clipped_fraction"].max() < 0.05


def test_the_geometry_leads_back_to_the_scan(phantom: Path, run: Run) -> None:
    result = run(phantom)
    case = lesion_case(result.cases)
    row = result.cases.set_index("case").loc[case].to_dict()
    image = read_mr(next((phantom / case / "MR").iterdir()))
    seg = read_seg(next((phantom / case / "SEG").rglob("*.dcm")), image)
    _, labels = open_case(result.arrays, case, channels=1)
    back = put_back((np.asarray(labels) == LESION).astype(np.uint8), from_cells(row, where=case))
    assert back.GetOrigin() == pytest.approx(seg.GetOrigin())
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), sitk.GetArrayFromImage(seg))


def test_nifti_and_dicom_of_one_case_give_the_same(raw: Path, phantom: Path, run: Run, run_local: Run) -> None:
    expected = run(phantom, name="dicom")
    for case in expected.cases["case"]:
        image = read_mr(next((phantom / case / "MR").iterdir()))
        shutil.rmtree(raw / case)
        (raw / case).mkdir()
        sitk.WriteImage(sitk.DICOMOrient(image, "RAS"), str(raw / case / "post.nii.gz"))
        for path in (phantom / case).glob("SEG/*/*.dcm"):
            sitk.WriteImage(sitk.DICOMOrient(read_seg(path, image), "RAS"), str(raw / case / "lesion.nii.gz"))
    result = run_local(raw)
    for case in expected.cases["case"]:
        for one, other in zip(
            open_case(expected.arrays, case, channels=1), open_case(result.arrays, case, channels=1), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    assert result.cases["group"].tolist() == expected.cases["group"].tolist()


def test_the_same_bytes_with_any_number_of_workers(phantom: Path, run: Run) -> None:
    results = [run(phantom, name=str(workers), workers=workers) for workers in (1, 2)]
    files = [{path.relative_to(r.place): path.read_bytes() for path in r.place.rglob("*.*")} for r in results]
    assert files[0] == files[1]


def test_a_null_run_deals_out_benign_and_malignant_only(phantom: Path, run: Run) -> None:
    plain = run(phantom).cases["group"]
    dealt = [run(phantom, name=str(seed), permute_labels=seed).cases["group"] for seed in range(1, 5)]
    assert all(sorted(groups) == sorted(plain) for groups in dealt)
    assert all(((groups == "normal") == (plain == "normal")).all() for groups in dealt)
    assert any((groups != plain).any() for groups in dealt)


def test_two_folds_by_patient_and_group() -> None:
    groups = ["malignant"] * 10 + ["benign"] * 10 + ["normal"] * 4
    cases = pd.DataFrame({"case": [f"{index:02d}" for index in range(24)], "included": 1, "group": groups})
    splits = make_splits(cases, folds=2, seed=0).merge(cases, on="case")
    tested = splits[splits["role"] == "test"].groupby(["fold", "group"]).size()
    assert tested.to_dict() == {
        (fold, group): count for fold in (1, 2) for group, count in (("malignant", 5), ("benign", 5), ("normal", 2))
    }


def test_no_usable_case_is_one_error(raw: Path, run_local: Run) -> None:
    for path in raw.glob("*/MR"):
        shutil.rmtree(path)
    for folder in [path for path in raw.iterdir() if path.is_dir()]:
        (folder / "scan.nii.gz").write_bytes(b"no image")
    with pytest.raises(ReradError, match="none of 3 cases can be used"):
        run_local(raw)
