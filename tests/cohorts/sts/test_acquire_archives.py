"""The cohort from its archives: the scans from one, the clinical table from another, prepared as from anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from archive_server import ArchiveServer, serve
from dicom_collection import DOI, LICENCE, Listed, make_collection
from idc_server import line_of, make_bucket, objects_of, serve_buckets

from rerad.cohorts import expected, parts
from rerad.cohorts.manifest import check_file, read_manifest
from rerad.cohorts.sources import idc
from rerad.cohorts.sts.acquire import acquire
from rerad.cohorts.sts.prepare import prepare
from rerad.core.errors import ReradError

CLINICAL = "INFOclinical_STS.xlsx"


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> list[Listed]:
    return make_collection(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def bucket(collection: list[Listed]) -> Iterator[str]:
    with serve_buckets() as address:
        make_bucket(address, objects_of(collection))
        yield address


@pytest.fixture
def zenodo(tmp_path: Path) -> Iterator[ArchiveServer]:
    outcomes = {"Patient ID": ["STS_900", "STS_901"], "Outcome (recurrence, mets)": ["Mets - lungs", "--"]}
    pd.DataFrame(outcomes).to_excel(tmp_path / CLINICAL, index=False)
    content = (tmp_path / CLINICAL).read_bytes()
    with serve() as server:
        link = server.put(f"/records/1/files/{CLINICAL}/content", content)
        file = {
            "key": CLINICAL,
            "size": len(content),
            "links": {"self": link},
            "checksum": f"md5:{md5(content).hexdigest()}",
        }
        record = {"files": [file], "doi": "10.5281/zenodo.1", "metadata": {"license": {"id": "cc-by-4.0"}}}
        server.put("/records/1", json.dumps(record).encode())
        yield server


@pytest.fixture
def settings(
    bucket: str, zenodo: ArchiveServer, collection: list[Listed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    pd.DataFrame(map(line_of, collection)).to_parquet(tmp_path / "index.parquet")
    monkeypatch.setattr(idc, "index_file", lambda: tmp_path / "index.parquet")
    return {
        "collection": "soft_tissue_sarcoma",
        "modalities": ["PT", "CT"],
        "structures": ["RTSTRUCT"],
        "endpoint": bucket,
        "clinical": None,
        "zenodo": {"record": 1, "files": [CLINICAL], "api": zenodo.address},
    }


def test_two_archives_make_one_cohort(settings: dict[str, Any], zenodo: ArchiveServer, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sts"
    acquire(folder, source="idc", settings=settings, seed=0)
    manifest = read_manifest(folder)
    assert CLINICAL in manifest
    assert {file.split("/")[1] for file in manifest if "/" in file} == {"PT", "CT", "RTSTRUCT"}
    for file, entry in manifest.items():
        check_file(folder, file, entry)
    credit = (folder / "ATTRIBUTION.md").read_text()
    for told in (f"https://doi.org/{DOI}", LICENCE, "10.5281/zenodo.1", "cc-by-4.0", "Vallières", "Fedorov"):
        assert told in credit
    asked = len(zenodo.asked)
    acquire(folder, source="idc", settings=settings, seed=0)  # once more: only the record is looked up
    assert [path for path, _ in zenodo.asked[asked:]] == ["/records/1"]


def test_the_cohort_is_prepared_from_what_came(settings: dict[str, Any], tmp_path: Path) -> None:
    folder, out = tmp_path / "data" / "sts", tmp_path / "run"
    acquire(folder, source="idc", settings=settings, seed=0)
    grid = {"roi": "GTV_Mass", "spacing_mm": 2.0, "box": [8, 8, 8], "crop_margin_mm": 60}
    plain = {"clip": None, "standardise": "none"}
    files = {name: out / f"{name}.csv" for name in ("cases", "patient_flow", "box_check", "slices")}
    prepare(
        folder, settings={**grid, "intensity": {"PET": plain, "CT": plain}}, seed=0, permute_labels=False, workers=1,
        arrays=out / "arrays", **files,
    )  # fmt: skip
    assert pd.read_csv(files["cases"])["case"].tolist() == ["STS_900", "STS_901"]
    assert (np.load(out / "arrays" / "GTV.npy").reshape(2, -1).sum(axis=1) > 0).all()


def test_a_local_clinical_table_needs_no_second_archive(
    settings: dict[str, Any], zenodo: ArchiveServer, tmp_path: Path
) -> None:
    local = {**settings, "clinical": str(tmp_path / CLINICAL)}
    acquire(tmp_path / "sts", source="idc", settings=local, seed=0)
    assert zenodo.asked == []
    assert (tmp_path / "sts" / CLINICAL).resolve() == tmp_path / CLINICAL
    with pytest.raises(ReradError, match=r"none\.xlsx: the clinical table is missing"):
        acquire(tmp_path / "sts", source="idc", settings={**settings, "clinical": str(tmp_path / "none.xlsx")}, seed=0)
    assert (tmp_path / "sts" / CLINICAL).exists()  # what was there is still there


def test_the_dry_run_knows_how_much_it_will_be(settings: dict[str, Any], collection: list[Listed]) -> None:
    chosen = [series for series in collection if series.modality != "MR"]
    files = 1 + sum(len(series.files) for series in chosen)
    assert expected(parts("sts", "idc", settings)).startswith(f"about {files} files, 0.00 GB")
    assert expected(parts("sts", "phantom", {})) == "nothing to download"
