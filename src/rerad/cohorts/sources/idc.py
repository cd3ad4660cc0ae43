"""Collections of the NCI Imaging Data Commons (https://learn.canceridc.dev/data/downloading-data).

What it has stands in an index that comes with the package idc-index-data, one line a series (columns:
https://idc-index.readthedocs.io/en/latest/column_descriptions.html). The archive's own client takes seconds to load all
of it, and leaves the transfer to a program of its own; here one collection is read, a few columns of it, and what lies
in the public buckets comes over plain https through the downloader that resumes, checks and takes turns.
"""

from __future__ import annotations

import difflib
import logging
import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from rerad.cohorts.sources.client import open_client
from rerad.cohorts.sources.collection import Series, Wanted, choose, estimate_of, referring, wanted
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row
from rerad.cohorts.sources.s3 import bucket_url, list_objects, object_url
from rerad.cohorts.sources.threads import in_threads
from rerad.core.errors import ReradError

log = logging.getLogger(__name__)

# All buckets of the archive (idc-open-data, …-two, …-cr) lie with AWS in us-east-1.
ENDPOINT = "https://{bucket}.s3.amazonaws.com"
LISTERS = 16
COLUMNS = [
    "collection_id", "PatientID", "Modality", "SeriesInstanceUID", "instanceCount", "series_size_MB", "series_aws_url",
    "license_short_name", "source_DOI",
]  # fmt: skip


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the files of the images and of all structures that may belong to them; the buckets are listed.

    ``settings``: see :func:`~rerad.cohorts.sources.collection.wanted` (``collection`` as the archive's collection_id);
    ``endpoint``: the address of another S3 server, ``{bucket}`` in it standing for the bucket.

    Raises:
        ConfigError, ReradError: the settings; nothing of what they ask for; the bucket cannot be listed; it has another
            number of files of a series than the index says.
    """
    chosen = _chosen(wanted(settings, "idc"))
    endpoint = settings.get("endpoint") or ENDPOINT
    stop = threading.Event()
    with open_client(LISTERS) as client:
        tasks = [partial(_files, client, endpoint, series, url, stop) for series, url in chosen.items()]
        lists = in_threads(tasks, workers=LISTERS, stop=stop, name="list")
    return [remote for remotes in lists for remote in remotes]


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return how many files and bytes the index says, structures of other images included; nothing is asked.

    Raises:
        ConfigError, ReradError: see :func:`plan`.
    """
    return estimate_of(list(_chosen(wanted(settings, "idc"))))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the files as ``<PatientID>/<Modality>/<SeriesInstanceUID>/<name>`` and return the rows of the manifest.

    Raises:
        ConfigError, ReradError: see :func:`plan` and :func:`~rerad.cohorts.sources.download.download`.
    """
    rows = download(plan(settings), folder, workers=workers, label="idc")
    return referring(folder, rows, wanted(settings, "idc"))


def index_file() -> Path:
    """Return the index that is installed."""
    import idc_index_data

    path = idc_index_data.IDC_INDEX_PARQUET_FILEPATH
    if path is None:
        raise ReradError("the installed package has no index", where="idc-index-data", remedy="Install it again")
    log.info("IDC index %s", idc_index_data.__version__)
    return Path(path)


def _chosen(want: Wanted) -> dict[Series, str]:
    """Return the wanted series, and the address of each (s3://bucket/prefix/*)."""
    path = index_file()
    lines = _read(path, COLUMNS, [("collection_id", "==", want.collection)])
    if lines.empty:
        names = sorted(set(_read(path, ["collection_id"]).collection_id))
        near = difflib.get_close_matches(want.collection.lower().replace("-", "_"), names)
        remedy = f"Did you mean {' or '.join(near)}?" if near else f"Write one of its {len(names)} collection_ids"
        raise ReradError(f"no collection {want.collection!r} in the index", where="idc.collection", remedy=remedy)
    listed = {
        Series(
            line.PatientID,
            line.Modality,
            line.SeriesInstanceUID,
            int(line.instanceCount),
            round(line.series_size_MB * 1e6),
            line.license_short_name,
            line.source_DOI,
        ): line.series_aws_url
        for line in lines.itertuples(index=False)
    }
    return {series: listed[series] for series in choose(listed, want, where="idc")}


def _read(path: Path, columns: list[str], filters: list[tuple[str, str, str]] | None = None) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns, filters=filters)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's own are kinds of these
        remedy = "Install the version of idc-index-data that the lock names"
        raise ReradError(f"the index cannot be read ({error})", where=str(path), remedy=remedy) from error


def _files(client: httpx.Client, endpoint: str, series: Series, url: str, stop: threading.Event) -> list[Remote]:
    """Return the files of one series, after comparing their number with the index.

    Raises:
        ReradError: the number differs, or a file lies deeper than in the folder of the series.
    """
    place = re.fullmatch(r"s3://([a-z0-9.-]+)/([^/*]+/)\*", url)
    if not place:
        raise ReradError(f"the index has the address {url!r}", where=f"idc, {series}")
    bucket, prefix = bucket_url(endpoint, place[1]), place[2]
    objects = list_objects(client, bucket, prefix, stop=stop)
    if len(objects) != series.files:
        raise ReradError(
            f"{len(objects)} files in {bucket}/{prefix} for {series.files} in the index",
            where=f"idc, {series}",
            remedy="The index may be older than the archive: update idc-index-data, or leave the patient out",
        )
    if (size := sum(found.size for found in objects)) != series.size:
        log.warning("idc, %s: %d bytes for %d in the index", series, size, series.size)
    remotes = []
    for found in sorted(objects):
        name = found.key.removeprefix(prefix)
        if not name or "/" in name or name.startswith("."):
            raise ReradError(f"the key {found.key!r} is no file of this series", where=f"idc, {series}")
        checksum = f"md5:{found.md5}" if found.md5 else ""
        address = object_url(bucket, found.key)
        remotes.append(Remote(f"{series.folder}/{name}", address, found.size, checksum, series.licence, series.doi))
    return remotes
