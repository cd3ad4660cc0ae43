"""A local archive and short waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from archive_server import ArchiveServer, serve

from rerad.cohorts.sources import client


@pytest.fixture
def archive() -> Iterator[ArchiveServer]:
    with serve() as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds where people would wait seconds, and never ask a proxy for this machine."""
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
