"""Provenance with and without git."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

from rerad.reporting.provenance import collect, write

MANIFEST = (
    "file,size,sha256,url,licence,doi\n"
    "a.nii.gz,100,aa,,CC BY 3.0,10.1/x\nb.nii.gz,23,bb,,CC BY 3.0,10.1/x\nc.xlsx,7,cc,,,\n"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "sts" / "manifest.csv"
    path.parent.mkdir(parents=True)
    path.write_text(MANIFEST)
    return path


def test_what_is_recorded(tmp_path: Path, data: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"# made by a tool\nnumpy=={np.__version__}\nSciPy==0.0.1 ; python_version > '3'\n")
    record = collect(manifests=[data], config={"run": "demo"}, lock=lock, root=tmp_path)
    assert record["python"]["version"] == platform.python_version()
    assert record["packages"]["numpy"] == np.__version__
    assert record["lock"]["sha256"] == hashlib.sha256(lock.read_bytes()).hexdigest()
    assert list(record["lock"]["differs"]) == ["scipy"]
    assert record["lock"]["differs"]["scipy"]["locked"] == "0.0.1"
    assert record["data"] == [
        {
            "cohort": "sts", "files": 3, "bytes": 130, "licence": ["CC BY 3.0"], "doi": ["10.1/x"],
            "manifest_sha256": hashlib.sha256(MANIFEST.encode()).hexdigest(),
        }
    ]  # fmt: skip
    json.dumps(record)


def test_without_git(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    record = collect(manifests=[data], config={}, lock=tmp_path / "no.lock", root=tmp_path)
    assert record["code"] == {"commit": None, "dirty": None}
    assert record["lock"] is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_with_git(tmp_path: Path, data: Path) -> None:
    root = tmp_path / "code"
    root.mkdir()
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    before = collect(manifests=[], config={}, lock=root / "x", root=root)["code"]
    assert before == {"commit": None, "dirty": False}
    (root / "file").write_text("1")
    git("add", "file")
    git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "first")
    clean = collect(manifests=[], config={}, lock=root / "x", root=root)["code"]
    assert clean == {"commit": git("rev-parse", "HEAD"), "dirty": False}
    (root / "file").write_text("2")
    assert collect(manifests=[], config={}, lock=root / "x", root=root)["code"]["dirty"] is True
    # An unpacked copy inside somebody else's repository does not take over that repository's commit.
    (root / "copy").mkdir()
    assert collect(manifests=[], config={}, lock=root / "x", root=root / "copy")["code"]["commit"] is None


def test_written_config_reads_back(tmp_path: Path, data: Path) -> None:
    shared = {"features": 25}
    config = {"run": "demo", "seeds": (0, 1), "paths": {"data": Path("data")}, "a": shared, "b": shared, "on": False}
    record = collect(manifests=[data], config=config, lock=tmp_path / "no.lock", root=tmp_path)
    record["config"]["paths"] = {"data": "data"}
    target = tmp_path / "run" / "provenance" / "provenance.json"
    write(
        record=record,
        difference=[("seeds", [0], [0, 1]), ("cohorts.sts.source", None, "phantom")],
        provenance=target,
        config_file=tmp_path / "run" / "config.yaml",
    )
    text = (tmp_path / "run" / "config.yaml").read_text()
    assert yaml.safe_load(text) == {
        "run": "demo", "seeds": [0, 1], "paths": {"data": "data"}, "a": shared, "b": shared, "on": False,
    }  # fmt: skip
    assert "#   seeds: [0, 1] (paper run: [0])\n" in text
    assert "#   cohorts.sts.source: phantom (paper run: not set)\n" in text
    assert "&id" not in text
    assert json.loads(target.read_text())["data"][0]["files"] == 3
    write(record=record, difference=[], provenance=target, config_file=tmp_path / "run" / "config.yaml")
    assert "It is that of the paper run" in (tmp_path / "run" / "config.yaml").read_text()
