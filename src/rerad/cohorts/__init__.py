"""Cohorts: how each one is acquired and prepared."""

import importlib
from types import ModuleType

COHORTS = {"sts": "rerad.cohorts.sts"}


def stage(cohort: str, name: str) -> ModuleType:
    """Return the module of one stage (acquire, prepare, describe) of a cohort."""
    return importlib.import_module(f"{COHORTS[cohort]}.{name}")
