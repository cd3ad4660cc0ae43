"""What comes from archives is linked into the cohort, named in the manifest and credited."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_server import ArchiveServer, serve

from rerad.cohorts.archives import attribution, bring, expected, size
from rerad.cohorts.manifest import Row, check_file, read_manifest, write_manifest
from rerad.cohorts.sources import Part
from rerad.core.errors import ReradError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with serve() as running:
        yield running


def files(server: ArchiveServer, names: list[str], **more: Any) -> Part:
    """A part of plain addresses; the content of a file is its name, a hundred times."""
    listed = []
    for name in names:
        content = name.encode() * 100
        digest = hashlib.sha256(content).hexdigest()
        listed.append({"file": name, "url": server.put(f"/{name}", content), "checksum": f"sha256:{digest}", **more})
    return Part("url", {"files": listed, "licence": "CC BY 3.0", "doi": "10.1/2"})


def test_links_lead_into_the_store_and_survive_a_move(server: ArchiveServer, tmp_path: Path) -> None:
    part = files(server, ["A/x.bin", "table.csv"])
    data = tmp_path / "data"
    (data / "sts").mkdir(parents=True)
    rows = bring([part], data / "sts", data / "downloads" / "sts", workers=2)
    write_manifest(data / "sts", rows)
    assert not next(iter((data / "sts").rglob("*.bin"))).readlink().is_absolute()
    moved = data.rename(tmp_path / "elsewhere")
    manifest = read_manifest(moved / "sts")
    assert sorted(manifest) == ["A/x.bin", "table.csv"]
    for file, entry in manifest.items():
        assert check_file(moved / "sts", file, entry).read_bytes() == file.encode() * 100
    # The folder of the cohort is replaced as a whole; what was downloaded is not downloaded again.
    before = len(server.asked)
    (moved / "again").mkdir()
    assert bring([part], moved / "again", moved / "downloads" / "sts", workers=2) == rows
    assert len(server.asked) == before


def test_two_parts_with_one_name_are_refused(server: ArchiveServer, tmp_path: Path) -> None:
    parts = [files(server, ["a", "b"]), files(server, ["b"])]
    with pytest.raises(ReradError, match="b comes from two sources"):
        bring(parts, tmp_path / "cohort", tmp_path / "store", workers=1)


def test_what_is_expected_is_told_in_files_and_bytes(server: ArchiveServer) -> None:
    assert expected([files(server, ["a", "b"], size=1_500_000_000)]) == "about 2 files, 3.00 GB"
    sizeless = expected([files(server, ["a"])])
    assert sizeless == "about 1 files, 0.00 GB, and what url does not tell"
    assert size([files(server, ["a", "b"], size=1_500_000_000)]) == 3_000_000_000
    assert size([files(server, ["a"], size=7), files(server, ["b"])]) is None


def test_an_archive_that_is_silent_is_not_waited_for() -> None:
    closed = Part("zenodo", {"record": 1, "api": "http://127.0.0.1:9"})
    before = time.monotonic()
    assert expected([closed]) == "about 0 files, 0.00 GB, and what zenodo does not tell"
    assert time.monotonic() - before < 30  # eight patient attempts take minutes


def test_everybody_is_credited() -> None:
    rows = [
        Row("a", 1_000_000, "", "", "CC BY 3.0", "10.1/2"),
        Row("b", 500_000, "", "", "CC BY 3.0", "https://doi.org/10.1/2"),
        Row("c", 3, "", "", "", ""),
    ]
    text = attribution(rows, ["Author A. Title. 2020."])
    assert "| https://doi.org/10.1/2 | CC BY 3.0 | 2 | 1.5 |" in text
    assert "| no DOI | not stated by the source | 1 | 0.0 |" in text
    assert "- Author A. Title. 2020." in text


def test_a_killed_download_goes_on(server: ArchiveServer, tmp_path: Path) -> None:
    part = files(server, ["a", "b"])
    server.files.pop("/b")
    with pytest.raises(ReradError, match="status 404"):
        bring([part], tmp_path / "cohort", tmp_path / "store", workers=1)
    assert not (tmp_path / "cohort" / "a").exists()
    server.put("/b", b"b" * 100)
    assert [row.file for row in bring([part], tmp_path / "cohort", tmp_path / "store", workers=1)] == ["a", "b"]
    assert server.count("/a") == 1
    assert os.path.islink(tmp_path / "cohort" / "a")
