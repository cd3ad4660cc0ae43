"""What the cohort takes from archives. Loads the index only where its source is an archive: a dry run asks for it."""

from __future__ import annotations

from typing import Any

from rerad.cohorts.sources import Part

ARCHIVES = ("idc",)


def parts(source: str, settings: dict[str, Any]) -> list[Part]:
    """Return the chosen series; nothing for a source that is no archive.

    Raises:
        ConfigError, ReradError: see :func:`rerad.cohorts.breast.selection.choose`.
    """
    if source not in ARCHIVES:
        return []
    from rerad.cohorts.breast.selection import choose

    chosen = choose(settings)
    # The segmentations refer to a series that is not fetched: they are asked for by name, not as its structures.
    wanted = {
        "collection": settings["collection"],
        "modalities": ["MR", "SEG"],
        "structures": [],
        "patients": [one.patient for one in chosen],
        "series": [uid for one in chosen for uid in (one.image, one.segmentation)],
    }
    return [Part(source, wanted | {key: settings[key] for key in ("endpoint",) if key in settings})]
