"""What shows searched architectures names methods that search for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rerad.core.errors import ConfigError
from rerad.models import NETWORKS

KINDS = ("cells", "network", "search_history")


def check_searched(studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a figure of searches or a table of their agreement with a method that has no search or no network.

    Raises:
        ConfigError: naming study, figure or table, and method.
    """
    for name, study in studies.items():
        methods = [other["methods"] for other in studies.values() if other["cohort"] == study["cohort"]]
        known = {method for own in methods for method, entry in own.items() if _searches(entry)}
        for place, method in _shown(study):
            if method not in known:
                raise ConfigError(
                    f"the method {method!r} searches for no architecture",
                    where=f"config/studies/{name}.yaml: {place}",
                    remedy=f"Write some of: {', '.join(sorted(known)) or 'none is defined'}",
                )


def _searches(entry: Mapping[str, Any]) -> bool:
    """Tell whether a method's entry searches for an architecture, not for rates."""
    return {"network", "search"} <= entry.keys() and entry["model"] in NETWORKS


def _shown(study: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield place and method of everything that shows architectures."""
    for figure, entry in study["figures"].items():
        if entry["kind"] in KINDS:
            for row in entry.get("rows") or study["tables"][entry["table"]]["rows"]:
                yield f"figures.{figure}.rows", row.get("trained", row["method"])
    for table, entry in study.get("genotypes", {}).items():
        for method in entry["methods"]:
            yield f"genotypes.{table}.methods", method
