"""A failing method is recorded, and the other rows of its tables stand."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TypedDict

from rerad.core.errors import ReradError, UnwritableError, WorkerKilledError
from rerad.core.files import is_full

log = logging.getLogger(__name__)


class Outcome(TypedDict):
    """``failed`` is None, or what a person should read about the failure."""

    failed: str | None


@contextlib.contextmanager
def recorded(work: str) -> Iterator[Outcome]:
    """Run a block; log an error in it with its traceback and keep its message in ``failed`` instead of raising.

    ``work`` says what the block does, for the log. What is no fault of the method ends the job instead, which is then
    tried again: its numbers are not known yet.

    Raises:
        UnwritableError, OSError: what is written finds no room.
        WorkerKilledError: a process of the block was killed.
    """
    outcome = Outcome(failed=None)
    try:
        yield outcome
    except (UnwritableError, WorkerKilledError):
        raise
    except Exception as error:
        if is_full(error):
            raise
        outcome["failed"] = str(error) if isinstance(error, ReradError) else f"{type(error).__name__}: {error}"
        log.exception("%s failed: %s", work, outcome["failed"])
