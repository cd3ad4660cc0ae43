"""Lay one configuration over another."""

from __future__ import annotations

import copy
from typing import Any

import yaml


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``overlay`` laid over it: mappings merge key by key, everything else replaces."""
    merged = copy.deepcopy(base)
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def typed(config: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Return ``config`` with numbers, booleans and nulls for texts that do not stem from the merged ``files``.

    Snakemake leaves everything inside the braces of ``--config 'a={b: 1}'`` as text.
    """
    result: dict[str, Any] = {}
    for key, value in config.items():
        known = files.get(key)
        if isinstance(value, dict):
            result[key] = typed(value, known if isinstance(known, dict) else {})
        elif value == known:
            result[key] = value
        else:
            result[key] = _parsed(value)
    return result


def _parsed(value: Any) -> Any:
    if isinstance(value, list):
        return [_parsed(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return parsed if parsed is None or isinstance(parsed, bool | int | float) else value


def difference(base: dict[str, Any], other: dict[str, Any], prefix: str = "") -> list[tuple[str, Any, Any]]:
    """Return (key path, value in ``base``, value in ``other``) for every leaf that differs; None where it is absent."""
    rows: list[tuple[str, Any, Any]] = []
    for key in sorted({*base, *other}, key=str):
        here, there = base.get(key), other.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            rows.extend(difference(here, there, f"{prefix}{key}."))
        elif here != there:
            rows.append((f"{prefix}{key}", here, there))
    return rows
