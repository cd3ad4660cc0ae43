"""Collections of The Cancer Imaging Archive, by the NBIA Search REST API v4.

https://wiki.cancerimagingarchive.net/display/Public/NBIA+Search+REST+API+Guide; which keys an answer has is read from
the server's own source (NBIA, package gov.nih.nci.nbia.restAPI.v4). A series comes as a zip that the server packs on
the way: nobody knows its length or checksum before, and it cannot be resumed. When a file cannot be read there, the
server closes the zip as if it were complete. So a series counts only if its files are as many as the archive lists and
each fits the MD5 that ``md5hashes.csv``, in the zip, has for it; else it comes anew.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rerad.cohorts.sources.client import AgainError, open_client, persist, read_json
from rerad.cohorts.sources.collection import Series, choose, estimate_of, referring, wanted
from rerad.cohorts.sources.disk import check_space
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.receipts import remove
from rerad.cohorts.sources.remote import Estimate, Remote, Row, Token
from rerad.cohorts.sources.threads import in_threads
from rerad.cohorts.sources.unpack import DamagedError, Files, unpack, unpacked_before
from rerad.core.errors import ReradError
from rerad.core.lock import one_at_a_time

log = logging.getLogger(__name__)

API = "https://services.cancerimagingarchive.net/nbia-api/services/v4"
CHECKSUMS = "md5hashes.csv"
# Some zips bring the licence's text, of which no MD5 is listed; it is no slice and stays out.
BESIDES = {CHECKSUMS, "LICENSE", "LICENSE.txt"}
# Series that come before they are unpacked and their zips removed: the disk holds few zips at a time.
BATCH = 16


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the zips of the images and of all structures that may belong to them.

    ``settings``: see :func:`~rerad.cohorts.sources.collection.wanted`; ``token``, the name of the environment variable
    that holds an access token (restricted collections); ``api``, the address of another server.

    Raises:
        ConfigError, ReradError: the settings; nothing of what they ask for; the archive cannot be asked, or its answer
            has another shape than documented.
    """
    return [_remote(series, settings) for series in _chosen(settings)]


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return how many files and bytes the archive lists, unpacked and with structures of other images.

    Raises:
        ConfigError, ReradError: see :func:`plan`.
    """
    return estimate_of(_chosen(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the files as ``<PatientID>/<Modality>/<SeriesInstanceUID>/<name>`` and return the rows of the manifest.

    A series that is there, whole and unchanged, is kept.

    Raises:
        ConfigError, ReradError: see :func:`plan`, :func:`~rerad.cohorts.sources.download.download` and
            :func:`~rerad.cohorts.sources.unpack.unpack`; a series that is wrong each time it comes.
    """
    chosen = _chosen(settings)
    remotes = {series: _remote(series, settings) for series in chosen}
    with one_at_a_time(folder / "series"):
        known = in_threads(
            [partial(_there, folder, series) for series in chosen],
            workers=workers,
            stop=threading.Event(),
            name="check",
        )
        files = {series: found for series, found in zip(chosen, known, strict=True) if found is not None}
        missing = [series for series in chosen if series not in files]
        check_space(folder, sum(series.size or 0 for series in missing))
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            label = f"tcia, series {start + 1} to {start + len(batch)} of {len(missing)}"
            download([remotes[series] for series in batch], folder, workers=workers, label=label)
            files |= {series: _bring(folder, series, remotes[series]) for series in batch}
    rows = [row for series in chosen for row in _rows(series, remotes[series], files[series])]
    return referring(folder, rows, wanted(settings, "tcia"))


def _chosen(settings: dict[str, Any]) -> list[Series]:
    want, token = wanted(settings, "tcia"), _token(settings)
    listed: list[Series] = []
    with open_client() as client:
        for modality in want.modalities + want.structures:
            query = urlencode({"Collection": want.collection, "Modality": modality, "format": "json"})
            url = f"{_api(settings)}/getSeries?{query}"
            # An empty list is an error of the server, with these words.
            answer = read_json(client, url, token=token, nothing="No data found.")
            listed += _listed(answer or [], url)
    return choose(listed, want, where="tcia")


def _listed(answer: Any, url: str) -> Iterator[Series]:
    try:
        for line in answer:
            yield Series(
                str(line["PatientID"]),
                str(line["Modality"]),
                str(line["SeriesInstanceUID"]),
                int(line["ImageCount"]),
                int(line["FileSize"]) if line.get("FileSize") else None,
                str(line.get("LicenseName") or ""),
                str(line.get("DataDescriptionURI") or "").removeprefix("https://doi.org/"),
            )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        remedy = "The archive may have changed, or api is the address of something else"
        raise ReradError(f"the answer lacks {error}", where=url, remedy=remedy) from error


def _remote(series: Series, settings: dict[str, Any]) -> Remote:
    url = f"{_api(settings)}/getImageWithMD5Hash?{urlencode({'SeriesInstanceUID': series.uid})}"
    file = f"{series.folder}.zip"
    return Remote(file, url, None, "", series.licence, series.doi, _token(settings), self_proving=True)


def _api(settings: dict[str, Any]) -> str:
    return (settings.get("api") or API).rstrip("/")


def _token(settings: dict[str, Any]) -> Token | None:
    return Token(settings["token"]) if settings.get("token") else None


def _there(folder: Path, series: Series) -> Files | None:
    """Return the files of a series that was unpacked before, if they are whole, unchanged and as many as listed."""
    files = unpacked_before(folder / series.folder)
    if files is None or len(files) != series.files:
        return None
    remove(folder / f"{series.folder}.zip")  # a run that was killed here may have left it
    return files


def _bring(folder: Path, series: Series, remote: Remote) -> Files:
    """Unpack a series that has come, or have it come anew if it is wrong; its zip is removed."""
    archive = folder / remote.file

    def attempt() -> Files:
        if not archive.exists():
            download([remote], folder, workers=1, label=f"tcia, {series}, once more")
        try:
            return unpack(archive, folder / series.folder, accept=partial(_accepted, series))
        except DamagedError as error:
            remove(archive)
            raise AgainError(error.what, wrong=True) from error

    files = persist(attempt, what=f"tcia, {series}")
    remove(archive)
    return files


def _accepted(series: Series, part: Path, files: Files) -> Files:
    """Return the files of a series without those that came beside them.

    Raises:
        DamagedError: there are more or fewer than the archive lists, or one does not fit its MD5 or has none.
    """
    slices = {name: entry for name, entry in files.items() if name not in BESIDES}
    if CHECKSUMS not in files:
        raise DamagedError(f"{len(slices)} files came without {CHECKSUMS}", where=str(series))
    if len(slices) != series.files:
        raise DamagedError(f"{len(slices)} files came for {series.files}", where=str(series))
    expected = _checksums(part / CHECKSUMS, series)
    for name in slices:
        if not expected.get(name):
            raise DamagedError(f"{CHECKSUMS} has no MD5 of {name}", where=str(series))
        with open(part / name, "rb") as file:
            digest = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
        if digest != expected[name]:
            raise DamagedError(f"{name} has the MD5 {digest[:12]}… for {expected[name][:12]}…", where=str(series))
    return slices


def _checksums(path: Path, series: Series) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file, skipinitialspace=True))
        return {line["Filename"].strip(): line["MD5Hash"].strip().lower() for line in lines}
    except (KeyError, AttributeError, UnicodeDecodeError, csv.Error) as error:
        raise DamagedError(f"{CHECKSUMS} has not the columns Filename and MD5Hash", where=str(series)) from error


def _rows(series: Series, remote: Remote, files: Files) -> Iterator[Row]:
    for name, entry in sorted(files.items()):
        yield Row(f"{series.folder}/{name}", entry.size, entry.sha256, remote.url, remote.licence, remote.doi)
