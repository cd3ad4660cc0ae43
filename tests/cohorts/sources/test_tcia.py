"""The Cancer Imaging Archive: answers as the NBIA server makes them, and zips as it packs them, whole and broken."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest
from archive_server import ArchiveServer, Fault, serve
from dicom_collection import DOI, Listed, drawn_on, files_of, make_collection

from rerad.cohorts.sources import tcia
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Row
from rerad.core.errors import ReradError

LICENCE = "Creative Commons Attribution 3.0 Unported License"
TOKEN = "secret-token-of-somebody"
MODALITIES = ("PT", "CT", "MR", "RTSTRUCT")


def line_of(series: Listed) -> dict[str, object]:
    """A line of getSeries (v4), cut to what is read and some that is not."""
    return {
        "SeriesInstanceUID": series.uid, "StudyInstanceUID": "1.2", "Modality": series.modality,
        "Collection": "Soft-tissue-Sarcoma", "PatientID": series.patient, "ImageCount": len(series.files),
        "TimeStamp": "2021-10-18 12:05:17.0", "LicenseName": LICENCE,
        "DataDescriptionURI": f"https://doi.org/{DOI}", "FileSize": series.size, "Authorized": "1",
    }  # fmt: skip


def packed(files: dict[str, bytes], sums: dict[str, str] | None = None, header: str = "Filename,MD5Hash") -> bytes:
    """A zip as getImageWithMD5Hash packs it; ``sums`` replaces MD5s, an empty one takes the line out."""
    listed = {name: hashlib.md5(content).hexdigest() for name, content in files.items()} | (sums or {})
    lines = [header, *(f"{name},{digest}" for name, digest in listed.items() if digest)]
    return zipped(files | {"md5hashes.csv": "\n".join(lines).encode()})


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def list_path(modality: str) -> str:
    return f"/v4/getSeries?Collection=Soft-tissue-Sarcoma&Modality={modality}&format=json"


def zip_path(series: Listed) -> str:
    return f"/v4/getImageWithMD5Hash?SeriesInstanceUID={series.uid}"


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> list[Listed]:
    return make_collection(tmp_path_factory.mktemp("made"))


@pytest.fixture
def settings(archive: ArchiveServer, collection: list[Listed]) -> dict[str, Any]:
    """The archive as it should be; zips come without a length."""
    for modality in MODALITIES:
        lines = [line_of(series) for series in collection if series.modality == modality]
        archive.put(list_path(modality), json.dumps(lines).encode())
    for series in collection:
        archive.put(zip_path(series), packed(series.files), Fault(no_length=True))
    api = archive.url("/v4")
    return {"collection": "Soft-tissue-Sarcoma", "modalities": ["PT", "CT"], "structures": ["RTSTRUCT"], "api": api}


def zips_asked(archive: ArchiveServer) -> int:
    return sum("getImageWithMD5Hash" in path for path, _ in archive.asked)


def test_series_arrive_with_the_structures_that_refer_to_them(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path
) -> None:
    rows = tcia.fetch(tmp_path / "c", settings)
    foreign = drawn_on(collection, "STS_900", "MR")
    wanted = [part for part in collection if part.modality != "MR" and part is not foreign]
    assert [row.file for row in rows] == files_of(wanted)
    for part in wanted:
        for name, content in part.files.items():
            digest, url = hashlib.sha256(content).hexdigest(), archive.url(zip_path(part))
            assert Row(f"{part.folder}/{name}", len(content), digest, url, LICENCE, DOI) in rows
            assert (tmp_path / "c" / part.folder / name).read_bytes() == content
    # Nothing else that could pass for a slice, and no zip.
    seen = [path for path in (tmp_path / "c").rglob("*") if path.is_file() and not path.name.startswith(".")]
    here = sorted(str(path.relative_to(tmp_path / "c")) for path in seen)
    assert here == files_of([*wanted, foreign])
    assert not list((tmp_path / "c").rglob("*.zip*"))
    asked = zips_asked(archive)
    assert asked == 7
    assert tcia.fetch(tmp_path / "c", settings) == rows
    assert zips_asked(archive) == asked


def test_few_at_a_time_give_the_same(settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tcia.fetch(tmp_path / "one", settings)
    monkeypatch.setattr(tcia, "BATCH", 2)
    assert tcia.fetch(tmp_path / "two", settings, workers=1) == rows


def test_the_plan_and_the_estimate_fetch_nothing(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed]
) -> None:
    parts = [part for part in collection if part.modality != "MR"]
    assert sorted(remote.file for remote in tcia.plan(settings)) == sorted(f"{part.folder}.zip" for part in parts)
    assert tcia.estimate(settings) == Estimate(sum(len(part.files) for part in parts), sum(part.size for part in parts))
    assert zips_asked(archive) == 0


@pytest.mark.parametrize("change", ["changed", "gone", "added", "no receipt", "emptied"])
def test_a_folder_is_no_proof_of_a_series(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path, change: str
) -> None:
    rows = tcia.fetch(tmp_path, settings)
    pet = collection[0]
    file = tmp_path / pet.folder / next(iter(pet.files))
    if change == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    elif change == "gone":
        file.unlink()
    elif change == "added":
        (file.parent / "more.dcm").write_bytes(b"x")
    elif change == "no receipt":
        (file.parent / ".unpacked.json").unlink()
    else:
        for path in file.parent.iterdir():
            path.unlink()
    asked = zips_asked(archive)
    assert tcia.fetch(tmp_path, settings) == rows
    assert zips_asked(archive) == asked + 1
    assert sorted(path.name for path in file.parent.glob("*.dcm")) == sorted(pet.files)


def test_a_series_to_which_the_archive_adds_comes_anew(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path
) -> None:
    rows = tcia.fetch(tmp_path, settings)
    ct = next(part for part in collection if part.modality == "CT")
    more = ct._replace(files=ct.files | {"new.dcm": b"new"})
    archive.put(list_path("CT"), json.dumps([line_of(more)]).encode())
    archive.put(zip_path(ct), packed(more.files))
    assert {row.file for row in tcia.fetch(tmp_path, settings)} - {row.file for row in rows} == {f"{ct.folder}/new.dcm"}


BROKEN = {
    "cut": lambda files: packed(files)[:-40],
    "cut in the middle": lambda files: packed(files)[:300],
    "empty": lambda files: b"",
    "wrong bytes": lambda files: packed({name: content[:-1] + b"?" for name, content in files.items()}, sums(files)),
    "a file without MD5": lambda files: packed(files, {min(files): ""}),
    "another MD5": lambda files: packed(files, {min(files): "0" * 32}),
    "no list": lambda files: zipped(files),
    "closed after an error": lambda files: zipped({min(files): files[min(files)]}),
    "a file missing": lambda files: packed({min(files): files[min(files)]}, sums(files)),
    "a file too many": lambda files: packed(files | {"more.dcm": b"x"}),
    "a list of other columns": lambda files: packed(files, header="Name,Hash"),
    "a list that is no text": lambda files: zipped(files | {"md5hashes.csv": b"\xff\xfe\x00"}),
    "an empty list": lambda files: zipped(files | {"md5hashes.csv": b""}),
    "an error in words": lambda files: b"Server was not able to process your request",
}


def sums(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.md5(content).hexdigest() for name, content in files.items()}


@pytest.mark.parametrize("name", BROKEN)
def test_a_series_that_is_broken_comes_anew_and_then_is_named(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path, name: str
) -> None:
    pet = collection[0]
    settings |= {"modalities": ["PT"], "structures": [], "patients": ["STS_900"]}
    broken, good = BROKEN[name](pet.files), archive.files[zip_path(pet)]
    # Nobody knows the length, so that the cut end looks like the end.
    archive.put(zip_path(pet), good, Fault(content=broken, no_length=True), Fault(no_length=True))
    rows = tcia.fetch(tmp_path / "mended", settings)
    assert archive.count(zip_path(pet)) == 2
    assert {f"{pet.folder}/{file}" for file in pet.files} <= {row.file for row in rows}

    archive.put(zip_path(pet), broken)
    with pytest.raises(ReradError, match=rf"STS_900, PT series {pet.uid}: given up: "):
        tcia.fetch(tmp_path / "again", settings)
    assert archive.count(zip_path(pet)) == 2 + 3
    assert not (tmp_path / "again" / pet.folder).exists()
    assert not list((tmp_path / "again").rglob(f"*{pet.uid}.zip*"))
    # Once the archive is mended the same folder ends as it should.
    archive.put(zip_path(pet), good)
    again = tcia.fetch(tmp_path / "again", settings)
    assert again == rows


def test_what_came_before_a_kill_is_not_fetched_twice(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path
) -> None:
    download(tcia.plan(settings), tmp_path)  # killed before a zip was unpacked
    asked = zips_asked(archive)
    tcia.fetch(tmp_path, settings)
    assert zips_asked(archive) == asked
    pet = collection[0]
    left = tmp_path / f"{pet.folder}.zip"  # killed before a zip was removed
    left.write_bytes(packed(pet.files))
    tcia.fetch(tmp_path, settings)
    assert zips_asked(archive) == asked
    assert not left.exists()


def test_the_text_of_the_licence_is_no_slice(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path
) -> None:
    pet = collection[0]
    archive.put(zip_path(pet), packed(pet.files | {"LICENSE": b"CC BY"}, {"LICENSE": ""}))
    rows = tcia.fetch(tmp_path, settings | {"modalities": ["PT"], "structures": [], "patients": ["STS_900"]})
    assert [row.file for row in rows] == files_of([pet])
    assert not (tmp_path / pet.folder / "LICENSE").exists()


def test_an_entry_cannot_leave_the_folder(
    archive: ArchiveServer, settings: dict[str, Any], collection: list[Listed], tmp_path: Path
) -> None:
    pet = collection[0]
    archive.put(zip_path(pet), packed(pet.files | {"../../../../evil.dcm": b"x"}))
    with pytest.raises(ReradError, match="would leave the folder"):
        tcia.fetch(tmp_path / "c", settings)
    assert archive.count(zip_path(pet)) == 1
    assert not list(tmp_path.rglob("evil*"))


def test_an_empty_list_is_known_by_the_servers_words(archive: ArchiveServer, settings: dict[str, Any]) -> None:
    # The server's source: an empty list is Response.status(500).entity("No data found.").
    for modality in MODALITIES:
        archive.faults[list_path(modality)] = [Fault(status=500, content=b"No data found.")]
    with pytest.raises(ReradError, match=r"no series of modality 'PT' .* It has nothing"):
        tcia.plan(settings)
    assert len(archive.asked) == 3


def test_any_other_error_of_the_server_is_a_reason_to_ask_again(
    archive: ArchiveServer, settings: dict[str, Any]
) -> None:
    archive.faults[list_path("PT")] = [Fault(status=500, content=b"Server was not able to process your request")]
    assert len(tcia.plan(settings)) == 7


def test_an_answer_without_content_is_an_empty_list(archive: ArchiveServer, settings: dict[str, Any]) -> None:
    for modality in MODALITIES:
        archive.put(list_path(modality), b"")
    with pytest.raises(ReradError, match=r"no series of modality 'PT' .* It has nothing"):
        tcia.plan(settings)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"<html>down for maintenance</html>", "is no JSON"),
        (b'{"error": "x"}', "the answer lacks"),
        (b"[1]", "the answer lacks"),
        (b'[{"PatientID": "a", "Modality": "PT"}]', "the answer lacks 'SeriesInstanceUID'"),
        (b'[{"PatientID": "a", "Modality": "PT", "SeriesInstanceUID": "1.2"}]', "the answer lacks 'ImageCount'"),
        (b'[{"PatientID": "a", "Modality": "PT", "SeriesInstanceUID": "1", "ImageCount": "x"}]', "the answer lacks"),
        (b'[{"PatientID": "../a", "Modality": "PT", "SeriesInstanceUID": "1", "ImageCount": 1}]', "leave the folder"),
        (b'[{"PatientID": "a", "Modality": "PT", "SeriesInstanceUID": "../1", "ImageCount": 1}]', "is no SeriesInst"),
        (b'[{"PatientID": "a", "Modality": null, "SeriesInstanceUID": "1", "ImageCount": 1}]', "is no modality"),
    ],
)
def test_lists_that_are_not_as_expected(
    archive: ArchiveServer, settings: dict[str, Any], answer: bytes, message: str
) -> None:
    archive.put(list_path("PT"), answer)
    with pytest.raises(ReradError, match=message):
        tcia.plan(settings)


def test_a_web_page_is_no_zip(archive: ArchiveServer, settings: dict[str, Any], tmp_path: Path) -> None:
    archive.headers["Content-Type"] = "text/html"
    with pytest.raises(ReradError, match="a web page instead of the file"):
        tcia.fetch(tmp_path, settings)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_is_sent_and_never_told(
    archive: ArchiveServer,
    settings: dict[str, Any],
    collection: list[Listed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TCIA_TOKEN", TOKEN)
    settings = settings | {"token": "TCIA_TOKEN"}
    pet = collection[0]
    archive.faults[zip_path(pet)] = [Fault(status=status)]
    with pytest.raises(ReradError, match=f"status {status}: the token in TCIA_TOKEN is refused") as refused:
        tcia.fetch(tmp_path, settings)
    rows = tcia.fetch(tmp_path, settings)
    assert {headers.get("Authorization") for _, headers in archive.asked} == {f"Bearer {TOKEN}"}
    assert TOKEN not in caplog.text + str(refused.value) + repr(rows)
    assert not any(TOKEN in path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())


def test_a_token_does_not_follow_to_another_host(
    archive: ArchiveServer,
    settings: dict[str, Any],
    collection: list[Listed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TCIA_TOKEN", TOKEN)
    pet = collection[0]
    with serve() as other:
        there = other.put("/signed?key=1", packed(pet.files))
        archive.put(zip_path(pet), b"", Fault(status=302, headers={"Location": there}))
        chosen = {"modalities": ["PT"], "structures": [], "patients": ["STS_900"], "token": "TCIA_TOKEN"}
        rows = tcia.fetch(tmp_path, settings | chosen)
        assert [row.file for row in rows] == files_of([pet])
        assert [headers.get("Authorization") for _, headers in other.asked] == [None]
    assert {row.url for row in rows} == {archive.url(zip_path(pet))}


def test_a_token_that_is_not_set(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TCIA_TOKEN", raising=False)
    with pytest.raises(ReradError, match="TCIA_TOKEN: no token is set"):
        tcia.plan(settings | {"token": "TCIA_TOKEN"})
