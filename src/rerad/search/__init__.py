"""Search: what is chosen inside a training fold before the final model is trained; ``draw`` shows an architecture."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["draw"]


def __getattr__(name: str) -> Any:
    # By its name and on first use: the drawing is no part of the code that searches, and a search needs no matplotlib.
    if name == "draw":
        return import_module("rerad.search.picture").draw
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
