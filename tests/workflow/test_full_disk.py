"""A disk that is full in one stage after the other: each says so by name, and goes on where it stopped once there is room."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_run import ROOT, outcome

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
Run = Callable[..., subprocess.CompletedProcess[str]]
ONE_STUDY = ROOT / "tests" / "workflow" / "one_study.yaml"
STAGES = [
    "acquire", "prepare", "split", "describe", "picture", "search", "train", "evaluate", "compare", "tabulate", "plot",
    "deviate", "report",
]  # fmt: skip
ROOM = "500m"
PAGE = 4096  # bytes; a size of 0 would mean no limit
NAMED = re.compile(r"(\S+): cannot be written \(No space left on device.*Free space", re.S)


def size_of(folder: Path) -> int:
    """Return the bytes that a file system of memory uses, in its pages."""
    told = subprocess.run(["df", "--output=used", "-B1", str(folder)], capture_output=True, text=True, check=True)
    return int(told.stdout.split()[-1])


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Return a function that gives the disk under ``results`` a size, ``full`` being what is on it."""
    folder = tmp_path / "small" / "results"
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")

    def resize(size: str) -> None:
        wanted = str(max(size_of(folder), PAGE)) if size == "full" else size
        subprocess.run(["mount", "-o", f"remount,size={wanted}", str(folder)], check=True)

    yield resize
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_every_stage_names_a_full_disk_and_goes_on_when_there_is_room(
    tmp_path: Path, run: Run, disk: Callable[[str], None]
) -> None:
    small, calm = tmp_path / "small", tmp_path / "calm"
    calm.mkdir()
    given = {"overlays": (ONE_STUDY,)}
    for stage in STAGES:
        disk("full")
        failed = run(folder=small, options=("--until", stage), **given)
        assert failed.returncode != 0, f"{stage}: {failed.stdout}"
        assert NAMED.search(failed.stdout), f"{stage}: {failed.stdout}"
        assert "Traceback" not in failed.stdout.partition("Details:")[0], stage
        disk(ROOM)
        done = run(folder=small, options=("--until", stage), **given)
        assert done.returncode == 0, f"{stage}: {done.stdout}"
    assert run(folder=small, **given).returncode == 0
    assert run(folder=calm, **given).returncode == 0
    assert outcome(small) == outcome(calm)
    assert not list(small.rglob(".part-*"))
