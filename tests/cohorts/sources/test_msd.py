"""The tar of the Decathlon: known before anybody is asked, and unpacked without what nobody needs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from archive_server import ArchiveServer
from archives import tar_bytes

from rerad.cohorts.sources import msd
from rerad.cohorts.sources.remote import Estimate, Remote, Row
from rerad.core.errors import ReradError

LABELLED = {
    "Task01_BrainTumour/dataset.json": b'{"numTraining": 1}',
    "Task01_BrainTumour/imagesTr/BRATS_001.nii.gz": b"image",
    "Task01_BrainTumour/labelsTr/BRATS_001.nii.gz": b"label",
}
OTHERS = {
    "._Task01_BrainTumour": b"shadow",
    "Task01_BrainTumour/imagesTr/._BRATS_001.nii.gz": b"shadow",
    "Task01_BrainTumour/imagesTs/BRATS_485.nii.gz": b"unlabelled",
}


def serve_tar(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> dict[str, str]:
    content = tar_bytes(files)
    archive.put("/Task01_BrainTumour.tar", content)
    monkeypatch.setattr(msd, "SIZE", len(content))
    monkeypatch.setattr(msd, "CHECKSUM", f"md5:{hashlib.md5(content).hexdigest()}")
    return {"api": archive.url("")}


def test_the_published_archive_is_known_without_asking() -> None:
    assert msd.estimate({}) == Estimate(1, 7_608_266_240)
    assert msd.plan({}) == [
        Remote(
            "Task01_BrainTumour.tar",
            "https://msd-for-monai.s3-us-west-2.amazonaws.com/Task01_BrainTumour.tar",
            7_608_266_240,
            "md5:240a19d752f0d9e9101544901065d872",
            "CC-BY-SA-4.0",
            "10.48550/arXiv.1902.09063",
        )
    ]


def test_plan_and_estimate_ask_nobody(archive: ArchiveServer) -> None:
    assert msd.plan({"api": archive.url("")})[0].url == archive.url("/Task01_BrainTumour.tar")
    msd.estimate({"api": archive.url("")})
    assert archive.asked == []


def test_the_labelled_cases_come_out_and_nothing_else(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = serve_tar(archive, monkeypatch, OTHERS | {f"./{name}": content for name, content in LABELLED.items()})
    rows = msd.fetch(tmp_path, settings)
    url = archive.url("/Task01_BrainTumour.tar")
    assert rows == [
        Row(f"msd/{name}", len(content), hashlib.sha256(content).hexdigest(), url, msd.LICENCE, msd.DOI)
        for name, content in LABELLED.items()
    ]
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in found if name.endswith((".gz", ".json")) and "/." not in name} == {
        row.file for row in rows
    }
    assert msd.fetch(tmp_path, settings) == rows
    assert len(archive.asked) == 1


def test_other_bytes_than_the_published_ones(
    archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = serve_tar(archive, monkeypatch, LABELLED)
    archive.files["/Task01_BrainTumour.tar"] = tar_bytes(
        LABELLED | {"Task01_BrainTumour/dataset.json": b"{}" + b" " * 16}
    )
    with pytest.raises(ReradError, match=r"Task01_BrainTumour\.tar: given up: md5"):
        msd.fetch(tmp_path, settings)
    assert not (tmp_path / "msd").exists()


def test_an_archive_of_another_task(archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = serve_tar(archive, monkeypatch, {"Task02_Heart/imagesTr/la_003.nii.gz": b"heart"})
    with pytest.raises(ReradError, match=r"no entry fits 'Task01_BrainTumour/dataset\.json'"):
        msd.fetch(tmp_path, settings)
    assert not (tmp_path / "msd").exists()
