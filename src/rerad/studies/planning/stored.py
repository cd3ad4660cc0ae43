"""What jobs cost: measured by a run in its own folder, or kept in the repository from a run before."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.core.versions import version_of
from rerad.studies.load import Plan
from rerad.studies.planning.graph import Job
from rerad.studies.planning.work import disk_work, work

COSTS = "config/costs.csv"
GPU_SECONDS = "config/gpu_seconds.csv"
MEASURED = ["wall_s", "cpu_s", "peak_rss_mb"]
TAKEN = [*MEASURED, "growing_cpu_s", "disk_bytes"]
COLUMNS = ["job", *TAKEN, "work", "disk_work", "run", "machine", "cores", "versions"]
GPU_COLUMNS = ["model", "input", "stage", "seconds_an_epoch", "cases", "device", "source"]


@dataclass(frozen=True)
class Cost:
    """What a job took, for how much work (``disk_work`` of its files), and where that was measured.

    Of ``cpu_s`` only ``growing_cpu_s`` is due to the work: the rest is Python's start and the import of libraries.
    """

    cpu_s: float
    growing_cpu_s: float
    disk_bytes: float
    work: float | None
    disk_work: float
    basis: str


def kind_of(job: Job) -> str:
    """Return the name of a job without its seed and its folds: such jobs differ in nothing but their amount of work."""
    kept = {key: value for key, value in job.wildcards.items() if key not in ("seed", "chunk")}
    return "_".join([job.rule, *kept.values()])


def read_run(folder: Path, jobs: Mapping[str, Job]) -> dict[str, dict[str, float]]:
    """Return what the jobs of a run took (``TAKEN``) and when they ``ended``, by their names; nothing of those to come.

    Raises:
        ReradError: a cost file is none.
    """
    found = {}
    for name, job in jobs.items():
        path = folder / "logs" / f"{name}.cost.json"
        if not path.is_file():
            continue
        taken = {key: value for key, value in _record(path).items() if key in MEASURED}
        inner = next((Path(file) for file in job.outputs if Path(file).name in ("cost.json", "search_cost.json")), None)
        grows = _record(inner)["cpu_s"] if inner and inner.is_file() else taken["cpu_s"]
        # A cohort's manifest lies among its scans.
        written = [str(Path(job.outputs[0]).parent)] if job.rule == "acquire" else job.outputs
        disk = float(sum(map(_size, written)))
        found[name] = {**taken, "growing_cpu_s": min(grows, taken["cpu_s"]), "disk_bytes": disk}
        found[name]["ended"] = path.stat().st_mtime
    return found


def keep(jobs: Mapping[str, Job], plan: Plan, measured: Mapping[str, Mapping[str, float]], csv: Path) -> pd.DataFrame:
    """Write what a finished run took, one row a kind of job (the mean of its seeds and folds), in a fixed order."""
    rows = []
    for name, taken in measured.items():
        job = jobs[name]
        amounts = {"work": work(job, plan)[0], "disk_work": disk_work(job, plan)[0]}
        rows.append({"job": kind_of(job), **taken, **amounts})
    if not rows:
        raise ReradError("has no costs", where=plan.run_folder, remedy="Name the configuration of a finished run")
    table = pd.DataFrame(rows).astype({"work": float}).groupby("job", as_index=False, sort=True).mean()
    versions = " ".join(f"{name} {version_of(name) or 'unknown'}" for name in ("rerad", "torch", "numpy"))
    about = {"run": plan.config["run"], "machine": processor(), "cores": os.cpu_count()}
    table = table.assign(**about, versions=f"python {platform.python_version()} {versions}")[COLUMNS]
    write_csv(csv, table)
    return table


def read_kept(csv: Path) -> dict[str, Cost]:
    """Return the costs in the repository by kind of job; none where the file is missing.

    Raises:
        ReradError: the file has other columns or a value that is no number.
    """
    if not csv.is_file():
        return {}
    table = pd.read_csv(csv, dtype={"job": str, "run": str})
    if list(table.columns) != COLUMNS:
        raise ReradError(f"has other columns than {', '.join(COLUMNS)}", where=str(csv), remedy=_renew())
    try:
        table = table.astype(dict.fromkeys([*TAKEN, "work", "disk_work"], float))
    except ValueError as error:
        raise ReradError(str(error), where=str(csv), remedy=_renew()) from error
    return {
        row.job: Cost(
            cpu_s=row.cpu_s,
            growing_cpu_s=row.growing_cpu_s,
            disk_bytes=row.disk_bytes,
            work=None if pd.isna(row.work) else row.work,
            disk_work=row.disk_work,
            basis=f"measured: {row.run} on {row.cores} cores",
        )
        for row in table.itertuples()
    }


def read_gpu_seconds(csv: Path) -> dict[tuple[str, str, str], tuple[float, str]]:
    """Return (model, input, stage) → seconds a case and epoch, and who printed them.

    Raises:
        ReradError: the file has other columns.
    """
    table = pd.read_csv(csv)
    if list(table.columns) != GPU_COLUMNS:
        raise ReradError(f"has other columns than {', '.join(GPU_COLUMNS)}", where=str(csv))
    return {
        (row.model, row.input, row.stage): (row.seconds_an_epoch / row.cases, f"{row.source}, {row.device}")
        for row in table.itertuples()
    }


def _record(path: Path) -> dict[str, float]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {key: float(record[key]) for key in MEASURED}
    except (ValueError, TypeError, KeyError) as error:
        raise ReradError(
            f"is no cost of a job ({error})", where=str(path), remedy="Remove it and what the job wrote, and run again"
        ) from error


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _size(path: str) -> int:
    place = Path(path)
    if place.is_dir():
        return sum(file.lstat().st_size for file in place.rglob("*") if file.is_file())
    return place.lstat().st_size if place.is_file() else 0


def _renew() -> str:
    return "Write it anew from a finished run: python -m rerad.studies.planning --keep CONFIG"
