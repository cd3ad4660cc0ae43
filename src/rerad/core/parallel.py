"""Work on many cases at once, in processes, with progress."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor

from rerad.core import bar
from rerad.core.cost import ends_with
from rerad.core.errors import CaseError, ReradError, UnwritableError, WorkerKilledError
from rerad.core.files import is_full
from rerad.core.life import end_with

log = logging.getLogger(__name__)
Item = TypeVar("Item")

# Each worker is one of several: the libraries inside it must not start a team of threads each. joblib sees to BLAS
# and OpenMP, not to ITK.
ITK_THREADS = "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"
_watching = False


def map_cases(
    function: Callable[[Item], Any], items: Sequence[Item], *, workers: int, label: str
) -> list[Any | ReradError]:
    """Return ``function(item)`` for every item, in order; an item's error stands in its place.

    A ``ReradError`` is returned as it is, any other exception as a ``CaseError`` that names the item.
    ``function`` must be picklable. One worker runs in this process.

    Raises:
        UnwritableError, OSError: what is written finds no room.
        WorkerKilledError: a worker was killed.
    """
    results: list[Any | ReradError] = []
    if workers <= 1 or len(items) <= 1:
        for item in items:
            _take(_guarded(function, item), results, label, len(items))
        return results
    ends_with(end_workers)
    parent = os.getpid()
    saved = os.environ.get(ITK_THREADS)
    os.environ[ITK_THREADS] = "1"
    try:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            calls = (delayed(_in_worker)(function, item, parent) for item in items)
            for answer in Parallel(n_jobs=workers, batch_size=1, return_as="generator")(calls):
                _take(answer, results, label, len(items))
    except BrokenProcessPool as error:
        raise WorkerKilledError(
            "a worker process was killed, most likely because memory ran out",
            where=label,
            remedy="Give the job fewer cores (--cores) or more memory",
        ) from error
    finally:
        if saved is None:
            del os.environ[ITK_THREADS]
        else:
            os.environ[ITK_THREADS] = saved
    return results


def end_workers() -> None:
    """End the processes that wait for more cases; the next :func:`map_cases` starts others."""
    get_reusable_executor(reuse=True).shutdown(wait=True)


def _take(answer: tuple[Any, str], results: list[Any], label: str, total: int) -> None:
    result, trace = answer
    results.append(result)
    if trace:  # a worker has no log of its own
        log.error("%s: %s\n%s", label, result, trace)
    _tell(label, len(results), total)


def _in_worker(function: Callable[[Item], Any], item: Item, parent: int) -> tuple[Any, str]:
    global _watching
    if not _watching:
        end_with(parent)
        _watching = True
    return _guarded(function, item)


def _guarded(function: Callable[[Item], Any], item: Item) -> tuple[Any, str]:
    try:
        return function(item), ""
    except UnwritableError:  # a full disk is no fault of the item: the whole job ends
        raise
    except ReradError as error:
        return error, ""
    except Exception as error:  # one broken case must not take the others down
        if is_full(error):
            raise
        return CaseError(f"{type(error).__name__}: {error}", where=str(item)), traceback.format_exc()


def _tell(label: str, count: int, total: int) -> None:
    if bar.on_terminal():
        bar.draw(label, count / total, f"{count}/{total}", over=count == total)
    elif count == total or count % max(1, total // 10) == 0:
        log.info("%s: %d of %d", label, count, total)
