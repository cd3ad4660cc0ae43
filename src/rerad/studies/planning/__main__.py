"""Tell what a run will cost: ``python -m rerad.studies.planning [CONFIG …]``, or keep what a finished one did cost."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rerad import cohorts
from rerad.core.errors import ReradError
from rerad.core.files import write_csv
from rerad.studies.check import read_yaml
from rerad.studies.load import Plan, load
from rerad.studies.merge import merge
from rerad.studies.planning import show
from rerad.studies.planning.before import read_before
from rerad.studies.planning.estimate import NOT_KNOWN, Amount, Estimate, estimate, total
from rerad.studies.planning.graph import CORES, Job, read_graph, tiers
from rerad.studies.planning.memory import uses
from rerad.studies.planning.stored import COSTS, GPU_SECONDS, keep, read_gpu_seconds, read_kept, read_run

ROOT = Path(__file__).resolve().parents[4]


def main() -> None:
    """Read the command line, and print the plan or keep a run's costs."""
    parser = argparse.ArgumentParser(prog="rerad.studies.planning", description=__doc__)
    parser.add_argument("config", nargs="*", type=Path, help="overlays; none: the paper run")
    parser.add_argument("--cores", type=int, default=CORES, help="those of the run")
    parser.add_argument("--csv", type=Path, help="also write the numbers, with what each is known from")
    parser.add_argument("--keep", action="store_true", help=f"write what the finished run took to {COSTS}")
    options = parser.parse_args()
    try:
        told = run(options.config, cores=options.cores, csv=options.csv, only_keep=options.keep)
    except ReradError as error:
        sys.exit(str(error))
    print(told)


def run(overlays: list[Path], *, cores: int, csv: Path | None, only_keep: bool) -> str:
    """Return the plan of a configuration as text, or what was kept."""
    base = ROOT / "config" / "config.yaml"
    config = functools.reduce(merge, [read_yaml(path) for path in (base, *overlays)])
    plan = load(config, root=ROOT, files=[base, *overlays])
    jobs = read_graph(ROOT, overlays, ["all", "core", *plan.studies], cores=cores)
    folder = Path(plan.run_folder)
    own, before = read_run(folder, jobs), read_before(folder, plan)
    if only_keep:
        table = keep(jobs, plan, own, ROOT / COSTS)
        return f"{len(table)} kinds of jobs of {plan.run_folder}: {COSTS}"
    downloads = {cohort: download(plan, cohort) for cohort in plan.methods}
    kept, gpu = read_kept(ROOT / COSTS), read_gpu_seconds(ROOT / GPU_SECONDS)
    found = {
        name: estimate(job, plan, own=own, kept=kept, gpu=gpu, downloads=downloads, before=before)
        for name, job in jobs.items()
        if job.is_work
    }
    listed = [
        row
        for (study, tier), names in tiers(jobs, list(plan.studies)).items()
        for row in _rows(study, tier, {name: jobs[name] for name in names}, found, downloads)
    ]
    if csv:
        write_csv(csv, pd.DataFrame(listed, columns=show.COLUMNS))
    return "\n".join(
        [_title(plan, cores), "", show.table(listed), "", *_notes(), show.bases(listed), *_memory(jobs, own)]
    )


def download(plan: Plan, cohort: str) -> list[Amount]:
    """Return the bytes of each archive of a cohort; unknown of one that is silent or that lacks a setting."""
    source = plan.config["cohorts"][cohort]["source"]
    try:
        parts = cohorts.parts(cohort, source, plan.source_settings(cohort))
    except ReradError:
        return [NOT_KNOWN]
    if not parts:
        return []
    from rerad.cohorts import archives

    sizes = [(part.source, archives.size([part])) for part in parts]
    return [
        NOT_KNOWN if size is None else Amount(float(size), f"from the archive's list: {cohort} from {name}")
        for name, size in sizes
    ]


def _rows(
    study: str,
    tier: str,
    jobs: Mapping[str, Job],
    found: Mapping[str, Estimate],
    downloads: Mapping[str, Sequence[Amount]],
) -> list[dict[str, Any]]:
    parts = [found[name] for name in sorted(jobs)]
    acquired = sorted(job.wildcards["cohort"] for job in jobs.values() if job.rule == "acquire")
    fetched = [amount for cohort in acquired for amount in downloads[cohort]]
    totals = {
        "download": total(fetched),
        "disk": total(part.disk for part in parts),
        "CPU": total(part.cpu_s for part in parts),
        "GPU": total(part.gpu_s for part in parts),
    }
    return show.rows(study, tier, len(jobs), totals, max(job.memory_mb for job in jobs.values()))


def _title(plan: Plan, cores: int) -> str:
    return (
        f"The run {plan.config['run']} with {cores} cores, seeds {plan.config['seeds']}, device {plan.config['device']}"
    )


def _notes() -> list[str]:
    return [
        "+? leaves out the jobs of which nothing is known. Cohorts and methods that studies share count in each study.",
        "What the numbers of all together are known from, with the number of jobs:",
        "",
    ]


def _memory(jobs: Mapping[str, Job], own: Mapping[str, Mapping[str, float]]) -> list[str]:
    listed = uses(jobs, own)
    if not listed:
        return []
    above = [use for use in listed if use.used_mb > use.declared_mb]
    told = [f"  {use.name} used up to {use.used_mb:,.0f} of {use.declared_mb:,} MB" for use in (above or listed[:1])]
    head = (
        f"{len(above)} of {len(listed)} jobs used more memory than they declare"
        if above
        else "No job used more memory than it declares; the tightest:"
    )
    return ["", head, *told]


if __name__ == "__main__":
    main()
