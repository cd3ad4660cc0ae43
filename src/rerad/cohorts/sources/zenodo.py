"""Records of Zenodo (https://developers.zenodo.org/#records), with the MD5 that it publishes for every file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rerad.cohorts.sources.client import open_client, read_json
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row, Token, total
from rerad.cohorts.sources.url import unpacked
from rerad.core.errors import ReradError

API = "https://zenodo.org/api"


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the files of a record.

    ``settings``: ``record`` (its number), ``files`` (names; without it all of them), ``unpack`` (name → folder that
    the archive fills), ``api`` (of another server), ``token`` (the name of the environment variable, for restricted
    records).

    Raises:
        ReradError: the record cannot be read, has no such file, or its answer has another shape than documented.
    """
    base = settings.get("api") or API
    url = f"{base}/records/{settings['record']}"
    token = Token(settings["token"]) if settings.get("token") else None
    with open_client() as client:
        record = read_json(client, url, token=token)
    try:
        licence, doi = _licence(record["metadata"]), record.get("doi") or record["metadata"].get("doi", "")
        # The key stands in the place of a file name and may be anything: it is checked before a byte is written.
        found = {
            file["key"]: Remote(
                file["key"], file["links"]["self"], int(file["size"]), file["checksum"], licence, doi, token
            )
            for file in record["files"]
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReradError(
            f"the answer lacks {error}",
            where=url,
            remedy="A restricted record shows no files without a token; else the archive may have changed",
        ) from error
    wanted = settings.get("files") or list(found)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ReradError(f"no file {missing[0]!r}", where=url, remedy=f"It has {', '.join(sorted(found)) or 'none'}")
    return [found[name] for name in wanted]


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return how many files a record has and how many bytes; the record is asked.

    Raises:
        ReradError: see :func:`plan`.
    """
    return total(plan(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the files of a record and return the rows of the manifest.

    Raises:
        ConfigError, ReradError: see :func:`plan`, :func:`~rerad.cohorts.sources.download.download` and
            :func:`~rerad.cohorts.sources.unpack.unpack`.
    """
    rows = download(plan(settings), folder, workers=workers, label="zenodo")
    return unpacked(folder, rows, settings.get("unpack") or {})


def _licence(metadata: dict[str, Any]) -> str:
    licence = metadata.get("license") or ""
    return licence["id"] if isinstance(licence, dict) else str(licence)
