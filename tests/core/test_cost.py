"""What a piece of work cost, its workers' share included."""

from __future__ import annotations

import time

from rerad.core.cost import measure
from rerad.core.parallel import map_cases

SECONDS = 0.5


def burn(_: int) -> None:
    end = time.process_time() + SECONDS
    while time.process_time() < end:
        pass


def test_workers_that_wait_for_more_count() -> None:
    with measure() as cost:
        map_cases(burn, [0, 1], workers=2, label="burn")
    assert float(cost["cpu_s"]) >= 2 * SECONDS
    with measure() as alone:
        burn(0)
    assert SECONDS <= float(alone["cpu_s"]) < 2 * SECONDS  # what the workers used is that of their own block


def test_workers_start_again_after_a_cost_was_read() -> None:
    for _ in range(2):
        with measure():
            assert map_cases(abs, [-1, -2], workers=2, label="abs") == [1, 2]
