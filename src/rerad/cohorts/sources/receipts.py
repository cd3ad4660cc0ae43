"""Whether a file that is there is the one that is wanted."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from rerad.cohorts.sources.checksums import Digests
from rerad.cohorts.sources.remote import Remote, shown
from rerad.core.errors import ReradError
from rerad.core.files import unfinished, write_json

log = logging.getLogger(__name__)


def _receipt(target: Path) -> Path:
    return target.with_name(f".{target.name}.receipt.json")


def refuse_folders(target: Path) -> None:
    """Refuse a folder that stands where a file, its beginning or its receipt belongs.

    Raises:
        ReradError: naming it.
    """
    for path in (target, unfinished(target), _receipt(target)):
        if path.is_dir():
            raise ReradError(
                "a folder stands where a file belongs", where=str(path), remedy="Move it away or remove it"
            )


def write_receipt(remote: Remote, target: Path, digests: Digests) -> None:
    """Note, beside a file whose source publishes no checksum, where it came from and what it was."""
    write_json(_receipt(target), {"url": shown(remote.url), "sha256": digests.sha256, "size": digests.size})


def is_there(remote: Remote, target: Path, digests: Digests) -> bool:
    """Say whether a file is complete and right, by the published checksum or else by its receipt.

    ``digests`` holds, afterwards, the checksums of the file, or nothing if it is to come anew. That a file exists
    proves nothing: its address or its checksum may have changed since.

    Raises:
        ReradError: a folder stands in the place of the file or of its receipt.
    """
    refuse_folders(target)
    digests.take_file(target)
    what = digests.difference()
    if remote.size is not None and digests.size != remote.size:
        what = f"{digests.size} bytes for {remote.size}"
    if not what and not remote.checksum:
        expected = {"url": shown(remote.url), "sha256": digests.sha256, "size": digests.size}
        what = "" if _read(_receipt(target)) == expected else "no receipt from this address"
    if what:
        log.warning("%s comes anew: %s", remote.file, what)
        digests.restart()
    return not what


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def remove(target: Path) -> None:
    """Remove a file that has served, and its receipt.

    Raises:
        ReradError: a folder stands in the place of one of them.
    """
    refuse_folders(target)
    target.unlink(missing_ok=True)
    _receipt(target).unlink(missing_ok=True)
