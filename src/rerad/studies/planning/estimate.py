"""What every job will take, and what that is known from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rerad.studies.load import Plan
from rerad.studies.planning.before import Before, depends_on_settings, same_settings
from rerad.studies.planning.graph import Job
from rerad.studies.planning.stored import Cost, kind_of
from rerad.studies.planning.work import cases, disk_work, work

UNKNOWN = "unknown"
OWN = "measured: this run"
CHANGED = "measured: this run with other settings"
NOT_STORED = "measured: this run, settings not stored"
HOUR = 3600.0


@dataclass(frozen=True)
class Amount:
    """A number and what it is known from; None is unknown."""

    value: float | None
    basis: str


@dataclass(frozen=True)
class Total:
    """A sum over jobs: of what is known, how many jobs are not, and how many jobs each basis is behind."""

    value: float
    unknown: int
    bases: dict[str, int]


@dataclass(frozen=True)
class Estimate:
    """What a job takes: seconds of the processor and of a GPU, and bytes that stay on the disk."""

    cpu_s: Amount
    gpu_s: Amount
    disk: Amount


NOTHING = Amount(0.0, "none")
NOT_KNOWN = Amount(None, UNKNOWN)


def estimate(
    job: Job,
    plan: Plan,
    *,
    own: Mapping[str, Mapping[str, float]],
    kept: Mapping[str, Cost],
    gpu: Mapping[tuple[str, str, str], tuple[float, str]],
    downloads: Mapping[str, Sequence[Amount]],
    before: Before | None = None,
) -> Estimate:
    """Estimate one job: what this run measured, else what a run before measured, scaled by the work.

    ``own`` are the run's own costs by job, ``before`` the settings that it stored when it ended: where the job's were
    others, its own cost is scaled as one of another run. ``kept`` are those of a run before by kind of job; ``gpu`` the
    printed seconds of a case and epoch; ``downloads`` the bytes of the archives of each cohort.
    """
    if job.name in own and not job.gpu:
        taken = own[job.name]
        basis = _basis(job, plan, taken, before)
        if basis != CHANGED:
            return Estimate(Amount(taken["cpu_s"], basis), NOTHING, Amount(taken["disk_bytes"], basis))
        if before is not None and before.has(job):
            kept = {**kept, kind_of(job): _cost(job, taken, before.plan)}
    disk = _disk(job, plan, kept, downloads)
    if job.gpu:
        seconds = _gpu_seconds(job, plan, gpu)
        beside = "a core for as long as the GPU" if seconds.value is not None else UNKNOWN
        return Estimate(Amount(seconds.value, beside), seconds, disk)
    return Estimate(_cpu_seconds(job, plan, kept), NOTHING, disk)


def _basis(job: Job, plan: Plan, taken: Mapping[str, float], before: Before | None) -> str:
    """Return what a job's own cost is: of these settings, of others, or of nobody knows which."""
    if not depends_on_settings(job):
        return OWN
    if before is None or not before.knows(taken["ended"]):
        return NOT_STORED
    return OWN if same_settings(job, plan, before.plan) else CHANGED


def _cost(job: Job, taken: Mapping[str, float], before: Plan) -> Cost:
    """Return a job's own cost, for as much work as it was by the settings of then."""
    return Cost(
        **{key: taken[key] for key in ("cpu_s", "growing_cpu_s", "disk_bytes")},
        work=work(job, before)[0],
        disk_work=disk_work(job, before)[0],
        basis=CHANGED,
    )


def total(amounts: Iterable[Amount]) -> Total:
    """Add up what is known, and count what is not."""
    listed = [amount for amount in amounts if amount != NOTHING]
    known = [amount.value for amount in listed if amount.value is not None]
    return Total(sum(known), len(listed) - len(known), dict(Counter(amount.basis for amount in listed)))


def _cpu_seconds(job: Job, plan: Plan, kept: Mapping[str, Cost]) -> Amount:
    before = kept.get(kind_of(job))
    amount, product = work(job, plan)
    if before is None or amount is None or not before.work:
        return NOT_KNOWN
    seconds = before.cpu_s + before.growing_cpu_s * (amount / before.work - 1)
    return Amount(seconds, before.basis if product == "as it is" else f"{before.basis}, scaled by {product}")


def _gpu_seconds(job: Job, plan: Plan, gpu: Mapping[tuple[str, str, str], tuple[float, str]]) -> Amount:
    if job.rule not in ("train", "search"):
        return NOT_KNOWN
    cohort = job.wildcards["cohort"]
    settings = plan.methods[cohort][job.wildcards["method"]]
    printed = gpu.get((settings["model"], settings["recipe"].get("input", ""), job.rule))
    if printed is None:
        return NOT_KNOWN
    epochs = settings["search" if job.rule == "search" else "recipe"]["epochs"]
    folds = len(plan.folds_of(cohort, job.wildcards["chunk"])) * (1 - 1 / plan.folds[cohort])
    return Amount(
        printed[0] * cases(plan, cohort) * folds * epochs, f"printed: {printed[1]}, scaled by cases × epochs × folds"
    )


def _disk(job: Job, plan: Plan, kept: Mapping[str, Cost], downloads: Mapping[str, Sequence[Amount]]) -> Amount:
    if job.rule == "acquire" and not plan.phantom(job.wildcards["cohort"]):
        told = total(downloads[job.wildcards["cohort"]])
        known = [basis for basis in told.bases if basis != UNKNOWN]
        return Amount(told.value, " and ".join(known)) if known else NOT_KNOWN
    before = kept.get(kind_of(job))
    if before is None:
        return NOT_KNOWN
    amount, product = disk_work(job, plan)
    scaled = f"{before.basis}, scaled by {product}" if product != "as it is" else before.basis
    return Amount(before.disk_bytes * amount / before.disk_work, scaled)
