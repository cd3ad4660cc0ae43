"""The one downloader: every byte of every source comes through here."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx

from rerad.cohorts.sources.checksums import Digests
from rerad.cohorts.sources.client import AgainError, build, check_status, connection, open_client, persist
from rerad.cohorts.sources.disk import check_space
from rerad.cohorts.sources.progress import Progress
from rerad.cohorts.sources.receipts import is_there, refuse_folders, write_receipt
from rerad.cohorts.sources.remote import Remote, Row, check, place, row, shown
from rerad.cohorts.sources.threads import in_threads, refuse_stopped
from rerad.core.errors import ReradError
from rerad.core.files import appending, finish, hand_over, make_folder, unfinished
from rerad.core.lock import one_at_a_time

log = logging.getLogger(__name__)
HAND_OVER = 16 * 2**20


def download(remotes: Sequence[Remote], folder: Path, *, workers: int = 4, label: str = "download") -> list[Row]:
    """Bring files into a folder, at most ``workers`` at a time, and return their manifest rows in the order given.

    A file has its name only when it is complete and right. What is there and right is kept; what is unfinished is
    resumed. Processes that want the same folder take turns, so that the second finds everything there. Disk space
    is checked before the first byte.

    Raises:
        ConfigError, ReradError: see :func:`rerad.cohorts.sources.remote.check`; the disk is full; a token is refused;
            a folder stands where a file belongs; a file cannot be had. The first error ends the others soon; they go
            on from there next time.
    """
    check(remotes)
    with one_at_a_time(folder), open_client(workers) as client:
        missing = [remote for remote in remotes if not place(folder, remote).exists()]
        check_space(folder, sum(_to_come(folder, remote) for remote in missing))
        progress = Progress(label, files=len(remotes), total=sum(remote.size or 0 for remote in remotes))
        stop = threading.Event()
        tasks = [partial(_bring, client, remote, folder, stop, progress) for remote in remotes]
        return in_threads(tasks, workers=workers, stop=stop, name="download")


def _to_come(folder: Path, remote: Remote) -> int:
    here = unfinished(place(folder, remote))
    return max(0, (remote.size or 0) - (here.stat().st_size if here.exists() else 0))


def _bring(client: httpx.Client, remote: Remote, folder: Path, stop: threading.Event, progress: Progress) -> Row:
    target = place(folder, remote)
    make_folder(target.parent)
    refuse_folders(target)
    digests = Digests(remote.checksum)
    if target.exists() and is_there(remote, target, digests):
        progress.add(digests.size)
    else:
        transfer = _Transfer(client, remote, target, digests, stop, progress)
        persist(transfer.attempt, what=remote.file, stop=stop)
        if not remote.checksum:
            write_receipt(remote, target, digests)
        finish(target)
    progress.end_file()
    return row(remote, digests.size, digests.sha256)


class _Transfer:
    """One file on its way: what has come, and the validator that says whether the rest belongs to it."""

    def __init__(
        self,
        client: httpx.Client,
        remote: Remote,
        target: Path,
        digests: Digests,
        stop: threading.Event,
        progress: Progress,
    ) -> None:
        self.client, self.remote, self.target = client, remote, target
        self.digests, self.stop, self.progress = digests, stop, progress
        self.validator = ""
        self.size = remote.size
        self._take_up()

    def _take_up(self) -> None:
        """Start from what another process left, which only a published checksum can prove to be good."""
        here = unfinished(self.target)
        self.digests.restart()
        if here.exists() and self.remote.checksum and here.stat().st_size <= (self.size or here.stat().st_size):
            self.digests.take_file(here)
            self.progress.add(self.digests.size)
            log.info("%s: goes on at byte %d", self.remote.file, self.digests.size)
        else:
            here.unlink(missing_ok=True)

    def _discard(self) -> None:
        self.progress.add(-self.digests.size)
        self.digests.restart()
        self.validator = ""
        unfinished(self.target).unlink(missing_ok=True)

    def attempt(self) -> None:
        """Ask for what is missing, take it, and check the whole.

        Raises:
            AgainError: cut, busy, or wrong bytes (which are thrown away).
            ReradError: the file cannot be had; the disk is full.
        """
        refuse_stopped(self.stop, self.remote.file)
        if not (self.remote.checksum or self.validator):
            self._discard()  # nothing would tell whether the rest belongs to the beginning
        start = self.digests.size
        if not self.digests.size or self.digests.size != self.size:
            with connection(self.remote.url, lambda: self.digests.size > start):
                self._ask()
        self._check()

    def _ask(self) -> None:
        headers = {}
        if self.digests.size:
            headers["Range"] = f"bytes={self.digests.size}-"
            if self.validator:
                headers["If-Range"] = self.validator
        request = build(self.client, self.remote.url, self.remote.token, headers)
        response = self.client.send(request, stream=True)
        try:
            if response.status_code == 416 and self.digests.size:
                self._discard()  # what is here is longer than the file, or another one
                raise AgainError("the beginning does not belong to the file")
            check_status(response, self.remote.url, self.remote.token)
            self._begin(response)
            self._receive(response)
        finally:
            response.close()

    def _begin(self, response: httpx.Response) -> None:
        """Learn the size and the validator; throw away the beginning if the answer does not continue it."""
        headers = response.headers
        total = _content_length(response)
        if response.status_code == 206:
            start, total = _content_range(headers.get("Content-Range", ""))
            if start != self.digests.size:
                self._discard()
                raise AgainError("the server sent another range than it was asked for", wrong=True)
        elif self.digests.size:
            log.warning("%s: the server starts from the beginning", self.remote.file)
            self._discard()
        etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
        # Only a strong validator tells bytes apart (RFC 9110 section 13.1.5).
        self.validator = etag if etag.startswith('"') else modified
        if not self.remote.checksum:
            _refuse_unprovable(self.remote, response)
        if total is not None and self.remote.size is not None and total != self.remote.size:
            self._discard()
            raise AgainError(f"{total} bytes for {self.remote.size}", wrong=True)
        if self.size is None and total is not None:
            self.progress.learn(total)
            self.size = total
        if self.size is not None:
            check_space(self.target.parent, self.size - self.digests.size)

    def _receive(self, response: httpx.Response) -> None:
        with appending(self.target) as file:
            handed_over = self.digests.size
            if file.tell() != handed_over:
                raise ReradError("somebody else writes to it", where=str(unfinished(self.target)))
            for block in response.iter_raw():
                refuse_stopped(self.stop, self.remote.file)
                if self.size is not None and self.digests.size + len(block) > self.size:
                    break  # the check sees too many bytes as wrong ones; they need not fill the disk
                file.write(block)
                self.digests.add(block)
                if self.digests.size - handed_over >= HAND_OVER:
                    hand_over(file)
                    handed_over = self.digests.size
                self.progress.add(len(block))
            else:
                return
        self._discard()
        raise AgainError(f"more than {self.size} bytes", wrong=True)

    def _check(self) -> None:
        what = self.digests.difference()
        if self.size is not None and self.digests.size != self.size:
            what = f"{self.digests.size} bytes for {self.size}"
        if what:
            self._discard()
            raise AgainError(what, wrong=True)


def _refuse_unprovable(remote: Remote, response: httpx.Response) -> None:
    """Refuse an answer of which nothing could say, at its end, that it is the whole file and nothing else."""
    headers = response.headers
    what = ""
    known = (
        remote.size is not None
        or remote.self_proving
        or "Content-Length" in headers
        or "chunked" in headers.get("Transfer-Encoding", "")
    )
    if not known:
        what = "the server does not say how long the file is"
    elif headers.get("Content-Encoding", "identity") != "identity":
        what = "the server sends the file in a coding that was not asked for"
    elif headers.get("Content-Type", "").startswith("text/html") and not remote.file.endswith((".html", ".htm")):
        what = "the server sends a web page instead of the file"
    if what:
        remedy = "Check the address, or give the file's checksum in the settings"
        raise ReradError(f"{what}, and no checksum is known", where=shown(remote.url), remedy=remedy)


def _content_length(response: httpx.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _content_range(text: str) -> tuple[int, int | None]:
    """Return first byte and full size of ``Content-Range: bytes 5-9/10``; -1 if it says nothing."""
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", text.strip())
    if not found:
        return -1, None
    return int(found[1]), None if found[2] == "*" else int(found[2])
