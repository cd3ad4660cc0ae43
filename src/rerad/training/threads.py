"""One thread for the linear algebra of a fold."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def one_thread() -> AbstractContextManager:
    """Hold BLAS and OpenMP to one thread: another order of sums makes other last digits."""
    return threadpool_limits(1)
