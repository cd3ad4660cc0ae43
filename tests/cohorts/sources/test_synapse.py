"""Synapse, from its published schemas: folders in pages, file handles, signed addresses that do not last."""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_server import ArchiveServer, Fault, serve

from rerad.cohorts.sources import synapse
from rerad.cohorts.sources.remote import Estimate, Row
from rerad.core.errors import ConfigError, ReradError

SECRET = "eyJ0eXAiOiJKV1Qi.s3cr3t"
MODEL = "org.sagebionetworks.repo.model"
CHILDREN = "/repo/v1/entity/children"
SETTINGS = {"licence": "CC-BY-NC-4.0", "doi": "10.48550/arXiv.2107.02314"}


class Synapse:
    """Entities by id, their content in a bucket on another server, behind addresses that serve once."""

    def __init__(self, archive: ArchiveServer, bucket: ArchiveServer) -> None:
        self.archive, self.bucket = archive, bucket
        self.children: dict[str, list[dict[str, str]]] = {}
        self.page = 50
        archive.questions[CHILDREN] = self._list

    def folder(self, entity: str, name: str, parent: str = "", kind: str = "Folder") -> None:
        self._entity(entity, {"entity": {"id": entity, "name": name, "concreteType": f"{MODEL}.{kind}"}}, parent, name)

    def file(
        self,
        entity: str,
        name: str,
        content: bytes,
        /,
        *faults: Fault,
        parent: str = "",
        version: int = 1,
        **changes: Any,
    ) -> None:
        md5 = hashlib.md5(content).hexdigest()
        handle = {"id": f"9{entity[3:]}", "fileName": name, "contentMd5": md5, "contentSize": len(content)}
        preview = {"id": "1", "fileName": "preview.txt", "contentMd5": "0" * 32, "contentSize": 1, "isPreview": True}
        bundle = {
            "entity": {
                "id": entity, "name": f"entity of {name}", "concreteType": f"{MODEL}.FileEntity",
                "versionNumber": version, "dataFileHandleId": handle["id"],
            },
            "fileHandles": [preview, handle], "fileName": name,
            "restrictionInformation": {"objectId": 1, "hasUnmetAccessRequirement": False},
        } | changes  # fmt: skip
        self._entity(entity, bundle, parent, name, version)
        signed = [f"/{entity}?X-Amz-Signature=s1gned{turn}" for turn in range(4)]
        for turn, path in enumerate(signed):
            self.bucket.put(path, content, *faults[turn : turn + 1])
        redirects = [Fault(307, {"Location": self.bucket.url(path)}) for path in signed]
        self.archive.faults[self.address(entity, version)] = redirects

    def address(self, entity: str, version: int = 1) -> str:
        return f"/repo/v1/entity/{entity}/version/{version}/file"

    def _entity(self, entity: str, bundle: dict[str, Any], parent: str, name: str, version: int = 1) -> None:
        def answer(question: dict[str, Any]) -> dict[str, Any]:
            parts = {"entity": "Entity", "fileHandles": "FileHandles", "fileName": "FileName",
                     "restrictionInformation": "RestrictionInformation"}  # fmt: skip
            return {part: value for part, value in bundle.items() if question.get(f"include{parts[part]}")}

        for path in (f"/repo/v1/entity/{entity}/bundle2", f"/repo/v1/entity/{entity}/version/{version}/bundle2"):
            self.archive.questions[path] = answer
        self.children.setdefault(parent, []).append({"id": entity, "name": name})

    def _list(self, question: dict[str, Any]) -> dict[str, Any]:
        assert question["includeTypes"] == ["file", "folder"]
        start = int(question["nextPageToken"] or 0)
        children = sorted(self.children.get(question["parentId"], []), key=lambda child: child["name"])
        end = start + self.page
        return {"page": children[start:end], "nextPageToken": str(end) if end < len(children) else None}


@pytest.fixture
def remote(archive: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Synapse]:
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", SECRET)
    with serve() as bucket:
        yield Synapse(archive, bucket)


def settings(remote: Synapse, *entities: str, **more: Any) -> dict[str, Any]:
    return SETTINGS | {"api": remote.archive.url(""), "entities": list(entities)} | more


def test_a_file_arrives_from_a_signed_address(
    remote: Synapse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remote.file("syn1", "cases.csv", b"case,grade\n", version=3)
    with caplog.at_level(logging.DEBUG):
        rows = synapse.fetch(tmp_path, settings(remote, "syn1"))
    url = remote.archive.url("/repo/v1/entity/syn1/version/3/file")
    assert rows == [
        Row(
            "cases.csv",
            11,
            hashlib.sha256(b"case,grade\n").hexdigest(),
            url,
            "CC-BY-NC-4.0",
            "10.48550/arXiv.2107.02314",
        )
    ]
    assert (tmp_path / "cases.csv").read_bytes() == b"case,grade\n"
    assert {headers["Authorization"] for _, headers in remote.archive.asked} == {f"Bearer {SECRET}"}
    assert [path for path, _ in remote.bucket.asked] == ["/syn1?X-Amz-Signature=s1gned0"]
    assert "Authorization" not in remote.bucket.asked[0][1]
    for text in (caplog.text, repr(rows), *(str(path) for path in tmp_path.rglob("*"))):
        assert SECRET not in text
        assert "s1gned" not in text


def test_an_interrupted_file_goes_on_from_a_new_signed_address(remote: Synapse, tmp_path: Path) -> None:
    content = bytes(range(256)) * 2000
    # As a bucket does with a signature that has run out: the old address is never of use again.
    remote.file("syn1", "scans.zip", content, Fault(cut_at=200_000), Fault(cut_at=300_000))
    rows = synapse.fetch(tmp_path, settings(remote, "syn1"))
    assert rows[0].sha256 == hashlib.sha256(content).hexdigest()
    asked = remote.bucket.asked
    assert [path for path, _ in asked] == [f"/syn1?X-Amz-Signature=s1gned{turn}" for turn in range(3)]
    assert [headers.get("Range") for _, headers in asked] == [None, "bytes=200000-", "bytes=300000-"]
    assert remote.archive.count(remote.address("syn1")) == 3


def test_folders_are_walked_page_by_page(remote: Synapse) -> None:
    remote.folder("syn10", "BraTS", kind="Project")
    remote.folder("syn11", "Training", parent="syn10")
    remote.folder("syn12", "BraTS-00001", parent="syn11")
    remote.file("syn13", "readme.txt", b"read me", parent="syn10")
    for number in range(5):
        remote.file(f"syn2{number}", f"scan{number}.nii.gz", b"1" * number, parent="syn12")
    remote.page = 2
    everything = settings(remote, "syn10")
    names = [f"Training/BraTS-00001/scan{number}.nii.gz" for number in range(5)]
    assert [file.file for file in synapse.plan(everything)] == [*names, "readme.txt"]
    assert synapse.estimate(everything) == Estimate(6, 17)
    assert synapse.estimate(everything | {"include": ["*/scan[34].nii.gz"]}) == Estimate(2, 7)
    assert [file.file for file in synapse.plan(settings(remote, "syn12", "syn13"))] == [
        *(f"scan{number}.nii.gz" for number in range(5)), "readme.txt",
    ]  # fmt: skip
    assert remote.bucket.asked == []


def test_an_archive_is_unpacked(remote: Synapse, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as scans:
        scans.writestr("BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1n.nii.gz", b"scan")
    remote.file("syn51514132", "TrainingData.zip", buffer.getvalue())
    rows = synapse.fetch(tmp_path, settings(remote, "syn51514132", unpack={"TrainingData.zip": "training"}))
    assert [row.file for row in rows] == ["training/BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1n.nii.gz"]


def test_a_file_that_lies_elsewhere_has_neither_size_nor_checksum(remote: Synapse, tmp_path: Path) -> None:
    handle = {"id": "91", "fileName": "a.csv", "concreteType": f"{MODEL}.file.ExternalFileHandle"}
    remote.file("syn1", "a.csv", b"there", fileName=None, fileHandles=[handle])
    remote.file("syn2", "b.csv", b"here")
    both = settings(remote, "syn1", "syn2")
    assert synapse.estimate(both) == Estimate(2, None)
    assert [(row.file, row.size) for row in synapse.fetch(tmp_path, both)] == [("a.csv", 5), ("b.csv", 4)]


def test_a_version_is_the_one_that_is_asked_for(remote: Synapse) -> None:
    remote.file("syn1", "old.csv", b"old", version=2)
    del remote.archive.questions["/repo/v1/entity/syn1/bundle2"]
    assert synapse.plan(settings(remote, "syn1.2"))[0].url.endswith("/entity/syn1/version/2/file")
    with pytest.raises(ReradError, match="status 404"):
        synapse.plan(settings(remote, "syn1"))


def test_conditions_that_are_not_accepted(remote: Synapse) -> None:
    remote.file("syn1", "a.csv", b"a", restrictionInformation={"hasUnmetAccessRequirement": True})
    with pytest.raises(ReradError, match=r"syn1: the conditions of use .*www\.synapse\.org/Synapse:syn1 "):
        synapse.plan(settings(remote, "syn1"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entity": None}, "the answer lacks"),
        ({"entity": {"id": "syn1"}}, "the answer lacks 'concreteType'"),
        ({"fileHandles": []}, "the answer lacks '91'"),
        ({"fileHandles": None}, "the answer lacks"),
        ({"fileName": "../../evil"}, "would leave the folder"),
        (
            {"entity": {"id": "syn1", "name": "t", "concreteType": f"{MODEL}.table.Dataset"}},
            "syn1 is a Dataset, neither",
        ),
    ],
)
def test_an_entity_of_another_shape(remote: Synapse, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    remote.file("syn1", "a.csv", b"a", **changes)
    with pytest.raises(ReradError, match=message):
        synapse.fetch(tmp_path / "c", settings(remote, "syn1"))
    assert remote.bucket.asked == []


@pytest.mark.parametrize("answer", [[], {}, {"page": None}, {"page": [{"name": "a"}]}])
def test_a_list_of_another_shape(remote: Synapse, answer: Any) -> None:
    remote.folder("syn1", "f")
    remote.archive.questions[CHILDREN] = lambda _: answer
    with pytest.raises(ReradError, match="children: the answer lacks"):
        synapse.plan(settings(remote, "syn1"))


def test_a_list_without_end(remote: Synapse) -> None:
    remote.folder("syn1", "f")
    remote.archive.questions[CHILDREN] = lambda _: {"page": [], "nextPageToken": "same"}
    with pytest.raises(ReradError, match="does not end"):
        synapse.plan(settings(remote, "syn1"))


def test_nothing_is_wanted(remote: Synapse) -> None:
    remote.folder("syn1", "empty")
    with pytest.raises(ReradError, match="found no file"):
        synapse.plan(settings(remote, "syn1"))
    remote.file("syn2", "a.csv", b"a")
    with pytest.raises(ReradError, match=r"found a\.csv"):
        synapse.plan(settings(remote, "syn2", include=["*.nii.gz"]))


def test_a_page_in_the_place_of_an_answer(remote: Synapse) -> None:
    remote.file("syn1", "a.csv", b"a")
    remote.archive.faults["/repo/v1/entity/syn1/bundle2"] = [Fault(content=b"<html>down</html>")]
    with pytest.raises(ReradError, match="is no JSON"):
        synapse.plan(settings(remote, "syn1"))


def test_wrong_bytes(remote: Synapse, tmp_path: Path) -> None:
    remote.file("syn1", "a.csv", b"right", *[Fault(content=b"wrong")] * 4)
    with pytest.raises(ReradError, match=r"a\.csv: given up: md5"):
        synapse.fetch(tmp_path, settings(remote, "syn1"))
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("entities", [[], ["51514132"], ["syn1/../syn2"], ["syn1 "], ["syn1.x"]])
def test_names_of_no_entity_ask_nobody(remote: Synapse, entities: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"synapse\.entities: .* is no entity"):
        synapse.plan(settings(remote, *entities))
    assert remote.archive.asked == []


def test_without_a_token_nobody_is_asked(remote: Synapse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYNAPSE_AUTH_TOKEN")
    with pytest.raises(ReradError, match="SYNAPSE_AUTH_TOKEN: no token is set"):
        synapse.plan(settings(remote, "syn1"))
    assert remote.archive.asked == []


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("at", ["/repo/v1/entity/syn1/bundle2", "/repo/v1/entity/syn1/version/1/file"])
def test_a_refused_token_is_named_and_never_shown(
    remote: Synapse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    at: str,
    status: int,
) -> None:
    monkeypatch.setenv("OTHER", SECRET)
    remote.file("syn1", "a.csv", b"a")
    remote.archive.faults[at] = [Fault(503), Fault(status)]
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(ReradError, match=r"token in OTHER is refused.*terms") as refused,
    ):
        synapse.fetch(tmp_path, settings(remote, "syn1", token="OTHER"))
    assert "status 503" in caplog.text
    assert SECRET not in caplog.text + repr(refused.value)
