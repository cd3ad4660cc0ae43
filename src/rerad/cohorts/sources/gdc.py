"""Files of the Genomic Data Commons (https://docs.gdc.cancer.gov/API/Users_Guide/Search_and_Retrieval/).

``POST /files`` lists them with the MD5 of each, ``GET /data/<file_id>`` gives one, ``GET /status`` the data release.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pandas as pd

from rerad.cohorts.barcodes import by_preference
from rerad.cohorts.sources.client import open_client, read_json
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row, Token, total
from rerad.core.errors import ConfigError, ReradError
from rerad.core.files import sha256, write_csv

log = logging.getLogger(__name__)

API = "https://api.gdc.cancer.gov"
PAGE = 500
TABLE = "files.csv"
LICENCE = "GDC {} access, NIH Genomic Data Sharing Policy"
DOI = "10.1056/NEJMp1607591"  # Grossman et al. 2016, which the GDC asks to cite
FIELDS = [
    "file_id", "file_name", "file_size", "md5sum", "cases.submitter_id", "cases.samples.submitter_id",
    "cases.samples.sample_type", "cases.samples.tissue_type", "cases.samples.tumor_descriptor",
    "associated_entities.entity_submitter_id",
]  # fmt: skip


class File(NamedTuple):
    """One file of the archive and what it was measured on; the barcodes of several are joined by a semicolon."""

    file: str
    file_id: str
    size: int
    md5: str
    case: str
    sample: str
    sample_type: str
    tissue_type: str
    tumor_descriptor: str
    aliquot: str


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the files that fit.

    ``settings``: ``project``, ``data_type``, ``workflow``, ``access`` (open); ``sample_codes`` (the two digits of a
    TCGA barcode after the patient: 01 is a primary tumour; without it all); ``one_per_case`` (keep one file a patient:
    the first vial, then by the rules of GDAC Firehose); ``token`` (the name of the environment variable, for controlled
    access); ``api`` (of another server); ``licence``, ``doi``.

    Raises:
        ConfigError: a key is missing.
        ReradError: nothing fits, or the answer has another shape than documented.
    """
    return _remotes(_list(settings), settings)


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return files and bytes that would be fetched.

    Raises:
        ConfigError, ReradError: see :func:`plan`.
    """
    return total(plan(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the files, each in a folder of its id, and the table ``files.csv`` of their patients and samples.

    Raises:
        ConfigError, ReradError: see :func:`plan` and :func:`~rerad.cohorts.sources.download.download`.
    """
    files = _list(settings)
    release = _release(settings)
    rows = download(_remotes(files, settings), folder, workers=workers, label="gdc")
    table = folder / TABLE
    write_csv(table, pd.DataFrame(files, columns=File._fields).assign(data_release=release))
    address = f"{_base(settings)}/files" + (f"#{quote(release)}" if release else "")
    licence, doi = rows[0].licence, rows[0].doi
    return [*rows, Row(TABLE, table.stat().st_size, sha256(table), address, licence, doi)]


def _base(settings: dict[str, Any]) -> str:
    return settings.get("api") or API


def _remotes(files: list[File], settings: dict[str, Any]) -> list[Remote]:
    token = Token(settings["token"], "X-Auth-Token", "") if settings.get("token") else None
    licence = settings.get("licence") or LICENCE.format(settings.get("access") or "open")
    doi, base = settings.get("doi") or DOI, _base(settings)
    return [
        Remote(file.file, f"{base}/data/{file.file_id}", file.size, f"md5:{file.md5}", licence, doi, token)
        for file in files
    ]


def _list(settings: dict[str, Any]) -> list[File]:
    wanted = _wanted(settings)
    url = f"{_base(settings)}/files"
    with open_client() as client:
        hits = list(_hits(client, url, wanted))
    try:
        files = [_file(hit) for hit in hits]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _other_shape(url, error) from error
    if len({file.file_id for file in files}) < len(files):
        raise ReradError("a file stands on two pages", where=url, remedy="The archive changes just now: start again")
    if codes := [str(code).zfill(2) for code in settings.get("sample_codes") or []]:
        files = [file for file in files if _code(file.sample) in codes]
    if not files:
        asked = ", ".join([*wanted.values(), *codes])
        raise ReradError(f"no file fits {asked}", where=url, remedy="The archive may name them otherwise by now")
    return _one_per_case(files) if settings.get("one_per_case") else files


def _wanted(settings: dict[str, Any]) -> dict[str, str]:
    """Return what each field must be."""
    for key in ("project", "data_type", "workflow"):
        if not settings.get(key):
            raise ConfigError(f"{key!r} is missing", where="gdc")
    return {
        "cases.project.project_id": settings["project"],
        "data_type": settings["data_type"],
        "analysis.workflow_type": settings["workflow"],
        "access": settings.get("access") or "open",
    }


def _hits(client: httpx.Client, url: str, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    content = [{"op": "in", "content": {"field": field, "value": [value]}} for field, value in wanted.items()]
    filters = {"op": "and", "content": content}
    # Sorted: without an order of its own a page may repeat what another had, and leave out what none has.
    asked = {"filters": filters, "fields": ",".join(FIELDS), "format": "json", "size": PAGE, "sort": "file_id:asc"}
    start = 0
    while True:
        answer = read_json(client, url, payload={**asked, "from": start})
        try:
            if answer.get("warnings"):
                log.warning("%s: %s", url, answer["warnings"])
            hits, count = list(answer["data"]["hits"]), int(answer["data"]["pagination"]["total"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _other_shape(url, error) from error
        yield from hits
        start += len(hits)
        if start >= count:
            return
        if not hits:
            raise ReradError(f"{start} files came of {count}", where=url, remedy="The archive changes: start again")


def _file(hit: dict[str, Any]) -> File:
    cases = list(hit["cases"])
    samples = [sample for case in cases for sample in case.get("samples") or []]
    aliquots = [entity["entity_submitter_id"] for entity in hit.get("associated_entities") or []]

    def joined(values: list[Any]) -> str:
        return ";".join(sorted({str(value) for value in values if value}))

    file_id = str(hit["file_id"])
    return File(
        f"{file_id}/{hit['file_name']}",
        file_id,
        int(hit["file_size"]),
        str(hit["md5sum"]),
        joined([case["submitter_id"] for case in cases]),
        joined([sample["submitter_id"] for sample in samples]),
        joined([sample.get("sample_type") for sample in samples]),
        joined([sample.get("tissue_type") for sample in samples]),
        joined([sample.get("tumor_descriptor") for sample in samples]),
        joined(aliquots),
    )


def _code(sample: str) -> str:
    """Return the type of a sample, 01 of ``TCGA-02-0047-01A``; nothing if it has none or there are several."""
    parts = sample.split("-")
    return parts[3][:2] if len(parts) == 4 and ";" not in sample else ""


def _one_per_case(files: list[File]) -> list[File]:
    several = [file for file in files if ";" in file.case + file.sample or not file.case]
    if several:
        raise ReradError(
            f"the file belongs to the samples {several[0].sample!r} of {several[0].case!r}",
            where=several[0].file,
            remedy="gdc.one_per_case needs files of one sample each",
        )
    chosen: dict[str, File] = {}
    for file in by_preference(files, lambda file: file.aliquot or file.sample):
        chosen.setdefault(file.case, file)
    return [chosen[case] for case in sorted(chosen)]


def _release(settings: dict[str, Any]) -> str:
    """Return the data release, such as ``Data Release 45.0 - December 04, 2025``; nothing if the archive says none."""
    try:
        with open_client() as client:
            status = read_json(client, f"{_base(settings)}/status")
    except ReradError as error:
        log.warning("the data release stays unknown: %s", error)
        return ""
    return str(status.get("data_release") or "") if isinstance(status, dict) else ""


def _other_shape(url: str, error: Exception) -> ReradError:
    return ReradError(f"the answer lacks {error}", where=url, remedy="The archive may have changed")
