"""Handcrafted features: ``extract`` and ``morphology`` for one case, ``rerad.radiomics.describe`` for many."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.radiomics.extraction import extract as extract
    from rerad.radiomics.shape import morphology as morphology

_HOMES = {"extract": "rerad.radiomics.extraction", "morphology": "rerad.radiomics.shape"}
__all__ = ["extract", "morphology"]


def __getattr__(name: str) -> Any:
    # PyRadiomics and SimpleITK are loaded on first use only: a dry run imports this package for nothing.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
