"""What the cohort takes from archives. Loads nothing heavy: a dry run asks for it."""

from __future__ import annotations

from typing import Any

from rerad.cohorts.sources import Part

ARCHIVES = ("cbioportal", "gdc")


def parts(source: str, settings: dict[str, Any]) -> list[Part]:
    """Return the archive of the expression; nothing for a source that is none. Segmentations come from a folder."""
    if source not in ARCHIVES:
        return []
    return [Part(source, {key: value for key, value in settings.items() if key != "segmentations"})]
