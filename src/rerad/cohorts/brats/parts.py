"""What the cohort takes from archives. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from typing import Any

from rerad.cohorts.sources import Part

ARCHIVES = ("msd", "synapse")


def parts(source: str, settings: dict[str, Any]) -> list[Part]:
    """Return the archive; nothing for a source that is none."""
    return [Part(source, settings)] if source in ARCHIVES else []
