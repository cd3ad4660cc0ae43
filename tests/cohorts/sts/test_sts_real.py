"""Truths about the real cohort (Soft-tissue-Sarcoma, doi 10.7937/K9/TCIA.2015.7GO2GSKS)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rerad.cohorts.sts.acquire import acquire
from rerad.cohorts.sts.clinical import lung_metastasis, read_clinical
from rerad.cohorts.sts.prepare import prepare
from rerad.imaging.images import read_mask
from rerad.imaging.resampling import box_around, clipped_fraction, extent_of

BOX = [144, 112, 112]


@pytest.fixture(scope="module")
def prepared(real_data: Path, prepare_settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("real")
    acquire(place / "sts", source="local", settings={"path": str(real_data / "sts"), "clinical": None}, seed=0)
    files = {key: place / f"{key}.csv" for key in ("cases", "patient_flow", "box_check", "slices")}
    # The whole box at half its resolution: the same millimetres, an eighth of the time and disk.
    settings = prepare_settings | {"spacing_mm": 4.0, "box": [count // 2 for count in BOX]}
    prepare(place / "sts", settings=settings, seed=0, permute_labels=False, workers=2, arrays=place / "arrays", **files)
    return place


def test_the_counts_are_those_of_the_papers(prepared: Path) -> None:
    cases = pd.read_csv(prepared / "cases.csv")
    included = cases[cases["included"] == 1]
    assert (len(cases), len(included), included["target"].sum()) == (51, 48, 24)
    assert (cases["has_ct"].sum(), included["has_ct"].sum()) == (36, 34)
    assert included.loc[included["has_ct"] == 1, "target"].sum() == 15
    assert cases["cropped"].all()
    flow = pd.read_csv(prepared / "patient_flow.csv")
    assert flow["modality"].value_counts().to_dict() == {"CT": 15, "all": 3}


def test_lung_metastases_are_those_of_the_second_sheet(real_data: Path) -> None:
    path = real_data / "sts" / "INFOclinical_STS.xlsx"
    clinical = read_clinical(path)
    vector = pd.read_excel(path, sheet_name="Outcome vector")
    assert clinical["case"].tolist() == vector["Patient ID"].tolist()
    assert lung_metastasis(clinical["outcome"]).tolist() == vector["LungMets"].tolist()
    assert vector["LungMets"].sum() == 19


def test_one_millimetre_clips_21_of_51_and_two_clip_none(prepared: Path, real_data: Path) -> None:
    check = pd.read_csv(prepared / "box_check.csv").merge(pd.read_csv(prepared / "cases.csv"), on="case")
    assert check["clipped_fraction"].eq(0).all()
    clipped = {}
    for case in check["case"]:
        mask = read_mask(real_data / "sts" / case / "PET_mask.nii.gz")
        clipped[case] = clipped_fraction(mask, box_around(extent_of(mask), shape=BOX, spacing_mm=1.0)) > 0
    clips = check["case"].map(clipped)
    assert (clips.sum(), clips[check["included"] == 1].sum()) == (21, 19)
    extents = check[["extent_x_mm", "extent_y_mm", "extent_z_mm"]].max()
    assert extents.round().tolist() == [145, 197, 268]


def test_the_gtv_fills_three_percent_of_the_box(prepared: Path) -> None:
    included = (pd.read_csv(prepared / "cases.csv")["included"] == 1).to_numpy()
    gtv = np.load(prepared / "arrays" / "GTV.npy", mmap_mode="r")
    assert gtv.shape == (51, 72, 56, 56)
    assert np.mean([scan.mean() for scan in gtv[included]]) == pytest.approx(0.029, abs=0.0015)


def test_pet_and_ct_show_the_same_place(prepared: Path) -> None:
    cases = pd.read_csv(prepared / "cases.csv")
    pet, ct, gtv = (np.load(prepared / "arrays" / f"{name}.npy", mmap_mode="r") for name in ("PET", "CT", "GTV"))
    for row in cases.loc[cases["has_ct"] == 1, "row"]:
        inside = gtv[row] > 0
        assert (ct[row][inside] != 0).mean() > 0.99  # the CT covers the GTV
        assert np.median(ct[row][inside]) > np.percentile(ct[row], 20)  # tissue, not air
        assert pet[row][inside].mean() > pet[row][~inside].mean()
    assert not ct[cases.loc[cases["has_ct"] == 0, "row"]].any()


def test_a_patient_is_the_same_in_dicom_and_in_nifti(
    real_data: Path, prepare_settings: dict[str, Any], tmp_path: Path
) -> None:
    plain = {"clip": None, "standardise": "none"}
    settings = prepare_settings | {"spacing_mm": 4.0, "box": [28, 28, 28], "intensity": {"PET": plain, "CT": plain}}
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops" / "STS_001").symlink_to(real_data / "sts" / "STS_001")
    results = {}
    for form, path in (("nifti", tmp_path / "crops"), ("dicom", real_data / "sts_dicom")):
        place = tmp_path / form
        source = {"path": str(path), "clinical": str(real_data / "sts" / "INFOclinical_STS.xlsx")}
        acquire(place / "sts", source="local", settings=source, seed=0)
        files = {key: place / f"{key}.csv" for key in ("cases", "patient_flow", "box_check", "slices")}
        arguments = {"settings": settings, "seed": 0, "permute_labels": False, "workers": 1}
        prepare(place / "sts", arrays=place / "arrays", **files, **arguments)
        tables = {key: pd.read_csv(file) for key, file in files.items()}
        results[form] = tables | {name: np.load(place / "arrays" / f"{name}.npy")[0] for name in ("PET", "GTV")}
    nifti, dicom = results["nifti"], results["dicom"]
    np.testing.assert_array_equal(dicom["GTV"], nifti["GTV"])
    # Where the crop ends, 5 cm beyond the GTV, its values are padding.
    shared = (nifti["PET"] != 0) & (dicom["PET"] != 0)
    assert shared[dicom["GTV"] > 0].all()
    np.testing.assert_allclose(dicom["PET"][shared], nifti["PET"][shared], rtol=1e-3, atol=2e-4)
    (row,) = dicom["cases"].itertuples()
    assert (row.case, row.included, row.target, row.has_ct, row.cropped) == ("STS_001", 1, 1, 0, 0)
    assert row.crop_ml > 5 * nifti["cases"]["crop_ml"].item()
    assert dicom["slices"].equals(nifti["slices"])
    pd.testing.assert_frame_equal(dicom["box_check"], nifti["box_check"])
    flow = dicom["patient_flow"].set_index("case")["reason"]
    assert flow["STS_001"].startswith("STS_001: no series of Modality (0008,0060) = CT: there is PT series ")
