"""Functions of numbers and arrays as machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function, **options: Any) -> Function:
    """Return the function as machine code that runs beside other threads, kept for the next process if it can be."""
    try:
        return numba.njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:  # no folder to keep it in: a container that can only be read
        return numba.njit(nogil=True, **options)(function)
