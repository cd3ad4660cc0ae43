"""Handcrafted features against PyRadiomics' published reference values, PyRadiomics itself, and broken input."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

import rerad.radiomics
from rerad.core.errors import CaseError, ConfigError
from rerad.radiomics.extraction import extract

CLASSES = {"shape": 14, "firstorder": 18, "glcm": 24, "glrlm": 16, "glszm": 16, "gldm": 14, "ngtdm": 5}

# The reference mesh of brain1 is older than PyRadiomics 2.1 and differs by up to 0.1 % from that of 3.0.1, which
# test_the_faster_mesh_changes_no_feature compares with.
OLD_MESH = {"SurfaceArea", "MeshVolume", "SurfaceVolumeRatio", "Sphericity"}


def reference(folder: Path, feature_class: str) -> pd.DataFrame:
    return pd.read_csv(folder / "pyradiomics" / "baseline" / f"baseline_{feature_class}.csv", index_col=0)


@cache
def extract_with(folder: Path, case: str, own: str) -> dict[str, float]:
    settings = {"spacing_mm": None, "pyradiomics": {"binWidth": 25, **ast.literal_eval(own)}}
    return extract_reference_case(folder, case, settings)


def extract_reference_case(folder: Path, case: str, settings: dict[str, Any]) -> dict[str, float]:
    files = [folder / "pyradiomics" / f"{case}_{part}.nrrd" for part in ("image", "label")]
    return extract(*files, "MR", settings=settings)


@pytest.mark.parametrize("feature_class", CLASSES)
def test_brain1_and_breast1_reproduce_their_reference_values(real_data: Path, feature_class: str) -> None:
    table = reference(real_data, feature_class)
    rows = [name for name in table.index if name.startswith("original_")]
    assert len(rows) == CLASSES[feature_class]
    assert {column.split("_")[0] for column in table} == {"brain1", "breast1"}
    for column in table:
        own = table.loc["diagnostics_Configuration_Settings", column]
        found = extract_with(real_data, column.split("_")[0], own)
        for name in rows:
            old = feature_class == "shape" and column == "brain1" and name.split("_")[2] in OLD_MESH
            expected = pytest.approx(float(table.loc[name, column]), rel=1e-3 if old else 1e-9, abs=1e-12)
            assert found[name.replace("original", "MR")] == expected, (column, name)


@pytest.mark.parametrize(
    ("column", "settings"),
    [
        ("breast1_resampling", {"spacing_mm": 2.0, "bin_width": 25}),
        ("brain1_resampling", {"spacing_mm": 2.0, "bin_width": {"MR": 25}}),
        ("brain1_FBN", {"spacing_mm": None, "bins": 64}),
    ],
)
def test_own_settings_mean_what_pyradiomics_means(real_data: Path, column: str, settings: dict[str, Any]) -> None:
    table = reference(real_data, "glcm")
    found = extract_reference_case(real_data, column.split("_")[0], settings)
    for name in [name for name in table.index if name.startswith("original_")]:
        expected = pytest.approx(float(table.loc[name, column]), rel=1e-9, abs=1e-12)
        assert found[name.replace("original", "MR")] == expected, name


@pytest.mark.parametrize(("modality", "case"), [("PET", "STS_007"), ("PET", "STS_002"), ("CT", "STS_041")])
def test_the_faster_mesh_changes_no_feature(real_data: Path, modality: str, case: str) -> None:
    files = [real_data / "sts" / case / f"{modality}_{part}.nii.gz" for part in ("image", "mask")]
    ours = extract(*files, modality)
    plain = RadiomicsFeatureExtractor(resampledPixelSpacing=[2, 2, 2], binWidth={"PET": 0.25, "CT": 25}[modality])
    theirs = {k: v for k, v in plain.execute(*map(str, files)).items() if k.startswith("original_")}
    assert len(theirs) == 107
    for name, value in theirs.items():
        assert ours[name.replace("original", modality)] == pytest.approx(float(value), rel=1e-10, abs=1e-12), name
    assert len(ours) == (114 if modality == "PET" else 107)


def write(path: Path, array: np.ndarray, spacing: tuple[float, float, float] = (4.0, 4.0, 3.0)) -> Path:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    sitk.WriteImage(image, str(path))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    generator = np.random.default_rng(1)
    image = generator.uniform(1, 5, (12, 11, 10)).astype(np.float32)
    mask = np.zeros(image.shape, np.uint8)
    mask[3:9, 3:8, 2:8] = 255
    return write(tmp_path / "PET_image.nii.gz", image), write(tmp_path / "PET_mask.nii.gz", mask)


def rewrite(path: Path, place: Any, value: float) -> None:
    image = sitk.ReadImage(str(path))
    array = sitk.GetArrayFromImage(image)
    array[place] = value
    write(path, array)


def test_any_mask_value_but_0_is_gtv_and_first_order_follows_the_voxels(pair: tuple[Path, Path]) -> None:
    found = extract(*pair, "PET", settings={"spacing_mm": None})
    inside = sitk.GetArrayFromImage(sitk.ReadImage(str(pair[0])))[3:9, 3:8, 2:8]
    assert found["PET_shape_VoxelVolume"] == pytest.approx(6 * 5 * 6 * 48)
    assert found["PET_index_Volume"] == pytest.approx(6 * 5 * 6 * 48 / 1000)
    assert found["PET_firstorder_Maximum"] == found["PET_index_SUVmax"] == inside.max()
    assert found["PET_firstorder_Mean"] == pytest.approx(inside.mean(dtype=float), rel=1e-6)


def test_the_public_name_is_this_function() -> None:
    assert rerad.radiomics.extract is extract


def test_different_geometry_is_refused_with_both_geometries(pair: tuple[Path, Path]) -> None:
    mask = sitk.ReadImage(str(pair[1]))
    mask.SetSpacing((4.0, 4.0, 3.1))
    sitk.WriteImage(mask, str(pair[1]))
    with pytest.raises(CaseError, match=r"PET_mask\.nii\.gz: .*4 × 4 × 3 mm.*4 × 4 × 3\.1 mm"):
        extract(*pair, "PET")


def test_a_rounding_of_the_header_is_no_different_geometry(pair: tuple[Path, Path]) -> None:
    mask = sitk.ReadImage(str(pair[1]))
    mask.SetOrigin((1e-5, 0.0, 0.0))
    sitk.WriteImage(mask, str(pair[1]))
    assert extract(*pair, "PET")["PET_index_SUVmax"] > 1


def test_a_mask_stored_along_other_axes_is_the_same_mask(pair: tuple[Path, Path]) -> None:
    before = extract(*pair, "PET")
    mask = sitk.ReadImage(str(pair[1]))
    sitk.WriteImage(sitk.DICOMOrient(mask, "SRA"), str(pair[1]))
    assert sitk.ReadImage(str(pair[1])).GetSize() != mask.GetSize()
    assert extract(*pair, "PET") == before


def test_an_empty_mask_is_refused(pair: tuple[Path, Path]) -> None:
    rewrite(pair[1], ..., 0)
    with pytest.raises(CaseError, match=r"PET_mask\.nii\.gz: the mask is empty"):
        extract(*pair, "PET")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_voxel_that_is_not_finite_is_refused_with_its_place(pair: tuple[Path, Path], value: float) -> None:
    rewrite(pair[0], (11, 0, 7), value)
    with pytest.raises(CaseError, match=r"PET_image\.nii\.gz: 1 voxels.*\(11, 0, 7\)"):
        extract(*pair, "PET")


@pytest.mark.parametrize("kept", [0.5, 0.99])
@pytest.mark.parametrize("which", [0, 1])
def test_a_truncated_file_is_refused(pair: tuple[Path, Path], which: int, kept: float) -> None:
    content = pair[which].read_bytes()
    pair[which].write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(CaseError, match=f"{pair[which].name}: cannot be read"):
        extract(*pair, "PET")


def test_a_missing_file_is_named(pair: tuple[Path, Path]) -> None:
    pair[0].unlink()
    with pytest.raises(CaseError, match=r"PET_image\.nii\.gz: the file is missing"):
        extract(*pair, "PET")


def test_a_file_that_is_no_volume_is_refused(pair: tuple[Path, Path]) -> None:
    write(pair[0], np.ones((4, 5), np.float32), (1.0, 1.0))  # type: ignore[arg-type]
    with pytest.raises(CaseError, match=r"2 dimensions.*no 3-D image"):
        extract(*pair, "PET")


def test_one_voxel_is_too_small(pair: tuple[Path, Path]) -> None:
    rewrite(pair[1], ..., 0)
    rewrite(pair[1], (5, 5, 5), 1)
    with pytest.raises(CaseError, match=r"PET_mask\.nii\.gz: no features can be taken \(mask only contains 1"):
        extract(*pair, "PET", settings={"spacing_mm": None})


def test_a_pet_in_becquerels_is_told_from_suv(pair: tuple[Path, Path]) -> None:
    rewrite(pair[0], (5, 5, 5), 25000.0)
    with pytest.raises(CaseError, match=r"to 25000 inside the GTV make more than 1000 grey levels of 0\.25.*SUV"):
        extract(*pair, "PET")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"binwidth": 3}, r"unknown key 'binwidth'.*bin_width"),
        ({"indices": {"peak": 1}}, r"features\.indices: unknown key 'peak'.*peak_ml"),
        ({"interpolator": "cubic"}, r"'cubic' is no interpolator.*bspline, linear"),
        ({"bin_width": {"CT": 25}}, r"no bin width for the modality 'PET'"),
    ],
)
def test_broken_settings_name_the_key(pair: tuple[Path, Path], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        extract(*pair, "PET", settings=settings)


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = "import sys, rerad.radiomics; sys.exit(bool({'radiomics', 'SimpleITK', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
