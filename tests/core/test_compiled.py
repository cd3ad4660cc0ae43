"""Functions as machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from rerad.core.compiled import compiled


def test_where_nothing_can_be_kept_the_code_is_made_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def unkept(*given: Any, cache: bool = False, **options: Any) -> Callable:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(*given, **options)  # numba compiles functions of its own so as well

    monkeypatch.setattr(numba, "njit", unkept)

    def double(values: np.ndarray) -> None:
        values *= 2

    values = np.ones(3)
    compiled(double)(values)
    assert values.tolist() == [2, 2, 2]
