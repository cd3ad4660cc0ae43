"""A server of files that keeps to the protocol, and breaks it where a test says so."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Fault:
    """What is done to one answer; the defaults do nothing."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None  # the connection ends before this byte of the file
    stall_at: int | None = None  # nothing more comes from this byte on, until the test lets go
    content: bytes | None = None  # other bytes than those of the file; what is said beside a status
    no_length: bool = False
    ignore_range: bool = False


class ArchiveServer:
    """Files by path, faults by path (one an answer, then none), and what was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.questions: dict[str, Callable[[Any], Any]] = {}  # path → the answer to what was posted, both of JSON
        self.headers: dict[str, str] = {}
        self.etags = True
        self.hold = threading.Event()
        self.hold.set()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent: list[int] = []
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"{self.address}{path}"

    def put(self, path: str, content: bytes, *faults: Fault) -> str:
        self.files[path], self.faults[path] = content, list(faults)
        return self.url(path)

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: else the second waits 40 ms for an acknowledgement
    archive: ArchiveServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        archive = self.archive
        with archive.lock:
            archive.asked.append((self.path, dict(self.headers)))
            faults = archive.faults.get(self.path) or []
            fault = faults.pop(0) if faults else Fault()
        archive.hold.wait(20)
        if self.path not in archive.files or fault.status:
            words = fault.content or b""
            self.send_response(fault.status or 404)
            for name, value in {"Content-Length": str(len(words)), **fault.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(words)
            return
        self._send(archive.files[self.path] if fault.content is None else fault.content, fault)

    def do_POST(self) -> None:
        archive = self.archive
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path in archive.questions:
            archive.files[self.path] = json.dumps(archive.questions[self.path](question)).encode()
        self.do_GET()

    def _send(self, content: bytes, fault: Fault) -> None:
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        start = 0
        if (ranged := self.headers.get("Range")) and not fault.ignore_range:
            start = int(ranged.removeprefix("bytes=").rstrip("-"))
            if self.headers.get("If-Range", etag) != etag:
                start = 0
        if start >= len(content) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if not fault.no_length:
            self.send_header("Content-Length", str(len(content) - start))
        if self.archive.etags:
            self.send_header("ETag", etag)
        for name, value in {**self.archive.headers, **fault.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        end = len(content) if fault.cut_at is None else fault.cut_at
        if fault.stall_at is not None:
            self.wfile.write(content[start : fault.stall_at])
            self.archive.hold.clear()
            self.archive.hold.wait(20)
            start = fault.stall_at
        self.wfile.write(content[start:end])
        self.archive.sent.append(max(0, end - start))
        if fault.cut_at is not None or fault.no_length:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that hang up in the middle are what the tests are about."""


@contextmanager
def serve() -> Iterator[ArchiveServer]:
    """Start a server on a free port of this machine, and end it."""
    server = _Server(("127.0.0.1", 0), _Handler)
    archive = ArchiveServer(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"archive": archive})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        archive.hold.set()
        server.shutdown()
        server.server_close()
