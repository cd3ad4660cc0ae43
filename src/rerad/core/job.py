"""What every job does first."""

from __future__ import annotations

from pathlib import Path

from rerad.core import life, log


def begin(log_file: str | Path) -> None:
    """Set up the job's log and end the job when its run ends."""
    log.set_up(log_file)
    life.end_with_run()
