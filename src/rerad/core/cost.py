"""What a piece of work cost."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


_ENDS: list[Callable[[], None]] = []


def ends_with(end: Callable[[], None]) -> None:
    """Have ``end`` called before a cost is read: the kernel counts what a child process used once that has ended."""
    if end not in _ENDS:
        _ENDS.append(end)


@contextlib.contextmanager
def measure() -> Iterator[dict[str, float | str]]:
    """Yield a dict that holds, after the block, wall and CPU seconds, peak memory (MB), device and GPU use.

    CPU seconds count this process and its children, workers that wait for more included; the peak is the largest of
    them, not their sum.
    """
    cost: dict[str, float | str] = {}
    wall, cpu = time.perf_counter(), _cpu_seconds()
    try:
        yield cost
    finally:
        for end in _ENDS:
            end()
        cost["wall_s"] = round(time.perf_counter() - wall, 3)
        cost["cpu_s"] = round(_cpu_seconds() - cpu, 3)
        cost["peak_rss_mb"] = round(_peak_mb(), 1)
        cost.setdefault("device", "cpu")
        cost.setdefault("gpu_s", 0.0)
        cost.setdefault("peak_gpu_mb", 0.0)


@contextlib.contextmanager
def gpu_cost(device: torch.device) -> Iterator[dict[str, Any]]:
    """Yield a dict that holds, after the block, the device, the seconds it was held and its peak memory (MB).

    For the CPU it stays empty.
    """
    cost: dict[str, Any] = {}
    start = time.perf_counter()
    try:
        yield cost
    finally:
        if device.type == "cuda":
            import torch

            cost["device"] = torch.cuda.get_device_name(device)
            cost["gpu_s"] = round(time.perf_counter() - start, 3)
            cost["peak_gpu_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20, 1)


def _cpu_seconds() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _peak_mb() -> float:
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
