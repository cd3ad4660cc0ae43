"""Whether the jobs of a run used more memory than their rules declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rerad.studies.planning.graph import Job

# They work case by case in as many processes as they have threads; the others' threads share one.
IN_PROCESSES = ("acquire", "prepare", "describe", "picture", "search", "vary")


class Use(NamedTuple):
    """What a job declares and what it used (MB)."""

    name: str
    declared_mb: int
    used_mb: float


def uses(jobs: Mapping[str, Job], own: Mapping[str, Mapping[str, float]]) -> list[Use]:
    """Return what each measured job declares and used, the tightest first.

    The kernel tells the peak of a job's largest process. Of a job of several processes the use is the most that it can
    have been: that peak for each of its workers and for the job itself.
    """
    found = [
        Use(name, jobs[name].memory_mb, taken["peak_rss_mb"] * _processes(jobs[name])) for name, taken in own.items()
    ]
    return sorted(found, key=lambda use: (-use.used_mb / max(use.declared_mb, 1), use.name))


def _processes(job: Job) -> int:
    return job.threads + 1 if job.rule in IN_PROCESSES and job.threads > 1 else 1
