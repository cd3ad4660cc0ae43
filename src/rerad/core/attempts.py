"""What a job asks for when it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def growing(memory: int | Callable[[Any, int], int]) -> Callable[[Any, int, int], int]:
    """Return a Snakemake resource function: ``memory`` in MB, twice as much at each further attempt.

    ``memory`` is a number or a function of wildcards and threads. Only a profile with retries makes further attempts:
    on a cluster a job is killed when it takes more than it asked for.
    """

    def grown(wildcards: Any, threads: int, attempt: int) -> int:
        first = memory(wildcards, threads) if callable(memory) else memory
        return first * 2 ** (attempt - 1)

    return grown
