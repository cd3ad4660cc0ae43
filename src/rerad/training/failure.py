"""A failing method is recorded, and the other rows of its tables stand."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from rerad.core.errors import ReradError
from rerad.core.files import write_text

log = logging.getLogger(__name__)


class Outcome(TypedDict):
    """``failed`` is None, or what a person should read about the failure."""

    failed: str | None


@contextlib.contextmanager
def recorded(work: str) -> Iterator[Outcome]:
    """Run a block; log an error in it with its traceback and keep its message in ``failed`` instead of raising.

    ``work`` says what the block does, for the log.
    """
    outcome = Outcome(failed=None)
    try:
        yield outcome
    except Exception as error:
        outcome["failed"] = str(error) if isinstance(error, ReradError) else f"{type(error).__name__}: {error}"
        log.exception("%s failed: %s", work, outcome["failed"])


def check_complete(costs: Sequence[Path], *, done: Path) -> None:
    """Write ``done`` if no search and no training failed.

    What failed is removed, so that the next run tries it again; the tables and the report keep its message until then.

    Raises:
        ReradError: naming what failed and why.
    """
    failed = {}
    for path in map(Path, costs):
        message = json.loads(path.read_text(encoding="utf-8"))["failed"]
        if message:
            failed[path.parent] = message
    if not failed:
        write_text(done, f"{len(costs)} jobs, none failed\n")
        return
    for folder in failed:
        for file in folder.iterdir():
            if file.is_file():
                file.unlink()
    told = "".join(f"\n  {'/'.join(folder.parts[-3:])}: {message}" for folder, message in sorted(failed.items()))
    raise ReradError(
        f"{len(failed)} of {len({Path(path).parent for path in costs})} trainings failed{told}\n"
        "The other rows stand, and the report is written",
        remedy="Mend the cause and run again: only these are repeated",
    )
