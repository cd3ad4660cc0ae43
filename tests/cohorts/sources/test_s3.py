"""Listings of a bucket, from a server that keeps to the protocol and from one that does not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import httpx
import pytest
from archive_server import ArchiveServer, Fault
from idc_server import BUCKET, make_bucket, serve_buckets

from rerad.cohorts.sources import s3
from rerad.cohorts.sources.client import open_client
from rerad.cohorts.sources.s3 import S3Object, bucket_url, list_objects, object_url
from rerad.core.errors import ReradError

FIRST = "/b/?list-type=2&prefix=p%2F&max-keys=1000"


def page(*objects: str, more: str = "false", token: str = "") -> bytes:
    """A page as the AWS reference shows it."""
    following = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>b</Name><Prefix>p/</Prefix><KeyCount>{len(objects)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<IsTruncated>{more}</IsTruncated>{following}{''.join(objects)}</ListBucketResult>"
    ).encode()


def entry(key: str, size: int | str = 1, etag: str = "0" * 32) -> str:
    return f'<Contents><Key>{key}</Key><ETag>"{etag}"</ETag><Size>{size}</Size></Contents>'


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with open_client() as opened:
        yield opened


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with serve_buckets() as address:
        yield address


def test_a_real_bucket_page_after_page(moto: str, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {f"p/{number} ü+&.dcm": b"x" * number for number in range(5)}
    make_bucket(moto, {**contents, "q/other": b"y"})
    monkeypatch.setattr(s3, "PAGE", 2)
    bucket = bucket_url(moto, BUCKET)
    assert list_objects(client, bucket, "p/") == [
        S3Object(key, len(content), hashlib.md5(content).hexdigest()) for key, content in contents.items()
    ]
    assert list_objects(client, bucket, "nothing/") == []
    for key, content in contents.items():
        assert client.get(object_url(bucket, key)).content == content
    with pytest.raises(ReradError, match=r"/nope/.*status 404"):
        list_objects(client, bucket_url(moto, "nope"), "p/")


def test_the_bucket_stands_where_the_endpoint_says() -> None:
    assert bucket_url("https://{bucket}.s3.amazonaws.com", "b") == "https://b.s3.amazonaws.com"
    assert bucket_url("http://127.0.0.1:5000/", "b") == "http://127.0.0.1:5000/b"


def test_a_server_that_wants_to_be_asked_slower_or_is_cut(archive: ArchiveServer, client: httpx.Client) -> None:
    slow = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    good = page(entry("p/a"))
    archive.put(
        FIRST,
        good,
        Fault(503, {"Content-Length": "0"}),
        Fault(content=slow, status=503),
        Fault(cut_at=40),
        Fault(cut_at=len(good) - 20, no_length=True),
    )
    assert list_objects(client, archive.url("/b"), "p/") == [S3Object("p/a", 1, "0" * 32)]
    assert archive.count(FIRST) == 5


def test_the_tag_of_an_upload_in_parts_is_no_checksum(archive: ArchiveServer, client: httpx.Client) -> None:
    archive.put(FIRST, page(entry("p/a", etag=f"{'0' * 32}-2"), entry("p/b", etag="A" * 32), entry("p/c", etag="")))
    assert [found.md5 for found in list_objects(client, archive.url("/b"), "p/")] == ["", "a" * 32, ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (page(entry("p/a"), more="true"), "says that it goes on, but not where"),
        (page(entry("p/a"), more="maybe"), "does not say whether it goes on"),
        (page(entry("q/a")), "lists 'q/a', which does not begin with 'p/'"),
        (page(entry("", 1)), "an object of key ''"),
        (page(entry("p/a", "-1")), "and size '-1'"),
        (b"<html><body>Sign in</body></html>", "the answer is no list but html"),
        (b"<Error><Code>AccessDenied</Code></Error>", "no list but Error AccessDenied"),
        (b"Sign in", "given up: the list is cut or no XML"),
        (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "has a document type"),
        ("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE x []><x/>".encode("utf-16"), "has a document type"),
    ],
)
def test_answers_that_are_no_list(archive: ArchiveServer, client: httpx.Client, content: bytes, message: str) -> None:
    archive.put(FIRST, content)
    with pytest.raises(ReradError, match=message):
        list_objects(client, archive.url("/b"), "p/")


def test_a_list_that_goes_round_in_a_circle(archive: ArchiveServer, client: httpx.Client) -> None:
    archive.put(FIRST, page(entry("p/a"), more="true", token="x&amp;y"))
    archive.put(f"{FIRST}&continuation-token=x%26y", page(entry("p/b"), more="true", token="x&amp;y"))
    with pytest.raises(ReradError, match="says that it goes on, but not where"):
        list_objects(client, archive.url("/b"), "p/")
