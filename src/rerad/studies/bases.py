"""What several methods of a study have in common, written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rerad.core.errors import ConfigError
from rerad.studies.merge import merge


def expand(study: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    """Return a study whose methods hold all they have: their base, and what they say themselves laid over it.

    ``named`` maps a method to its base; it comes from the merged study, so that an overlay that sets a key of a base
    sets it for all its methods.
    """
    bases = study.get("bases", {})
    methods = dict(study.get("methods", {}))
    for method, base in named.items():
        own = {key: value for key, value in methods.get(method, {}).items() if key != "base"}
        if base in bases or own:
            methods[method] = merge(bases.get(base, {}), own)
    return {**{key: value for key, value in study.items() if key != "bases"}, "methods": methods}


def bases_of(study: Mapping[str, Any], *, where: str) -> dict[str, str]:
    """Return the base of every method that names one.

    Raises:
        ConfigError: no such base, or one that no method uses (a misspelt one in an overlay).
    """
    bases = study.get("bases", {})
    if not isinstance(bases, dict) or not all(isinstance(base, dict) for base in bases.values()):
        raise ConfigError("not keys and values", where=f"{where}: bases", remedy="Write what methods share, by a name")
    named = {name: method["base"] for name, method in study.get("methods", {}).items() if "base" in method}
    for method, base in named.items():
        if base not in bases:
            raise ConfigError(
                f"{base!r} is no base",
                where=f"{where}: methods.{method}.base",
                remedy=f"Write one of: {', '.join(bases) or 'none is defined under bases'}",
            )
    idle = sorted(set(bases) - set(named.values()))
    if idle:
        raise ConfigError(
            "no method has this base",
            where=f"{where}: bases.{idle[0]}",
            remedy=f"Bases in use: {', '.join(sorted(set(named.values()))) or 'none'}",
        )
    return named
