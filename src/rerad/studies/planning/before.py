"""With what settings a run's own costs were taken, as far as its folder tells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerad.core.errors import ConfigError
from rerad.studies.check import read_yaml
from rerad.studies.load import Plan, as_stored
from rerad.studies.planning.graph import Job
from rerad.studies.planning.work import ALONE, PREDICTED

LEARNING = ("train", "search")


@dataclass(frozen=True)
class Before:
    """What a finished run was made with, and when it wrote that down (seconds since the epoch)."""

    plan: Plan
    stored: float

    def knows(self, ended: float) -> bool:
        """Tell whether a cost of that time is one of the run that wrote its settings down, not of a later one."""
        return ended <= self.stored

    def has(self, job: Job) -> bool:
        """Tell whether the run's settings have the job's cohort and method."""
        cohort, method = job.wildcards.get("cohort"), job.wildcards.get("method")
        known = self.plan.methods
        return (cohort is None or cohort in known) and (method is None or method in known.get(str(cohort), {}))


def read_before(folder: Path, plan: Plan) -> Before | None:
    """Return the settings that a finished run wrote to its ``config.yaml``; None where there are none to be read."""
    path = folder / "config.yaml"
    if not path.is_file():
        return None
    try:
        return Before(as_stored(read_yaml(path), like=plan), path.stat().st_mtime)
    except (ConfigError, AttributeError, KeyError, TypeError):  # of another version
        return None


def depends_on_settings(job: Job) -> bool:
    """Tell whether what a job takes changes with the settings: texts and figures take what they take."""
    return job.rule not in ALONE


def same_settings(job: Job, plan: Plan, before: Plan) -> bool:
    """Tell whether everything that a job's cost depends on is set alike in both."""
    return _told(job, plan) == _told(job, before)


def _told(job: Job, plan: Plan) -> str:
    study, method = job.wildcards.get("study", ""), job.wildcards.get("method", "")
    cohort = job.wildcards.get("cohort") or plan.studies.get(study, {}).get("cohort", "")
    found: dict[str, Any] = {"cohort": plan.config["cohorts"].get(cohort), "folds": plan.folds.get(cohort)}
    if job.rule in LEARNING:
        found["method"] = plan.methods.get(cohort, {}).get(method)
    elif job.rule in PREDICTED:
        found |= {key: plan.config[key] for key in ("seeds", "bootstraps")}
    else:
        found["study"] = plan.studies.get(study)
    return json.dumps(found, sort_keys=True, default=str)
