"""Tables of architectures show methods whose architecture is searched for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.errors import ConfigError


def check_genotypes(studies: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a table of agreement with a method that has no search or no network.

    Raises:
        ConfigError: naming study, table and method.
    """
    for name, study in studies.items():
        methods = [other["methods"] for other in studies.values() if other["cohort"] == study["cohort"]]
        known = {method for own in methods for method, entry in own.items() if {"network", "search"} <= entry.keys()}
        for table, entry in study.get("genotypes", {}).items():
            for method in entry["methods"]:
                if method not in known:
                    raise ConfigError(
                        f"the method {method!r} searches for no architecture",
                        where=f"config/studies/{name}.yaml: genotypes.{table}.methods",
                        remedy=f"Write some of: {', '.join(sorted(known)) or 'none is defined'}",
                    )
