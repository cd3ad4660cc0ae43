"""Evaluation: from predictions to metrics with intervals; ``audit`` finds what published tables say of themselves."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["audit"]

# By name and on first use: scipy takes a second to import, and an edit of the audit must not count as one of every
# module beside it. No module may be called `audit`, for it would hide the function.
PUBLIC = {"audit": "rerad.evaluation.findings"}


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(import_module(PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
