"""What a search chose, as its file says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rerad.core.errors import ReradError

REMEDY = "Remove the method's folder below trained/ and run again"


class Chosen(NamedTuple):
    """The message of a search that failed, or None; what was chosen, by fold as text."""

    failed: str | None
    folds: dict[str, dict[str, Any]]


def read_chosen(path: Path) -> Chosen:
    """Read ``chosen.json``.

    Raises:
        ReradError: it is broken.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReradError(f"cannot be read ({error})", where=str(path), remedy=REMEDY) from error
    folds = content.get("folds") if isinstance(content, Mapping) else None
    if not isinstance(folds, Mapping) or not all(
        str(fold).isdigit() and isinstance(choice, Mapping) for fold, choice in folds.items()
    ):
        raise ReradError("'folds' does not lead from folds to choices", where=str(path), remedy=REMEDY)
    return Chosen(content.get("failed"), dict(folds))


def choice_of(chosen: Mapping[str, Any], fold: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was chosen for a fold: its own, or that of the first fold where one search is for all."""
    if chosen and settings.get("search", {}).get("folds") == "first":
        return dict(chosen[min(chosen, key=int)])
    return dict(chosen.get(str(fold), {}))


def choices(path: Path | None) -> dict[str, Any]:
    """Return what a search chose, by fold as text; nothing for a method without a search.

    Raises:
        ReradError: the file is broken, or the search failed; its message.
    """
    if path is None:
        return {}
    chosen = read_chosen(path)
    if chosen.failed:
        raise ReradError(chosen.failed)
    return chosen.folds
