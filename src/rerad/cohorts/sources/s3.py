"""The list of what lies in a public bucket (ListObjectsV2, without signature).

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import re
import threading
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import httpx

from rerad.cohorts.sources.client import AgainError, ask_once, persist
from rerad.cohorts.sources.threads import refuse_stopped
from rerad.core.errors import ReradError

PAGE = 1000  # the most that S3 lists in one answer


class S3Object(NamedTuple):
    """One object; ``md5`` is empty where the ETag is none (an upload in parts)."""

    key: str
    size: int
    md5: str


def bucket_url(endpoint: str, bucket: str) -> str:
    """Return the address of a bucket: where ``{bucket}`` stands in the endpoint's, or below it."""
    if "{bucket}" in endpoint:
        return endpoint.replace("{bucket}", quote(bucket, safe="")).rstrip("/")
    return f"{endpoint.rstrip('/')}/{quote(bucket, safe='')}"


def object_url(bucket: str, key: str) -> str:
    """Return the address of an object of the bucket at this address."""
    return f"{bucket}/{quote(key)}"


def list_objects(
    client: httpx.Client, bucket: str, prefix: str, *, stop: threading.Event | None = None
) -> list[S3Object]:
    """Return all objects whose key begins with ``prefix``, page after page.

    Raises:
        ReradError: the bucket cannot be listed, or its answer has another shape than documented.
    """
    objects: list[S3Object] = []
    query = {"list-type": "2", "prefix": prefix, "max-keys": str(PAGE)}
    seen = {""}
    while True:
        url = f"{bucket}/?{urlencode(query)}"
        page, token = persist(partial(_page, client, url, stop), what=url, stop=stop)
        if stray := [found.key for found in page if not found.key.startswith(prefix)]:
            raise ReradError(f"lists {stray[0]!r}, which does not begin with {prefix!r}", where=url)
        objects += page
        if token is None:
            return objects
        if token in seen:
            raise ReradError("the list says that it goes on, but not where", where=url)
        seen.add(token)
        query["continuation-token"] = token


def _page(client: httpx.Client, url: str, stop: threading.Event | None) -> tuple[list[S3Object], str | None]:
    """Return the objects of one page, and the token of the next if there is one."""
    refuse_stopped(stop, url)
    root = _parsed(ask_once(client, url), url)
    if _name(root) != "ListBucketResult":
        raise ReradError(f"the answer is no list but {_name(root)} {_text(root, 'Code')}".rstrip(), where=url)
    objects = [_object(part, url) for part in root if _name(part) == "Contents"]
    more = _text(root, "IsTruncated")
    if more not in ("true", "false"):
        raise ReradError("the list does not say whether it goes on", where=url)
    return objects, _text(root, "NextContinuationToken") if more == "true" else None


def _object(part: ElementTree.Element, url: str) -> S3Object:
    key, size, etag = _text(part, "Key"), _text(part, "Size"), _text(part, "ETag").strip('"').lower()
    if not key or not (size.isascii() and size.isdigit()):
        raise ReradError(f"the list has an object of key {key!r} and size {size!r}", where=url)
    return S3Object(key, int(size), etag if re.fullmatch("[0-9a-f]{32}", etag) else "")


class _Strict(ElementTree.TreeBuilder):
    """Takes no document type: entities, which can name files and grow without end, are declared there only."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ReradError("the list has a document type, which no list of S3 has")


def _parsed(content: bytes, url: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(content, ElementTree.XMLParser(target=_Strict()))
    except ElementTree.ParseError as error:
        raise AgainError(f"the list is cut or no XML ({error})", wrong=True) from error
    except ReradError as error:
        raise ReradError(error.what, where=url, remedy="Check the endpoint in the settings") from error


def _name(part: ElementTree.Element) -> str:
    return part.tag.rpartition("}")[2]


def _text(part: ElementTree.Element, name: str) -> str:
    return next((child.text or "" for child in part if _name(child) == name), "")
