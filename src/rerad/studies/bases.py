"""What several methods of a study have in common, written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def check_entries(sources: Sequence[tuple[str, Any]]) -> None:
    """Refuse a study, its methods or bases, or one of these, that is not keys and values.

    ``sources`` are (name, content) of what is merged: each is looked at alone, so that the error names the one.

    Raises:
        ConfigError: naming source and key, the value, and what to write instead.
    """
    for source, content in sources:
        _check_mapping(content, source)
        for part in ("methods", "bases"):
            _check_mapping(content.get(part, {}), f"{source}: {part}")
            for name, entry in content.get(part, {}).items():
                _check_mapping(entry, f"{source}: {part}.{name}")


def _check_mapping(value: Any, where: str) -> None:
    if not isinstance(value, Mapping):
        remedy = "Write keys and values, or leave the key out: what is not named stays as it is"
        raise ConfigError(f"{value!r} does not do", where=where, remedy=remedy)


def bases_of(study: Mapping[str, Any], *, where: str) -> dict[str, str]:
    """Return the base of every method that names one.

    Raises:
        ConfigError: no keys and values (see :func:`check_entries`), no such base, or one that no method uses (a
            misspelt one in an overlay).
    """
    bases = study.get("bases", {})
    check_entries([(where, study)])
    named = {name: method["base"] for name, method in study.get("methods", {}).items() if "base" in method}
    for method, base in named.items():
        if not isinstance(base, str) or base not in bases:
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
