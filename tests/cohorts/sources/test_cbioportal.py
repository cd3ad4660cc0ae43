"""A study's archive has no checksum of its own; the table in it has."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault
from archives import tar_bytes

from rerad.cohorts.sources import cbioportal
from rerad.cohorts.sources.remote import Estimate, Remote, Row
from rerad.core.errors import ConfigError, ReradError

NAME = "data_mrna_affymetrix_microarray.txt"
TABLE = b"Hugo_Symbol\tEntrez_Gene_Id\tTCGA-02-0001-01\nEGFR\t1956\t12.5\n"
SHA = hashlib.sha256(TABLE).hexdigest()
STUDY = {
    "gbm_tcga/meta_study.txt": b"cancer_study_identifier: gbm_tcga\n",
    f"gbm_tcga/{NAME}": TABLE,
    "gbm_tcga/data_methylation_hm450.txt": b"large",
}


def serve_study(archive: ArchiveServer, files: dict[str, bytes], *faults: Fault) -> dict[str, object]:
    archive.put("/gbm_tcga.tar.gz", tar_bytes(files, "w:gz"), *faults)
    return {"api": archive.url(""), "study": "gbm_tcga", "files": {NAME: f"sha256:{SHA}"}}


def test_the_published_table_is_known_without_asking() -> None:
    assert cbioportal.plan({}) == [
        Remote(
            "gbm_tcga.tar.gz",
            "https://datahub.assets.cbioportal.org/gbm_tcga.tar.gz",
            None,
            "",
            "ODbL-1.0",
            "10.7908/C11G0KM9",
        )
    ]
    assert cbioportal.FILES == {NAME: "sha256:4212ef19c578de5ccf09e3110654e72679dafde2ac81cc7c1686c40505fd6dea"}
    assert cbioportal.estimate({}) == Estimate(1, None)
    assert cbioportal.estimate({"size": 500}) == Estimate(1, 500)


def test_the_table_comes_out_and_nothing_else(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = serve_study(archive, STUDY)
    rows = cbioportal.fetch(tmp_path, settings)
    url = archive.url("/gbm_tcga.tar.gz")
    assert rows == [Row(f"cbioportal/gbm_tcga/{NAME}", len(TABLE), SHA, url, cbioportal.LICENCE, cbioportal.DOI)]
    assert [path.name for path in (tmp_path / "cbioportal/gbm_tcga").iterdir()] == [NAME]
    assert cbioportal.fetch(tmp_path, settings) == rows
    assert len(archive.asked) == 1


def test_files_without_a_checksum_are_taken_as_they_are(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = serve_study(archive, STUDY | {"gbm_tcga/odd[1]*.txt": b"odd"})
    settings["files"] = {"meta_study.txt": None, "odd[1]*.txt": ""}
    rows = cbioportal.fetch(tmp_path, settings)
    assert [row.file for row in rows] == ["cbioportal/gbm_tcga/meta_study.txt", "cbioportal/gbm_tcga/odd[1]*.txt"]


def test_another_table_in_the_archive_is_refused(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = serve_study(archive, STUDY | {f"gbm_tcga/{NAME}": TABLE + b"TP53\t7157\t8.1\n"})
    for _ in range(2):  # and stays so: what was unpacked is no proof
        with pytest.raises(ReradError, match=rf"{NAME}: SHA-256 \w{{12}}… for {SHA[:12]}….*gbm_tcga\.tar\.gz"):
            cbioportal.fetch(tmp_path, settings)


def test_an_archive_without_the_table(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = serve_study(archive, {"gbm_tcga/meta_study.txt": b"x"})
    with pytest.raises(ReradError, match=rf"gbm_tcga\.tar\.gz: no entry fits 'gbm_tcga/{NAME}'"):
        cbioportal.fetch(tmp_path, settings)


def test_a_web_page_in_the_place_of_the_archive(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = serve_study(archive, STUDY, Fault(content=b"<html>moved</html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(ReradError, match="a web page instead of the file"):
        cbioportal.fetch(tmp_path, settings)


def test_a_damaged_archive_is_no_study(archive: ArchiveServer, tmp_path: Path) -> None:
    content = tar_bytes(STUDY, "w:gz")
    settings = serve_study(archive, STUDY, Fault(content=content[:-20] + bytes(20)))
    with pytest.raises(ReradError, match="truncated, damaged or encrypted"):
        cbioportal.fetch(tmp_path, settings)
    assert not (tmp_path / "cbioportal").exists()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"files": {NAME: f"md5:{'0' * 32}"}}, ConfigError, "is no SHA-256"),
        ({"files": {NAME: "sha256:00"}}, ConfigError, "is no checksum"),
        ({"files": {"../passwd": ""}}, ReradError, "would leave the folder"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cbioportal.plan(settings)
    with pytest.raises(error, match=message):
        cbioportal.estimate(settings)


def test_a_study_cannot_leave_the_folder(archive: ArchiveServer, tmp_path: Path) -> None:
    settings = serve_study(archive, STUDY) | {"study": "../gbm_tcga"}
    with pytest.raises(ReradError, match="would leave the folder"):
        cbioportal.fetch(tmp_path / "c", settings)
    assert archive.asked == []
