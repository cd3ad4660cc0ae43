"""The Imaging Data Commons: a small index, and a local server in the place of its public buckets."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from archive_server import ArchiveServer
from dicom_collection import DOI, LICENCE, Listed, drawn_on, files_of, make_collection
from idc_server import BUCKET, line_of, make_bucket, objects_of, prefix, serve_buckets

from rerad.cohorts.sources import idc
from rerad.cohorts.sources.remote import Estimate, Row
from rerad.core.errors import ReradError
from rerad.imaging import read_suv
from rerad.imaging.dicom import match

SETTINGS: dict[str, Any] = {
    "collection": "soft_tissue_sarcoma",
    "modalities": ["PT", "CT"],
    "structures": ["RTSTRUCT"],
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> list[Listed]:
    return make_collection(tmp_path_factory.mktemp("made"))


@pytest.fixture
def lines(collection: list[Listed]) -> list[dict[str, object]]:
    """The index, that tests may change before they ask for it."""
    return [*map(line_of, collection), line_of(collection[0], "another")]


@pytest.fixture(autouse=True)
def _index(lines: list[dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written() -> Path:
        pd.DataFrame(lines).to_parquet(tmp_path / "index.parquet")
        return tmp_path / "index.parquet"

    monkeypatch.setattr(idc, "index_file", written)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with serve_buckets() as address:
        yield address


@pytest.fixture
def store(moto: str, collection: list[Listed]) -> Any:
    """The bucket as it should be; tests may break it."""
    return make_bucket(moto, objects_of(collection))


def test_images_arrive_with_the_structures_that_refer_to_them(
    moto: str, store: Any, collection: list[Listed], tmp_path: Path
) -> None:
    rows = idc.fetch(tmp_path / "c", SETTINGS | {"endpoint": moto})
    foreign = drawn_on(collection, "STS_900", "MR")
    wanted = [part for part in collection if part.modality != "MR" and part is not foreign]
    assert [row.file for row in rows] == files_of(wanted)
    for part in wanted:
        for name, content in part.files.items():
            url = f"{moto}/{BUCKET}/{prefix(part)}/{name}"
            digest = hashlib.sha256(content).hexdigest()
            assert Row(f"{part.folder}/{name}", len(content), digest, url, LICENCE, DOI) in rows
            assert (tmp_path / "c" / part.folder / name).read_bytes() == content
    # What the rows list can be read, and each structure has its image.
    pet = next(part for part in collection if part.modality == "PT")
    assert read_suv(tmp_path / "c" / pet.folder).GetSize() == (4, 5, 3)
    structures = [tmp_path / "c" / row.file for row in rows if "/RTSTRUCT/" in row.file]
    found = match(structures, [part.uid for part in wanted if part.modality != "RTSTRUCT"])
    assert [len(paths) for paths in found.values()] == [1, 1, 1]


def test_a_second_run_fetches_nothing_and_mends_what_changed(
    moto: str, store: Any, collection: list[Listed], tmp_path: Path
) -> None:
    first = idc.fetch(tmp_path, SETTINGS | {"endpoint": moto})
    foreign = drawn_on(collection, "STS_900", "MR")
    files = [tmp_path / row.file for row in first] + [tmp_path / foreign.folder / "1-1.dcm"]
    (tmp_path / first[0].file).write_bytes(b"changed")
    before = [file.stat().st_ino for file in files]
    assert idc.fetch(tmp_path, SETTINGS | {"endpoint": moto}) == first
    assert [file.stat().st_ino == inode for file, inode in zip(files, before, strict=True)] == [False] + [True] * (
        len(files) - 1
    )


def test_one_patient_or_one_series(moto: str, store: Any, collection: list[Listed], tmp_path: Path) -> None:
    settings = SETTINGS | {"endpoint": moto, "modalities": ["PT"]}
    rows = idc.fetch(tmp_path, settings | {"patients": ["STS_901"]})
    assert [row.file for row in rows] == files_of([part for part in collection if part.patient == "STS_901"])
    # A structure belongs to a series, not to its patient: only the one of the PET stays.
    pet, drawn = collection[0], drawn_on(collection, "STS_900", "PT")
    rows = idc.fetch(tmp_path, settings | {"series": [pet.uid]})
    assert [row.file for row in rows] == files_of([pet, drawn])


def test_the_estimate_asks_nobody(collection: list[Listed]) -> None:
    settings = SETTINGS | {"endpoint": "http://127.0.0.1:9"}
    parts = [part for part in collection if part.modality != "MR"]
    assert idc.estimate(settings) == Estimate(sum(len(part.files) for part in parts), sum(part.size for part in parts))
    assert idc.estimate(settings | {"structures": []}).files == 7


def test_the_installed_index_has_the_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    chosen = idc._chosen(idc.wanted(SETTINGS, "idc"))
    counts = {name: sum(series.modality == name for series in chosen) for name in ("CT", "PT", "RTSTRUCT")}
    assert counts == {"CT": 51, "PT": 51, "RTSTRUCT": 306}
    assert len({series.patient for series in chosen}) == 51
    assert {(series.licence, series.doi) for series in chosen} == {(LICENCE, DOI)}
    files, size = idc.estimate(SETTINGS)
    assert files == sum(series.files for series in chosen) == 27530
    assert size is not None
    assert round(size / 1e6) == 7974


def test_the_real_series_has_as_many_files_as_the_index_says(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    image = real_data / "sts_dicom" / "STS_001" / "PET" / "image"
    chosen = idc._chosen(idc.wanted(SETTINGS | {"modalities": ["PT"], "patients": ["STS_001"]}, "idc"))
    (pet,) = [series for series in chosen if series.modality == "PT"]
    assert pet.files == len(list(image.iterdir()))
    assert pet.uid == read_suv(image).GetMetaData("0020|000e")


@pytest.mark.parametrize("left", [0, 1])
def test_a_series_of_another_length_is_refused_by_name(
    moto: str, store: Any, collection: list[Listed], lines: list[dict[str, object]], tmp_path: Path, left: int
) -> None:
    pet = collection[0]
    for name in list(pet.files)[left:]:
        store.delete_object(Bucket=BUCKET, Key=f"{prefix(pet)}/{name}")
    with pytest.raises(ReradError, match=f"STS_900, PT series {pet.uid}: {left} files in .* for 3 in the index"):
        idc.fetch(tmp_path / "c", SETTINGS | {"endpoint": moto})
    assert not list((tmp_path / "c").rglob("*.dcm"))


def test_a_series_of_another_size_is_told(
    moto: str, store: Any, lines: list[dict[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    lines[0]["series_size_MB"] = 1.5
    with caplog.at_level(logging.WARNING):
        idc.plan(SETTINGS | {"endpoint": moto})
    assert "bytes for 1500000 in the index" in caplog.text


def listing(series: Listed, *keys: str) -> bytes:
    objects = "".join(f"<Contents><Key>{key}</Key><Size>1</Size><ETag/></Contents>" for key in keys)
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{objects}</ListBucketResult>".encode()


@pytest.mark.parametrize("name", ["../evil.dcm", "../../evil.dcm", "deeper/a.dcm", ".hidden", "..\\evil.dcm", ""])
def test_a_key_cannot_leave_the_folder(
    archive: ArchiveServer, collection: list[Listed], tmp_path: Path, name: str
) -> None:
    series = next(part for part in collection if len(part.files) == 2 and part.modality == "PT")
    key = f"{prefix(series)}/"
    archive.put(
        f"/{BUCKET}/?list-type=2&prefix={key.replace('/', '%2F')}&max-keys=1000",
        listing(series, f"{key}a.dcm", f"{key}{name}"),
    )
    settings = SETTINGS | {"modalities": ["PT"], "structures": [], "series": [series.uid], "endpoint": archive.url("")}
    with pytest.raises(ReradError, match=r"is no file of this series|would leave the folder"):
        idc.fetch(tmp_path / "c", settings)
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("PatientID", "../../evil", "cannot name a folder|would leave the folder"),
        ("SeriesInstanceUID", "../evil", "is no SeriesInstanceUID"),
        ("Modality", "P/T", "is no modality"),
        ("series_aws_url", "s3://bucket/../x/*", "the index has the address"),
        ("series_aws_url", "https://example.org/x", "the index has the address"),
        ("series_aws_url", "s3://evil.org@host/x/*", "the index has the address"),
    ],
)
def test_an_index_that_would_lead_elsewhere(
    lines: list[dict[str, object]], column: str, value: str, message: str
) -> None:
    lines[0][column] = value
    with pytest.raises(ReradError, match=message):
        idc.plan(SETTINGS | {"endpoint": "http://127.0.0.1:9", "patients": ["STS_900"], "modalities": ["PT"]})


def test_an_index_of_another_shape(lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReradError, match=r"no collection 'Soft-Tissue-Sarcoma' .* Did you mean soft_tissue_sarcoma"):
        idc.estimate(SETTINGS | {"collection": "Soft-Tissue-Sarcoma"})
    for line in lines:
        del line["series_aws_url"]
    with pytest.raises(ReradError, match="the index cannot be read"):
        idc.estimate(SETTINGS)
    monkeypatch.setattr(idc, "index_file", lambda: Path("gone.parquet"))
    with pytest.raises(ReradError, match="the index cannot be read"):
        idc.estimate(SETTINGS)
