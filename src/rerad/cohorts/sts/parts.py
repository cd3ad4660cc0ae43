"""What the cohort takes from archives. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from typing import Any

from rerad.cohorts.sources import Part

ARCHIVES = ("idc", "tcia")


def parts(source: str, settings: dict[str, Any]) -> list[Part]:
    """Return the scans and, unless a local one is set, the clinical table; nothing for a source that is no archive."""
    if source not in ARCHIVES:
        return []
    scans = Part(source, {key: value for key, value in settings.items() if key not in ("clinical", "zenodo")})
    return [scans] if settings["clinical"] else [scans, Part("zenodo", settings["zenodo"])]
