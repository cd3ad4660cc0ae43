"""What every job does first."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rerad.core import life, log
from rerad.core.cost import measure
from rerad.core.errors import ReradError
from rerad.core.files import write_json


def begin(log_file: str | Path) -> None:
    """Set up the job's log, end the job when its run ends, and write what it cost beside the log when it is over.

    Wall and CPU seconds and the peak memory (MB), its workers included, go to ``<log>.cost.json``. They are the
    kernel's own counts: sampling a job from outside, as Snakemake's ``benchmark`` does, took a tenth of a core.
    """
    log.set_up(log_file)
    life.end_with_run()
    running = ExitStack()
    cost = running.enter_context(measure())

    def told() -> None:
        running.close()
        used = ("wall_s", "cpu_s", "peak_rss_mb")
        try:
            write_json(Path(log_file).with_suffix(".cost.json"), {name: cost[name] for name in used})
        except ReradError as error:  # what the job made is no worse for it
            logging.getLogger(__name__).error("%s", error)

    atexit.register(told)


def optional(files: Sequence[str]) -> Path | None:
    """Return the file of an input that only some jobs of a rule have, or None."""
    return Path(files[0]) if files else None
