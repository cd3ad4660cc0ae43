"""Archives and addresses that cohorts come from, all behind one signature.

A source is a module of this package with three functions:

``plan(settings) -> list[Remote]``
    what would be fetched: addresses, bytes, checksums. Asks the archive for its lists, never for data.
``estimate(settings) -> Estimate``
    how many files and bytes that is, for a dry run; without the network where the source can, else from its lists.
    It may count more than the manifest will list: whether a structure belongs to an image shows when it is there.
``fetch(folder, settings, *, workers=4) -> list[Row]``
    bring it all into ``folder`` and return the rows of ``manifest.csv`` for the files there.

``folder`` outlives a killed or failed run: whatever is complete in it is checked and kept, whatever is unfinished goes
on from where it stopped. It must therefore be another folder than the one that ``acquire`` replaces as a whole.
``settings`` is the source's own part of the configuration. All raise ``ReradError`` (an address, a token, the disk or
the archive) and ``ConfigError`` (the settings). Every byte goes through :mod:`rerad.cohorts.sources.download`.
"""

import importlib
from types import ModuleType
from typing import Any, NamedTuple


class Part(NamedTuple):
    """A source, by its name in ``SOURCES``, and its settings."""

    source: str
    settings: dict[str, Any]


SOURCES = {
    "cbioportal": "rerad.cohorts.sources.cbioportal",
    "gdc": "rerad.cohorts.sources.gdc",
    "idc": "rerad.cohorts.sources.idc",
    "msd": "rerad.cohorts.sources.msd",
    "synapse": "rerad.cohorts.sources.synapse",
    "tcia": "rerad.cohorts.sources.tcia",
    "url": "rerad.cohorts.sources.url",
    "zenodo": "rerad.cohorts.sources.zenodo",
}


def source(name: str) -> ModuleType:
    """Return the module of a source; httpx is loaded with it and not before."""
    return importlib.import_module(SOURCES[name])
