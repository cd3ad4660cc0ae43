"""The Imaging Data Commons in small: a local server in the place of its public buckets, and lines of its index."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from dicom_collection import DOI, LICENCE, Listed
from moto.server import ThreadedMotoServer

BUCKET = "idc-open-data"


@contextmanager
def serve_buckets() -> Iterator[str]:
    """Serve buckets of objects, none as yet, and give the server's address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


def make_bucket(address: str, content: dict[str, bytes]) -> Any:
    """Put objects by key into the archive's bucket, made if need be, and return the client that did."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    store = boto3.client("s3", endpoint_url=address, **keys)
    store.create_bucket(Bucket=BUCKET, ACL="public-read")
    for key, body in content.items():
        store.put_object(Bucket=BUCKET, Key=key, Body=body, ACL="public-read")
    return store


def objects_of(collection: Sequence[Listed]) -> dict[str, bytes]:
    """Return the bytes of a collection's files by their keys in the bucket."""
    return {f"{prefix(series)}/{name}": content for series in collection for name, content in series.files.items()}


def prefix(series: Listed) -> str:
    """Return the archive's own name for a series, a UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, series.uid))


def line_of(series: Listed, collection: str = "soft_tissue_sarcoma") -> dict[str, object]:
    """Return a line of the index, cut to what is read and some that is not."""
    return {
        "collection_id": collection, "PatientID": series.patient, "Modality": series.modality,
        "SeriesInstanceUID": series.uid, "StudyInstanceUID": "1.2", "instanceCount": len(series.files),
        "series_size_MB": series.size / 1e6, "series_aws_url": f"s3://{BUCKET}/{prefix(series)}/*",
        "license_short_name": LICENCE, "source_DOI": DOI,
    }  # fmt: skip
