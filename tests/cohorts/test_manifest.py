"""A file that is not what it was is refused."""

import hashlib
from pathlib import Path

import pytest

from rerad.cohorts.manifest import check_file, check_table, measured, read_manifest, write_manifest
from rerad.core.errors import CaseError, ReradError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "x.bin").write_bytes(b"abc")
    write_manifest(tmp_path, measured(tmp_path, {"A/x.bin": "file:///x"}, licence="CC BY 3.0", doi="10.1/2"))
    return tmp_path


def test_the_manifest_holds_size_and_digest(folder: Path) -> None:
    lines = (folder / "manifest.csv").read_text().splitlines()
    digest = hashlib.sha256(b"abc").hexdigest()
    assert lines == ["file,size,sha256,url,licence,doi", f"A/x.bin,3,{digest},file:///x,CC BY 3.0,10.1/2"]
    assert check_file(folder, "A/x.bin", read_manifest(folder)["A/x.bin"]) == folder / "A" / "x.bin"


@pytest.mark.parametrize("content", [b"abd", b"abcd", b""])
def test_a_changed_file_is_refused(folder: Path, content: bytes) -> None:
    (folder / "A" / "x.bin").write_bytes(content)
    with pytest.raises(CaseError, match=r"x\.bin: changed since it was acquired"):
        check_file(folder, "A/x.bin", read_manifest(folder)["A/x.bin"])


def test_a_file_that_is_gone_is_refused(folder: Path) -> None:
    (folder / "A" / "x.bin").unlink()
    with pytest.raises(CaseError, match="gone since it was acquired"):
        check_file(folder, "A/x.bin", read_manifest(folder)["A/x.bin"])


def test_a_table_that_changed_is_no_matter_of_one_case(folder: Path) -> None:
    entry = read_manifest(folder)["A/x.bin"]
    assert check_table(folder, "A/x.bin", entry) == folder / "A" / "x.bin"
    (folder / "A" / "x.bin").write_bytes(b"abd")
    with pytest.raises(CaseError) as of_a_case:
        check_file(folder, "A/x.bin", entry)
    with pytest.raises(ReradError) as of_all:
        check_table(folder, "A/x.bin", entry)
    assert type(of_all.value) is ReradError
    assert str(of_all.value) == str(of_a_case.value)


def test_a_missing_or_foreign_manifest_is_refused(folder: Path) -> None:
    (folder / "manifest.csv").write_text("file,size\n")
    with pytest.raises(ReradError, match="'sha256' is missing"):
        read_manifest(folder)
    (folder / "manifest.csv").unlink()
    with pytest.raises(ReradError, match="Acquire the cohort first"):
        read_manifest(folder)
