"""Cohorts: how each one is acquired and prepared."""

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from rerad.cohorts.sources import Part

COHORTS = {
    "brats": "rerad.cohorts.brats",
    "breast": "rerad.cohorts.breast",
    "sts": "rerad.cohorts.sts",
    "tcga_gbm": "rerad.cohorts.tcga_gbm",
}


def stage(cohort: str, name: str) -> ModuleType:
    """Return the module of one stage (acquire, prepare, describe) of a cohort, or a light one (parts, about)."""
    return importlib.import_module(f"{COHORTS[cohort]}.{name}")


def about(cohort: str) -> ModuleType:
    """Return what tables, figures and pages say of a cohort: its modalities, counts and words."""
    return stage(cohort, "about")


def parts(cohort: str, source: str, settings: dict[str, Any]) -> list[Part]:
    """Return what a cohort takes from archives, nothing where its source is none."""
    return stage(cohort, "parts").parts(source, settings)


def expected(parts: Sequence[Part]) -> str:
    """Return in words how much is to be downloaded; a dry run prints it."""
    if not parts:
        return "nothing to download"
    from rerad.cohorts import archives  # with the HTTP client, and only for a cohort that is still to come

    return archives.expected(parts)
