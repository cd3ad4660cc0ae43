"""Metrics of classification with their intervals; ``classification`` is the public one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.metrics.binary import classification

__all__ = ["classification"]


def __getattr__(name: str) -> Any:
    # Lazily, because statsmodels takes a second to import.
    if name == "classification":
        from rerad.metrics.binary import classification

        return classification
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
