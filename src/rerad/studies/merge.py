"""Lay one configuration over another."""

from __future__ import annotations

import copy
from typing import Any


def merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``overlay`` laid over it: mappings merge key by key, everything else replaces."""
    merged = copy.deepcopy(base)
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


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
