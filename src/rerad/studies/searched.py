"""Figures of searches show methods that search a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.errors import ConfigError

KINDS = ("cells", "network", "search_history")


def check_searched(studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a figure of searches with a method that has no search or no network.

    Raises:
        ConfigError: naming study, figure and method.
    """
    searching: dict[str, set[str]] = {}
    for study in studies.values():
        found = {method for method, settings in study["methods"].items() if {"search", "network"} <= settings.keys()}
        searching.setdefault(study["cohort"], set()).update(found)
    for name, study in studies.items():
        for figure, entry in study["figures"].items():
            if entry["kind"] not in KINDS:
                continue
            for row in entry.get("rows") or study["tables"][entry["table"]]["rows"]:
                method = row.get("trained", row["method"])
                known = searching[study["cohort"]]
                if method not in known:
                    raise ConfigError(
                        f"the method {method!r} searches no network",
                        where=f"config/studies/{name}.yaml: figures.{figure}.rows",
                        remedy=f"Write one of: {', '.join(sorted(known)) or 'none here does'}",
                    )
