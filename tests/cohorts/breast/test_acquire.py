"""Acquiring: the archive in small, a local folder, the phantom's bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dicom_collection import Listed
from idc_server import line_of, make_bucket, objects_of, serve_buckets

from rerad.cohorts.breast import selection
from rerad.cohorts.breast.acquire import acquire
from rerad.cohorts.breast.prepare import prepare
from rerad.cohorts.manifest import read_manifest
from rerad.cohorts.sources import idc
from rerad.core.errors import ConfigError, ReradError


def listed(phantom: Path) -> list[Listed]:
    found = []
    for series in sorted(path for path in phantom.glob("*/*/*") if path.is_dir()):
        files = {path.name: path.read_bytes() for path in sorted(series.iterdir())}
        found.append(Listed(series.parts[-3], series.parts[-2], series.name, files))
    return found


def test_what_the_archive_has_is_fetched_and_prepared(
    phantom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare_settings: dict[str, Any]
) -> None:
    collection = listed(phantom)
    lines = [
        line_of(series, "breasts") | {"SeriesDescription": f"After {series.modality}", "SeriesNumber": "7"}
        for series in collection
    ]
    pd.DataFrame(lines).to_parquet(tmp_path / "index.parquet")
    for module in (idc, selection):
        monkeypatch.setattr(module, "index_file", lambda: tmp_path / "index.parquet")
    truth = pd.read_csv(phantom / "groups.csv")
    truth = truth[truth["group"] != "normal"]
    rows = [["Patient ID", "tumor/benign1"], *([case, int(group == "malignant")] for case, group in truth.to_numpy())]
    pd.DataFrame(rows).to_excel(tmp_path / "clinical.xlsx", header=False, index=False)
    settings = {"collection": "breasts", "description": "After", "normal": 0, "benign": 1, "malignant": 1}
    settings |= {"clinical": str(tmp_path / "clinical.xlsx")}
    with serve_buckets() as address:
        make_bucket(address, objects_of(collection))
        folder = tmp_path / "data" / "breast"
        acquire(folder, source="idc", settings=settings | {"endpoint": address + "/{bucket}"}, seed=0)
    assert pd.read_csv(folder / "groups.csv").to_dict() == truth.reset_index(drop=True).to_dict()
    manifest = read_manifest(folder)
    expected = {f"{one.folder}/{name}" for one in collection for name in one.files if one.patient in set(truth["case"])}
    assert set(manifest) == expected | {"groups.csv"}
    assert "RadioGraphics" in (folder / "ATTRIBUTION.md").read_text()
    files = {key: tmp_path / f"{key}.csv" for key in ("cases", "patient_flow", "box_check", "slices")}
    arguments = {"settings": prepare_settings, "seed": 0, "permute_labels": False, "workers": 1}
    prepare(folder, arrays=tmp_path / "arrays", **files, **arguments)
    assert pd.read_csv(files["cases"])["lesion_voxels"].gt(100).tolist() == [True, True]


def test_the_phantom_is_the_same_in_every_run_and_another_with_another_seed(
    phantom: Path, tmp_path: Path, small_settings: dict[str, Any]
) -> None:
    for seed, workers in ((0, 2), (1, 1)):
        acquire(tmp_path / str(seed), source="phantom", settings=small_settings, seed=seed, workers=workers)
    first, second, other = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (phantom, tmp_path / "0", tmp_path / "1")
    )
    assert first == second
    assert first != other
    assert (phantom / "ATTRIBUTION.md").read_text().startswith("# PHANTOM")


def test_a_lesion_that_does_not_fit_is_told(tmp_path: Path, small_settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"cohorts.breast.phantom.lesion_ml"):
        acquire(tmp_path / "a", source="phantom", settings=small_settings | {"lesion_ml": [0.1, 0.2]}, seed=0)


def test_a_local_folder_without_scans_or_a_wrong_source_is_told(tmp_path: Path) -> None:
    local: dict[str, Any] = {"path": str(tmp_path / "none"), "clinical": None, "licence": None, "doi": None}
    with pytest.raises(ReradError, match="no such folder"):
        acquire(tmp_path / "a", source="local", settings=local, seed=0)
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "loose.nii.gz").write_bytes(b"")
    with pytest.raises(ReradError, match="no folder in it has a NIfTI or DICOM file"):
        acquire(tmp_path / "a", source="local", settings=local | {"path": str(tmp_path / "some")}, seed=0)
    with pytest.raises(ConfigError, match="'tcia' is no source of this cohort"):
        acquire(tmp_path / "a", source="tcia", settings={}, seed=0)
