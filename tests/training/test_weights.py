"""Pretrained weights: one file for all who start from them, checked, or a phantom."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from archive_server import ArchiveServer, serve

from rerad import models
from rerad.core.errors import ConfigError, ReradError
from rerad.training.weights import fetch_weights, weights_name

CONTENT = b"weights of a network"


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with serve() as server:
        yield server


def entry(weights: Any, depth: int = 18) -> dict[str, Any]:
    return {"model": "net", "network": {"depth": depth}, "recipe": {"weights": weights}}


def published(archive: ArchiveServer, content: bytes = CONTENT) -> dict[str, str]:
    url = archive.put("/models/resnet18-f37072fd.pth", content)
    return {"url": url, "sha256": hashlib.sha256(CONTENT).hexdigest()}


def test_weights_at_an_address_come_once_and_are_checked(archive: ArchiveServer, tmp_path: Path) -> None:
    weights = published(archive)
    target = tmp_path / "weights" / f"{weights_name(entry(weights))}.pth"
    assert target.name == f"resnet18-f37072fd_{weights['sha256'][:8]}.pth"
    fetch_weights(target, entry=entry(weights), seed=0)
    assert target.read_bytes() == CONTENT
    fetch_weights(target, entry=entry(weights), seed=0)
    assert archive.count("/models/resnet18-f37072fd.pth") == 1


def test_other_bytes_are_refused(archive: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rerad.cohorts.sources import client

    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT_S", 0.02)
    with pytest.raises(ReradError, match="sha256"):
        fetch_weights(tmp_path / "a.pth", entry=entry(published(archive, b"others")), seed=0)
    assert not (tmp_path / "a.pth").exists()


def test_methods_with_the_same_weights_share_a_file() -> None:
    url = {"url": "https://host/a/resnet18-f37072fd.pth?download=1", "sha256": "f37072fd" * 8}
    assert weights_name(entry(url)) == weights_name(entry(dict(url), depth=34)) == "resnet18-f37072fd_f37072fd"
    assert weights_name(entry("phantom")) == weights_name(entry("phantom"))
    assert weights_name(entry("phantom")) != weights_name(entry("phantom", depth=34))
    other_head = {**entry("phantom"), "network": {"depth": 18, "hidden": [32]}}  # published weights have no such part
    assert weights_name(other_head) == weights_name(entry("phantom")) == "phantom_net_depth18"
    assert weights_name(entry(None)) is None
    assert weights_name(entry({"path": "/data/resnet18.pth"})) is None


def test_a_phantom_is_written_by_the_network_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("net_of_a_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(models.MODELS, "net", module.__name__)
    with pytest.raises(ConfigError, match="'phantom' cannot be fetched for net"):
        fetch_weights(tmp_path / "a.pth", entry=entry("phantom"), seed=0)
    module.write_weights = lambda path, settings, seed: path.write_text(f"{settings} {seed}")
    fetch_weights(tmp_path / "a.pth", entry=entry("phantom"), seed=0)
    fetch_weights(tmp_path / "b.pth", entry=entry("phantom", depth=34), seed=0)
    first, second = ((tmp_path / name).read_text() for name in ("a.pth", "b.pth"))
    assert first.startswith("{'depth': 18} ")
    assert second == first.replace("18", "34", 1)
