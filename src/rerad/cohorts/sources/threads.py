"""Several requests at a time, of which the first that fails ends all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from rerad.core.errors import ReradError

Result = TypeVar("Result")


class StoppedError(ReradError):
    """This one was all right; another one failed."""


def refuse_stopped(stop: threading.Event | None, where: str) -> None:
    """Return unless ``stop`` is set.

    Raises:
        StoppedError: it is.
    """
    if stop is not None and stop.is_set():
        raise StoppedError("stopped because another one failed", where=where)


def in_threads(
    tasks: Sequence[Callable[[], Result]], *, workers: int, stop: threading.Event, name: str
) -> list[Result]:
    """Return the results of all tasks in their order, at most ``workers`` at work at a time.

    On the first error, or an interrupt, ``stop`` is set: tasks look at it and end soon (``refuse_stopped``).

    Raises:
        ReradError: the first error that is no ``StoppedError``.
    """
    with ThreadPoolExecutor(max(1, workers), thread_name_prefix=name) as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            # All done, it changes nothing.
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    errors = [error for future in futures if not future.cancelled() and (error := future.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, StoppedError)):
        raise error
    return [future.result() for future in futures]
