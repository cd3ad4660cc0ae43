"""Handcrafted features: ``extract`` for one case, ``rerad.radiomics.describe`` for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.radiomics.extraction import extract as extract

__all__ = ["extract"]


def __getattr__(name: str) -> Any:
    # PyRadiomics and SimpleITK are loaded on first use only: a dry run imports this package for nothing.
    if name == "extract":
        from rerad.radiomics.extraction import extract

        return extract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
