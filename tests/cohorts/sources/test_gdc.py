"""The GDC, from the answers that its guide shows: filters, pages, samples, tokens."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from archive_server import ArchiveServer, Fault, serve

from rerad.cohorts.sources import gdc
from rerad.cohorts.sources.remote import Estimate
from rerad.core.errors import ConfigError, ReradError

SECRET = "s3cr3t-t0ken"
RELEASE = "Data Release 45.0 - December 04, 2025"
WANTED = {
    "project": "TCGA-GBM",
    "data_type": "Gene Expression Quantification",
    "workflow": "STAR - Counts",
}
TYPES = {"01": "Primary Tumor", "02": "Recurrent Tumor", "11": "Solid Tissue Normal"}


def make_hit(archive: ArchiveServer, number: int, aliquot: str, **changes: Any) -> dict[str, Any]:
    """Return a file of one aliquot as ``POST /files`` lists it, and serve its content."""
    case, sample = aliquot[:12], aliquot[:16]
    content = f"gene_id\tunstranded\nENSG\t{aliquot}\n".encode()
    file_id = f"{number:08d}-0000-4000-8000-000000000000"
    archive.put(f"/data/{file_id}", content)
    return {
        "id": file_id, "file_id": file_id, "file_name": f"{number}.rna_seq.augmented_star_gene_counts.tsv",
        "file_size": len(content), "md5sum": hashlib.md5(content).hexdigest(),
        "cases": [{"submitter_id": case, "samples": [{
            "submitter_id": sample, "sample_type": TYPES[sample[13:15]],
            "tissue_type": "Normal" if sample[13:15] == "11" else "Tumor", "tumor_descriptor": "Primary",
        }]}],
        "associated_entities": [{"entity_submitter_id": aliquot, "entity_type": "aliquot"}],
        "_fields": {"cases.project.project_id": "TCGA-GBM", "data_type": WANTED["data_type"],
                    "analysis.workflow_type": WANTED["workflow"], "access": "open"},
    } | changes  # fmt: skip


def serve_gdc(archive: ArchiveServer, hits: list[dict[str, Any]], **pagination: int) -> dict[str, Any]:
    """Answer as the archive does: the filters, the order, a page; ``pagination`` replaces what it says of itself."""

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        assert question["filters"]["op"] == "and"
        found = list(hits)
        for part in question["filters"]["content"]:
            assert part["op"] == "in"
            field, values = part["content"]["field"], part["content"]["value"]
            found = [hit for hit in found if hit["_fields"][field] in values]
        assert question["sort"] == "file_id:asc"
        found.sort(key=lambda hit: hit["file_id"])
        start, size = question["from"], question["size"]
        asked = {field.partition(".")[0] for field in question["fields"].split(",")}
        page = [
            {key: value for key, value in hit.items() if key in {"id", *asked}} for hit in found[start : start + size]
        ]
        counts = {"count": len(page), "total": len(found), "size": size, "from": start, "page": 1, "pages": 1}
        return {"data": {"hits": page, "pagination": counts | pagination}, "warnings": {}}

    archive.questions["/files"] = answer
    archive.put("/status", f'{{"commit": "4dd3", "data_release": "{RELEASE}", "status": "OK", "version": 1}}'.encode())
    return WANTED | {"api": archive.url("")}


def test_files_come_with_the_table_of_their_samples(archive: ArchiveServer, tmp_path: Path) -> None:
    hits = [
        make_hit(archive, 2, "TCGA-06-0125-02A-11R-2005-01"),
        make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01"),
    ]
    settings = serve_gdc(archive, hits)
    rows = gdc.fetch(tmp_path, settings)
    names = [f"{hit['file_id']}/{hit['file_name']}" for hit in reversed(hits)]
    assert [row.file for row in rows] == [*names, "files.csv"]
    for row in rows:
        content = (tmp_path / row.file).read_bytes()
        assert (row.size, row.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert (row.licence, row.doi) == ("GDC open access, NIH Genomic Data Sharing Policy", "10.1056/NEJMp1607591")
    assert rows[0].url == archive.url(f"/data/{hits[1]['file_id']}")
    assert rows[2].url == archive.url("/files#Data%20Release%2045.0%20-%20December%2004%2C%202025")
    table = pd.read_csv(tmp_path / "files.csv", dtype=str)
    assert table["file"].tolist() == names
    assert table["md5"].tolist() == [hits[1]["md5sum"], hits[0]["md5sum"]]
    assert table[["case", "sample", "sample_type", "tissue_type", "tumor_descriptor", "aliquot", "data_release"]].values.tolist() == [
        ["TCGA-06-0125", "TCGA-06-0125-01A", "Primary Tumor", "Tumor", "Primary", "TCGA-06-0125-01A-01R-1849-01", RELEASE],
        ["TCGA-06-0125", "TCGA-06-0125-02A", "Recurrent Tumor", "Tumor", "Primary", "TCGA-06-0125-02A-11R-2005-01", RELEASE],
    ]  # fmt: skip


def test_the_filters_are_the_settings(archive: ArchiveServer) -> None:
    good = make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")
    others = [
        make_hit(archive, 2 + index, "TCGA-06-0125-01A-01R-1849-01", _fields=good["_fields"] | {field: "another"})
        for index, field in enumerate(good["_fields"])
    ]
    settings = serve_gdc(archive, [*others, good])
    assert [remote.url for remote in gdc.plan(settings)] == [archive.url(f"/data/{good['file_id']}")]
    assert [remote.checksum for remote in gdc.plan(settings)] == [f"md5:{good['md5sum']}"]
    assert gdc.estimate(settings) == Estimate(1, good["file_size"])
    assert {path for path, _ in archive.asked} == {"/files"}


@pytest.mark.parametrize("count", [1, 4, 5, 6])
def test_all_pages_are_read(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(gdc, "PAGE", 2)
    hits = [make_hit(archive, number, f"TCGA-06-{number:04d}-01A-01R-1849-01") for number in range(count)]
    remotes = gdc.plan(serve_gdc(archive, hits))
    assert [remote.url for remote in remotes] == [archive.url(f"/data/{hit['file_id']}") for hit in hits]
    assert archive.count("/files") == -(-count // 2)


# By hand from the rules: the type, then the first vial, the analyte (H before R before T), the highest barcode.
CHOICES = {
    "TCGA-02-0001-01A-01R-1849-01": True,
    "TCGA-02-0001-02A-01R-1849-01": False,  # recurrent
    "TCGA-02-0002-11A-01R-1849-01": False,  # normal brain only
    "TCGA-02-0003-01A-01R-1849-01": False,
    "TCGA-02-0003-01A-02R-1849-01": True,  # later portion
    "TCGA-02-0003-01B-03R-1849-01": False,  # second vial
    "TCGA-02-0004-01A-01T-9999-01": False,  # total RNA
    "TCGA-02-0004-01A-01R-1849-01": False,  # earlier plate
    "TCGA-02-0004-01A-01R-1850-01": True,
    "TCGA-02-0005-01B-01R-1849-01": True,  # no other vial
    "TCGA-02-0006-01A-01R-2000-01": False,
    "TCGA-02-0006-01A-01H-1000-01": True,  # mirVana
}


def test_one_primary_tumour_a_patient(archive: ArchiveServer) -> None:
    hits = [make_hit(archive, number, aliquot) for number, aliquot in enumerate(CHOICES)]
    for order in (hits, hits[::-1]):
        for number, hit in enumerate(order):  # the choice must not hang on the order of the list
            hit["file_id"] = f"{number:08d}"
        settings = serve_gdc(archive, hits) | {"sample_codes": [1], "one_per_case": True}
        chosen = {remote.checksum.removeprefix("md5:") for remote in gdc.plan(settings)}
        assert [hit["associated_entities"][0]["entity_submitter_id"] for hit in hits if hit["md5sum"] in chosen] == [
            aliquot for aliquot, wanted in CHOICES.items() if wanted
        ]
    every = serve_gdc(archive, hits) | {"sample_codes": ["01", 11]}
    assert len(gdc.plan(every)) == len(CHOICES) - 1


def test_a_file_of_two_samples_is_no_patients_one(archive: ArchiveServer) -> None:
    hit = make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")
    hit["cases"][0]["samples"].append({"submitter_id": "TCGA-06-0125-10A"})
    settings = serve_gdc(archive, [hit])
    assert len(gdc.plan(settings)) == 1
    with pytest.raises(ReradError, match="TCGA-06-0125-01A;TCGA-06-0125-10A"):
        gdc.plan(settings | {"one_per_case": True})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"md5sum": None}, "is no checksum"),
        ({"file_size": "large"}, "the answer lacks"),
        ({"cases": None}, "the answer lacks"),
        ({"cases": [{"samples": None}]}, "the answer lacks 'submitter_id'"),
        ({"file_name": "../../../evil"}, "would leave the folder"),
    ],
)
def test_a_file_of_another_shape(archive: ArchiveServer, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    hit = make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01", **changes)
    with pytest.raises(ReradError, match=message):
        gdc.fetch(tmp_path / "c", serve_gdc(archive, [hit]))
    assert not list(tmp_path.rglob("*.tsv"))


@pytest.mark.parametrize(
    "answer", [{}, {"data": None}, {"data": {"hits": []}}, [], {"data": {"hits": 3, "pagination": {"total": 1}}}]
)
def test_a_list_of_another_shape(archive: ArchiveServer, answer: Any) -> None:
    settings = serve_gdc(archive, [])
    archive.questions["/files"] = lambda _: answer
    with pytest.raises(ReradError, match="/files: the answer lacks"):
        gdc.plan(settings)


def test_a_list_that_changes_while_it_is_read(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hits = [make_hit(archive, number, "TCGA-06-0125-01A-01R-1849-01") for number in range(3)]
    with pytest.raises(ReradError, match="3 files came of 4"):
        gdc.plan(serve_gdc(archive, hits, total=4))
    hits[1]["file_id"] = hits[0]["file_id"]
    with pytest.raises(ReradError, match="stands on two pages"):
        gdc.plan(serve_gdc(archive, hits))


def test_nothing_fits(archive: ArchiveServer) -> None:
    settings = serve_gdc(archive, [make_hit(archive, 1, "TCGA-06-0125-02A-01R-1849-01")])
    with pytest.raises(ReradError, match="no file fits TCGA-OV, Gene Expression Quantification, STAR - Counts, open"):
        gdc.plan(settings | {"project": "TCGA-OV"})
    with pytest.raises(ReradError, match=r"no file fits TCGA-GBM, .*, 01"):
        gdc.plan(settings | {"sample_codes": ["01"]})


@pytest.mark.parametrize("key", WANTED)
def test_a_missing_key(key: str) -> None:
    with pytest.raises(ConfigError, match=f"gdc: '{key}' is missing"):
        gdc.plan(WANTED | {key: None})


def test_a_page_in_the_place_of_the_list(archive: ArchiveServer) -> None:
    settings = serve_gdc(archive, [])
    archive.faults["/files"] = [Fault(content=b"<html>down for maintenance</html>")]
    with pytest.raises(ReradError, match="is no JSON"):
        gdc.plan(settings)


def test_a_busy_archive_is_asked_the_same_again(archive: ArchiveServer) -> None:
    settings = serve_gdc(archive, [make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")])
    archive.faults["/files"] = [Fault(503), Fault(cut_at=20)]
    assert len(gdc.plan(settings)) == 1
    assert archive.count("/files") == 3


def test_what_is_refused_is_said(archive: ArchiveServer) -> None:
    settings = serve_gdc(archive, [])
    archive.faults["/files"] = [Fault(400)]
    with pytest.raises(ReradError, match="/files: status 400"):
        gdc.plan(settings)


def test_wrong_bytes(archive: ArchiveServer, tmp_path: Path) -> None:
    hit = make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")
    archive.files[f"/data/{hit['file_id']}"] = b"x" * hit["file_size"]
    with pytest.raises(ReradError, match="given up: md5"):
        gdc.fetch(tmp_path, serve_gdc(archive, [hit]))
    assert not (tmp_path / "files.csv").exists()


@pytest.mark.parametrize("content", [b"[]", b"{}", b"<html>"])
def test_an_unknown_release_is_left_empty(archive: ArchiveServer, tmp_path: Path, content: bytes) -> None:
    settings = serve_gdc(archive, [make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")])
    archive.put("/status", content)
    assert gdc.fetch(tmp_path, settings)[1].url == archive.url("/files")
    assert pd.read_csv(tmp_path / "files.csv")["data_release"].isna().all()


def test_a_token_goes_to_the_data_alone(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GDC_TOKEN", SECRET)
    hit = make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")
    hit["_fields"]["access"] = "controlled"
    settings = serve_gdc(archive, [hit]) | {"token": "GDC_TOKEN", "access": "controlled"}
    path = f"/data/{hit['file_id']}"
    with serve() as store, caplog.at_level(logging.DEBUG):
        store.put("/object?signature=abc123", archive.files[path])
        archive.faults[path] = [Fault(302, {"Location": store.url("/object?signature=abc123")})]
        rows = gdc.fetch(tmp_path, settings)
        assert "X-Auth-Token" not in store.asked[0][1]
    assert {path: headers.get("X-Auth-Token") for path, headers in archive.asked} == {
        "/files": None, "/status": None, path: SECRET,
    }  # fmt: skip
    assert rows[0].url == archive.url(path)
    assert rows[0].licence.startswith("GDC controlled access")
    assert SECRET not in caplog.text
    assert "abc123" not in caplog.text


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_named_and_never_shown(
    archive: ArchiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    monkeypatch.setenv("GDC_TOKEN", SECRET)
    hit = make_hit(archive, 1, "TCGA-06-0125-01A-01R-1849-01")
    archive.faults[f"/data/{hit['file_id']}"] = [Fault(status)]
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(ReradError, match="the token in GDC_TOKEN is refused") as refused,
    ):
        gdc.fetch(tmp_path, serve_gdc(archive, [hit]) | {"token": "GDC_TOKEN"})
    assert SECRET not in caplog.text + repr(refused.value)
