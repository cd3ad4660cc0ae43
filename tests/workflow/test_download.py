"""What a download will be is asked of an archive only by runs that would start it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_server import serve

pytestmark = pytest.mark.workflow


def test_the_archive_is_asked_once_and_only_if_the_cohort_is_to_come(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    overlay, folder = tmp_path / "idc.yaml", tmp_path / "results" / "tiny" / "data" / "sts"
    with serve() as archive:
        overlay.write_text(
            f"cohorts: {{sts: {{source: idc, idc: {{endpoint: '{archive.address}', zenodo: {{api: '{archive.address}'}}}}}}}}"
        )

        def asked(*targets: str) -> tuple[int, str]:
            before = len(archive.asked)
            done = run(*targets, overlays=(overlay,), options=("-n",))
            assert done.returncode == 0, done.stdout
            return len(archive.asked) - before, done.stdout

        requests, told = asked("acquire_sts")
        assert requests == 1
        assert "and what zenodo does not tell" in told  # this server knows no record
        folder.mkdir(parents=True)
        for name in ("manifest.csv", "ATTRIBUTION.md"):
            (folder / name).touch()
        requests, told = asked("results/tiny/cohorts/sts/cases.csv")
        assert requests == 0
        assert "prepare" in told
