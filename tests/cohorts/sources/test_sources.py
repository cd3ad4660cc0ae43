"""All sources behind one signature, against answers of the documented shape."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from archive_server import ArchiveServer, Fault

from rerad.cohorts.manifest import COLUMNS
from rerad.cohorts.sources import SOURCES, source
from rerad.cohorts.sources.remote import Row
from rerad.core.errors import ConfigError, ReradError

TABLE = b"PK of a table"


def make_record(archive: ArchiveServer, **changes: object) -> dict[str, object]:
    """Serve a record as developers.zenodo.org shows it, cut to what is read and some that is not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as scans:
        scans.writestr("case/PET.nii", b"scan")
    contents = {"INFOclinical_STS.xlsx": TABLE, "scans.zip": buffer.getvalue()}
    files = [
        {
            "id": f"0000-{name}",
            "key": name,
            "size": len(content),
            "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
            "links": {"self": archive.put(f"/api/records/23/files/{name}/content", content)},
        }
        for name, content in contents.items()
    ]
    record = {
        "id": 23, "conceptrecid": "22", "doi": "10.5281/zenodo.23", "files": files,
        "metadata": {"title": "Scans", "license": {"id": "cc-by-4.0"}, "access_right": "open"},
    } | changes  # fmt: skip
    archive.put("/api/records/23", json.dumps(record).encode())
    return {"record": 23, "api": archive.url("/api")}


def test_a_record_arrives_whole(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = make_record(archive) | {"unpack": {"scans.zip": "scans"}}
    rows = source("zenodo").fetch(tmp_path / "c", settings)
    url = archive.url("/api/records/23/files/")
    assert rows == [
        Row(
            "INFOclinical_STS.xlsx",
            len(TABLE),
            hashlib.sha256(TABLE).hexdigest(),
            f"{url}INFOclinical_STS.xlsx/content",
            "cc-by-4.0",
            "10.5281/zenodo.23",
        ),
        Row(
            "scans/case/PET.nii",
            4,
            hashlib.sha256(b"scan").hexdigest(),
            f"{url}scans.zip/content",
            "cc-by-4.0",
            "10.5281/zenodo.23",
        ),
    ]
    assert list(pd.DataFrame(rows).columns) == COLUMNS
    for row in rows:
        assert hashlib.sha256((tmp_path / "c" / row.file).read_bytes()).hexdigest() == row.sha256


def test_the_plan_says_how_much_and_fetches_nothing(archive: ArchiveServer) -> None:
    plan = source("zenodo").plan(make_record(archive) | {"files": ["INFOclinical_STS.xlsx"]})
    assert [(remote.file, remote.size) for remote in plan] == [("INFOclinical_STS.xlsx", len(TABLE))]
    assert [path for path, _ in archive.asked] == ["/api/records/23"]
    assert source("zenodo").estimate(make_record(archive) | {"files": ["INFOclinical_STS.xlsx"]}) == (1, len(TABLE))


def test_a_busy_archive_is_asked_again_for_its_list(archive: ArchiveServer) -> None:
    settings = make_record(archive)
    archive.faults["/api/records/23"] = [Fault(429, {"Retry-After": "0"}), Fault(cut_at=30)]
    assert len(source("zenodo").plan(settings)) == 2


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({}, {"files": ["gone.zip"]}, r"no file 'gone\.zip'\. It has INFOclinical_STS\.xlsx, scans\.zip"),
        ({"files": [{"key": "a"}]}, {}, "the answer lacks 'links'"),
        ({"files": None}, {}, "the answer lacks"),
        ({"metadata": None}, {}, "the answer lacks"),
        ({}, {"record": 24}, "/records/24: status 404"),
        ({}, {"record": "../secrets"}, "status 404"),
    ],
)
def test_a_record_that_is_not_as_expected(
    archive: ArchiveServer, changes: dict[str, object], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ReradError, match=message):
        source("zenodo").plan(make_record(archive, **changes) | settings)


def test_a_name_in_a_record_cannot_leave_the_folder(archive: ArchiveServer, tmp_path: Path) -> None:
    evil = {"key": "../../evil", "size": 1, "checksum": f"md5:{'0' * 32}", "links": {"self": archive.put("/e", b"x")}}
    with pytest.raises(ReradError, match="would leave the folder"):
        source("zenodo").fetch(tmp_path / "c", make_record(archive, files=[evil]))


def test_an_answer_that_is_no_json(archive: ArchiveServer) -> None:
    archive.put("/api/records/23", b"<html>down for maintenance</html>")
    with pytest.raises(ReradError, match="is no JSON"):
        source("zenodo").plan({"record": 23, "api": archive.url("/api")})


def test_plain_addresses(archive: ArchiveServer, tmp_path: Path) -> None:
    checksum = f"sha256:{hashlib.sha256(b'weights').hexdigest()}"
    file = {"file": "resnet18.pth", "url": archive.put("/w", b"weights"), "checksum": checksum}
    rows = source("url").fetch(tmp_path, {"files": [file], "licence": "BSD-3-Clause", "doi": ""})
    assert rows == [("resnet18.pth", 7, checksum[7:], archive.url("/w"), "BSD-3-Clause", "")]
    assert source("url").estimate({"files": [file]}) == (1, None)
    assert source("url").estimate({"files": [file | {"size": 7}]}) == (1, 7)
    with pytest.raises(ConfigError, match=r"url\.files\[0\]: 'checksum' is missing"):
        source("url").plan({"files": [{**file, "checksum": ""}]})


@pytest.mark.parametrize("name", SOURCES)
def test_all_sources_share_one_signature(name: str) -> None:
    module = source(name)
    assert list(inspect.signature(module.plan).parameters) == ["settings"]
    assert list(inspect.signature(module.estimate).parameters) == ["settings"]
    assert inspect.signature(module.estimate).return_annotation == "Estimate"
    assert list(inspect.signature(module.fetch).parameters) == ["folder", "settings", "workers"]


def test_the_list_of_sources_loads_no_http_library() -> None:
    code = "import sys, rerad.cohorts, rerad.cohorts.sources; print('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
