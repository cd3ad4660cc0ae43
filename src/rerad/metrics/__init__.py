"""Metrics with their intervals; ``classification``, ``segmentation`` and ``regression`` are the public ones."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.metrics.binary import classification
    from rerad.metrics.errors import regression
    from rerad.metrics.masks import segmentation

__all__ = ["classification", "regression", "segmentation"]

# By name and on first use: pandas and scipy take a second to import. No module may be called as one of them, for it
# would hide the function.
PUBLIC = {
    "classification": "rerad.metrics.binary",
    "regression": "rerad.metrics.errors",
    "segmentation": "rerad.metrics.masks",
}


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(import_module(PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
