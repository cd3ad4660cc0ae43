"""Studies of the cBioPortal datahub (https://docs.cbioportal.org/downloads/): one tar.gz each.

An archive is made anew whenever a file of its study changes, so that no checksum of it is published; what is published
is the SHA-256 of each file, as its Git LFS pointer in https://github.com/cBioPortal/datahub. There is nothing to ask:
plan and estimate need no network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rerad.cohorts.sources.checksums import parse
from rerad.cohorts.sources.download import download
from rerad.cohorts.sources.remote import Estimate, Remote, Row, inside, total
from rerad.cohorts.sources.url import unpacked
from rerad.core.errors import ConfigError, ReradError

API = "https://datahub.assets.cbioportal.org"
STUDY = "gbm_tcga"
# 107,424,205 bytes, 12,042 genes x 528 samples (public/gbm_tcga/data_mrna_affymetrix_microarray.txt of the datahub).
FILES = {
    "data_mrna_affymetrix_microarray.txt": "sha256:4212ef19c578de5ccf09e3110654e72679dafde2ac81cc7c1686c40505fd6dea"
}
LICENCE = "ODbL-1.0"  # README of the datahub
DOI = "10.7908/C11G0KM9"  # Broad GDAC Firehose of 28 January 2016, from which gbm_tcga stems
FOLDER = "cbioportal"


def plan(settings: dict[str, Any]) -> list[Remote]:
    """Return the archive of a study.

    ``settings``: ``study``; ``files``, name → checksum (``sha256:…``, or nothing) of those that are wanted; ``size``
    and ``checksum`` of the archive, if you know them; ``licence``, ``doi``; ``api`` (the address of another server).

    Raises:
        ConfigError: a file's checksum is no SHA-256.
    """
    for name, checksum in _files(settings).items():
        if checksum and parse(checksum, where=f"cbioportal.files.{name}")[0] != "sha256":
            raise ConfigError(f"{checksum!r} is no SHA-256", where=f"cbioportal.files.{name}")
    archive = f"{_study(settings)}.tar.gz"
    address, checksum = f"{settings.get('api') or API}/{archive}", settings.get("checksum") or ""
    licence, doi = settings.get("licence") or LICENCE, settings.get("doi") or DOI
    return [Remote(archive, address, settings.get("size"), checksum, licence, doi)]


def estimate(settings: dict[str, Any]) -> Estimate:
    """Return files and bytes that would be fetched, without asking; the bytes are None unless the settings say."""
    return total(plan(settings))


def fetch(folder: Path, settings: dict[str, Any], *, workers: int = 4) -> list[Row]:
    """Bring the archive, unpack the wanted files to ``cbioportal/<study>``, check them, and return their rows.

    Raises:
        ConfigError, ReradError: see :func:`plan`, :func:`~rerad.cohorts.sources.download.download` and
            :func:`~rerad.cohorts.sources.unpack.unpack`; a file is not the one that was expected.
    """
    files = _files(settings)
    wanted = {f"{_study(settings)}/{name}": checksum for name, checksum in files.items()}
    rows = download(plan(settings), folder, workers=workers, label="cbioportal")
    archive = rows[0].file
    rows = unpacked(folder, rows, {archive: FOLDER}, [_literal(name) for name in wanted])
    for row in rows:
        _check(row, wanted[row.file.removeprefix(f"{FOLDER}/")], folder / archive)
    return rows


def _study(settings: dict[str, Any]) -> str:
    return settings.get("study") or STUDY


def _files(settings: dict[str, Any]) -> dict[str, str]:
    files = settings.get("files") or FILES
    return {str(inside(name, where="cbioportal.files")): checksum or "" for name, checksum in files.items()}


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _check(row: Row, checksum: str, archive: Path) -> None:
    if not checksum:
        return
    _, expected = parse(checksum, where=row.file)
    if row.sha256 != expected:
        raise ReradError(
            f"SHA-256 {row.sha256[:12]}… for {expected[:12]}… ({row.size} bytes)",
            where=row.file,
            remedy=f"Delete {archive} and fetch it again; if it stays so, the study has changed: take the new checksum "
            "into cbioportal.files, or the old file from the history of github.com/cBioPortal/datahub (source url)",
        )
