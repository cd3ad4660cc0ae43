"""Files of Synapse (https://rest-docs.synapse.org/rest/), where the BraTS challenges keep theirs.

A file's address is that of one version of an entity; it answers with a redirect to a signed address elsewhere, which
lives for minutes: an interrupted download asks for a new one. A personal access token with the scopes view and download
is needed, and most projects want their conditions to be accepted on the web first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from rerad.cohorts.sources.client import open_client, read_json
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row, Token, total
from rerad.cohorts.sources.url import unpacked
from rerad.core.errors import ConfigError, ReradError

API = "https://repo-prod.prod.sagebase.org"
TOKEN = "SYNAPSE_AUTH_TOKEN"  # the name that the archive's own client uses
BUNDLE = {
    "includeEntity": True,
    "includeFileHandles": True,
    "includeFileName": True,
    "includeRestrictionInformation": True,
}
FILE = "org.sagebionetworks.repo.model.FileEntity"
FOLDERS = {"org.sagebionetworks.repo.model.Folder", "org.sagebionetworks.repo.model.Project"}


class _Archive(NamedTuple):
    """Where to ask, and as whom."""

    client: httpx.Client
    base: str
    token: Token
    licence: str
    doi: str


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the files of entities: files (``syn51514132``, or ``syn51514132.2`` for a version) and whole folders.

    ``settings``: ``entities``; ``include`` (patterns of the files that are wanted, with their folders; without it all
    of them); ``unpack`` (file → folder that the archive fills); ``licence`` and ``doi`` of the project; ``token`` (the
    name of the environment variable, if it is another than SYNAPSE_AUTH_TOKEN); ``api`` (of another server).

    Raises:
        ConfigError: an entity's name is none.
        ReradError: an entity cannot be read, its conditions are not accepted, nothing is wanted, or the answer has
            another shape than documented.
    """
    entities = [str(entity) for entity in settings.get("entities") or []]
    for entity in entities or ["nothing"]:
        if not re.fullmatch(r"syn\d+(\.\d+)?", entity):
            raise ConfigError(f"{entity!r} is no entity", where="synapse.entities", remedy="Write syn and its number")
    base, token = settings.get("api") or API, Token(settings.get("token") or TOKEN)
    licence, doi = settings.get("licence") or "", settings.get("doi") or ""
    with open_client() as client:
        archive = _Archive(client, base, token, licence, doi)
        found = [remote for entity in entities for remote in _walk(archive, entity, None)]
    patterns = settings.get("include") or ["*"]
    wanted = [remote for remote in found if any(fnmatchcase(remote.file, pattern) for pattern in patterns)]
    if not wanted:
        names = ", ".join(remote.file for remote in found[:5]) or "no file"
        raise ReradError("no file is wanted", where=", ".join(entities), remedy=f"Check synapse.include: found {names}")
    return wanted


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return files and bytes that would be fetched.

    Raises:
        ConfigError, ReradError: see :func:`plan`.
    """
    return total(plan(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the files, unpack those that are to be, and return the rows of the manifest.

    Raises:
        ConfigError, ReradError: see :func:`plan`, :func:`~rerad.cohorts.sources.download.download` and
            :func:`~rerad.cohorts.sources.unpack.unpack`.
    """
    rows = download(plan(settings), folder, workers=workers, label="synapse")
    return unpacked(folder, rows, settings.get("unpack") or {})


def _walk(archive: _Archive, entity: str, parent: str | None) -> Iterator[Remote]:
    """Return the files of an entity and of all below it.

    ``parent`` is the path of its folder; None: it was asked for itself, and if it is a folder, its name is left out.
    """
    name, _, version = entity.partition(".")
    url = f"{archive.base}/repo/v1/entity/{name}" + (f"/version/{version}" if version else "")
    bundle = read_json(archive.client, f"{url}/bundle2", token=archive.token, payload=BUNDLE)
    try:
        kind = bundle["entity"]["concreteType"]
        title = bundle["entity"]["name"]
        file = _remote(archive, bundle, parent or "") if kind == FILE else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _other_shape(url, error) from error
    if file:
        yield file
    elif kind in FOLDERS:
        for child in _children(archive, name):
            yield from _walk(archive, child, "" if parent is None else f"{parent}{title}/")
    else:
        raise ReradError(f"{entity} is a {str(kind).rpartition('.')[2]}, neither file nor folder", where=url)


def _children(archive: _Archive, parent: str) -> Iterator[str]:
    url = f"{archive.base}/repo/v1/entity/children"
    asked = {"parentId": parent, "includeTypes": ["file", "folder"], "sortBy": "NAME", "sortDirection": "ASC"}
    following = None
    while True:
        answer = read_json(archive.client, url, token=archive.token, payload={**asked, "nextPageToken": following})
        try:
            before, following = following, answer.get("nextPageToken")
            children = [child["id"] for child in answer["page"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _other_shape(url, error) from error
        yield from children
        if not following:
            return
        if following == before:
            raise ReradError("the list does not end", where=url, remedy="The archive may have changed")


def _remote(archive: _Archive, bundle: dict[str, Any], parent: str) -> Remote:
    entity = bundle["entity"]
    if (bundle.get("restrictionInformation") or {}).get("hasUnmetAccessRequirement"):
        raise ReradError(
            "the conditions of use are not accepted",
            where=entity["id"],
            remedy=f"Accept them on https://www.synapse.org/Synapse:{entity['id']} as the owner of the token",
        )
    # A preview of the file, if there is one, stands in the same list.
    handles = {handle["id"]: handle for handle in bundle["fileHandles"]}
    handle = handles[entity["dataFileHandleId"]]
    name, size, md5 = bundle.get("fileName") or handle["fileName"], handle.get("contentSize"), handle.get("contentMd5")
    address = f"{archive.base}/repo/v1/entity/{entity['id']}/version/{int(entity['versionNumber'])}/file"
    return Remote(
        f"{parent}{name}",
        address,
        int(size) if size is not None else None,
        f"md5:{md5}" if md5 else "",
        archive.licence,
        archive.doi,
        archive.token,
    )


def _other_shape(url: str, error: Exception) -> ReradError:
    return ReradError(f"the answer lacks {error}", where=url, remedy="The archive may have changed")
