"""The feature table of a few made-up scans: shape, order, missing and broken modalities, and equal bytes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from rerad.core.errors import ConfigError, ReradError
from rerad.radiomics.describe import FLOW_COLUMNS, Scan, describe
from rerad.radiomics.extraction import extract
from rerad.radiomics.pair import read_pair

SETTINGS = {"spacing_mm": 4.0}


def write_case(folder: Path, seed: int, *, ct: bool) -> None:
    folder.mkdir()
    generator = np.random.default_rng(seed)
    distance = np.sqrt(((np.indices((14, 14, 14)) - 7.0) ** 2).sum(0))
    for modality, scale in {"PET": 1.0, "CT": 30.0}.items() if ct else {"PET": 1.0}.items():
        noise = generator.normal(5, 1, distance.shape)
        arrays = {"image": (scale * noise).astype(np.float32), "mask": (distance < 3 + seed % 3).astype(np.uint8)}
        for part, array in arrays.items():
            image = sitk.GetImageFromArray(array)
            image.SetSpacing((4.0, 4.0, 3.0))
            sitk.WriteImage(image, str(folder / f"{modality}_{part}.nii.gz"))


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Four cases: P3 has no CT, the others have both modalities."""
    data = tmp_path / "data"
    data.mkdir()
    for number in range(1, 5):
        write_case(data / f"P{number}", number, ct=number != 3)
    return tmp_path


CASES = ["P1", "P2", "P3", "P4"]


def scan(cohort: Path, case: str, modality: str) -> Scan:
    image, mask = (cohort / "data" / case / f"{modality}_{part}.nii.gz" for part in ("image", "mask"))
    return Scan(case, modality, partial(read_pair, image, mask))


def run(
    cohort: Path, name: str = "features", workers: int = 1, **settings: object
) -> tuple[pd.DataFrame, pd.DataFrame]:
    features, flow = cohort / f"{name}.csv", cohort / f"{name}_flow.csv"
    scans = [scan(cohort, case, modality) for modality in ("CT", "PET") for case in CASES]
    describe(
        CASES,
        [part for part in scans if (part.case, part.modality) != ("P3", "CT")],
        folder=cohort / "data",
        settings={**SETTINGS, **settings},
        workers=workers,
        features=features,
        patient_flow=flow,
    )
    return pd.read_csv(features, dtype={"case": str}), pd.read_csv(flow)


def test_one_row_a_case_and_one_column_a_feature(cohort: Path) -> None:
    table, flow = run(cohort)
    assert list(table["case"]) == ["P1", "P2", "P3", "P4"]
    assert table.shape == (4, 1 + 107 + 7 + 107)
    assert list(flow.columns) == FLOW_COLUMNS
    assert flow.empty
    names = list(table.columns[1:])
    assert all(name.count("_") == 2 for name in names)
    assert names.index("CT_shape_Elongation") > names.index("PET_index_SUVmax")
    assert table.filter(like="PET_").notna().all(axis=None)
    lacking = table.filter(like="CT_").isna()
    assert lacking.loc[2].all()
    assert not lacking.drop(index=2).any(axis=None)


def test_a_cell_is_the_feature_of_its_own_case_and_modality(cohort: Path) -> None:
    table, _ = run(cohort, workers=2)
    row = table.set_index("case").loc["P4"]
    for modality in ("PET", "CT"):
        files = [cohort / "data" / "P4" / f"{modality}_{part}.nii.gz" for part in ("image", "mask")]
        for name, value in extract(*files, modality, settings=SETTINGS).items():
            assert row[name] == pytest.approx(value, rel=1e-9), name


def test_bytes_do_not_depend_on_the_number_of_processes(cohort: Path) -> None:
    run(cohort, "one", workers=1)
    run(cohort, "two", workers=2)
    assert (cohort / "one.csv").read_bytes() == (cohort / "two.csv").read_bytes()


def test_a_broken_modality_is_empty_cells_and_a_row_of_the_flow(cohort: Path) -> None:
    broken = cohort / "data" / "P2" / "CT_image.nii.gz"
    broken.write_bytes(broken.read_bytes()[:-200])
    (cohort / "data" / "P1" / "PET_mask.nii.gz").unlink()
    table, flow = run(cohort, workers=2)
    assert list(flow[["case", "stage", "modality", "status"]].itertuples(index=False, name=None)) == [
        ("P1", "describe", "PET", "excluded"),
        ("P2", "describe", "CT", "excluded"),
    ]
    assert flow["reason"][0].startswith("P1/PET_mask.nii.gz: the file is missing")
    assert flow["reason"][1].startswith("P2/CT_image.nii.gz: cannot be read")
    table = table.set_index("case")
    assert table.loc["P1"].filter(like="PET_").isna().all()
    assert table.loc["P1"].filter(like="CT_").notna().all()
    assert table.loc["P2"].filter(like="CT_").isna().all()
    assert table.loc["P4"].notna().all()
    assert not list(cohort.glob(".part-*"))


def test_no_case_at_all_ends_the_run_and_writes_nothing(cohort: Path) -> None:
    for file in (cohort / "data").glob("*/*_mask.nii.gz"):
        file.unlink()
    with pytest.raises(ReradError, match=r"no case can be described.*P1.*mask\.nii\.gz: the file is missing"):
        run(cohort)
    assert not (cohort / "features.csv").exists()


def test_a_broken_setting_ends_the_run_before_any_case(cohort: Path) -> None:
    with pytest.raises(ConfigError, match="no bin width for the modality 'CT'"):
        run(cohort, bin_width={"PET": 0.25})
