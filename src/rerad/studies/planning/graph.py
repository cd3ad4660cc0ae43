"""The jobs of a run, as Snakemake would start them, without running any."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rerad.core.errors import ReradError

CORES = 8  # threads that a job of as many as there are gets: those of the README's command
# Evaluating it asks archives; it says nothing about the machine.
NOT_NEEDED = frozenset({"download", "tmpdir"})


@dataclass(frozen=True)
class Job:
    """A job: ``name`` is that of its log, ``needs`` the names of the jobs whose files it reads, ``memory_mb`` and
    ``gpu`` what its rule declares, ``outputs`` its files."""

    name: str
    rule: str
    wildcards: dict[str, str]
    threads: int
    memory_mb: int
    gpu: int
    needs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_work(self) -> bool:
        """Tell whether it does anything: a target only names files."""
        return bool(self.outputs)


def read_graph(
    root: Path, overlays: Sequence[Path], targets: Collection[str], *, cores: int = CORES, folder: Path | None = None
) -> dict[str, Job]:
    """Return every job behind some targets, by name, whether its files are there or not.

    ``overlays`` are laid over the paper run's configuration; ``folder`` is where the run would be started (here, if
    not told). No archive is asked.

    Raises:
        ReradError: the workflow cannot be planned, such as without a folder that a cohort comes from.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

    # The workflow takes hold of its run unless the command line says that it only looks.
    arguments, sys.argv = sys.argv, [sys.argv[0], "--dry-run"]
    here = Path.cwd()
    try:
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            flow = api.workflow(
                resource_settings=ResourceSettings(cores=cores),
                config_settings=ConfigSettings(configfiles=[path.absolute() for path in overlays]),
                snakefile=root / "Snakefile",
                workdir=folder,
            )
            workflow = flow._workflow
            workflow.dag_settings = DAGSettings(targets=set(targets), forceall=True)
            workflow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True, nolock=True)
            workflow._build_dag()
            graph = workflow.dag
            return {_name(job): _job(job, graph.dependencies[job]) for job in graph.jobs}
    except WorkflowError as error:
        raise ReradError(str(error), where="the job graph", remedy="Mend it as for the run itself") from error
    finally:
        sys.argv = arguments
        os.chdir(here)


def behind(jobs: dict[str, Job], names: Iterable[str]) -> set[str]:
    """Return the jobs that do some work, and everything that they need, directly or not."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(jobs[name].needs)
    return {name for name in found if jobs[name].is_work}


def tiers(jobs: dict[str, Job], studies: Collection[str]) -> dict[tuple[str, str], set[str]]:
    """Return (study, tier) → its jobs; the study ``""`` is all of them together.

    The tier ``core`` is what the headline tables need, ``full`` all tables and figures, and for all studies together
    the report as well. What several studies share counts in each.
    """
    headline = jobs["core"].needs
    found = {}
    for study in studies:
        found[study, "core"] = behind(jobs, [name for name in headline if jobs[name].wildcards.get("study") == study])
        found[study, "full"] = behind(jobs, [study])
    found["", "core"], found["", "full"] = behind(jobs, ["core"]), behind(jobs, ["all"])
    return found


def _job(job, needed) -> Job:  # type: ignore[no-untyped-def]
    resources = job.rule.expand_resources(job.wildcards_dict, job.input, 1, skip_evaluation=NOT_NEEDED)
    return Job(
        name=_name(job),
        rule=job.rule.name,
        wildcards=dict(job.wildcards_dict),
        threads=int(resources.get("_cores", 1)),
        memory_mb=int(resources.get("mem_mb", 0)),
        gpu=int(resources.get("gpu", 0)),
        needs=tuple(sorted(_name(other) for other in needed)),
        outputs=tuple(map(str, job.output)),
    )


def _name(job) -> str:  # type: ignore[no-untyped-def]
    return Path(str(job.log[0])).stem if job.log else str(job.rule.name)
