"""Run the workflow, each time in a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_run import TINY, command


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Return a function that runs the workflow to its end."""
    started: list[subprocess.Popen[str]] = []

    def call(
        *targets: str, folder: Path = tmp_path, overlays: tuple[Path, ...] = (), options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        line = command(folder, *targets, overlays=(TINY, *overlays))
        line[line.index("--cores") : line.index("--cores")] = list(options)
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=folder
        )
        started.append(process)
        output, _ = process.communicate(timeout=1500)
        return subprocess.CompletedProcess(line, process.returncode, output)

    yield call
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
