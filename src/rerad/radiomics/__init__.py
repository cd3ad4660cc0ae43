"""Handcrafted features and shape of one case (``extract``, ``morphology``), of many (``describe``), maps of texture."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.radiomics.extraction import extract as extract
    from rerad.radiomics.glcm import glcm_map as glcm_map
    from rerad.radiomics.glcm import glcm_map_file as glcm_map_file
    from rerad.radiomics.shape import morphology as morphology

__all__ = ["extract", "glcm_map", "glcm_map_file", "morphology"]
_HOMES = {"extract": "extraction", "glcm_map": "glcm", "glcm_map_file": "glcm", "morphology": "shape"}


def __getattr__(name: str) -> Any:
    # PyRadiomics, SimpleITK and numba are loaded on first use only: a dry run imports this package for nothing.
    if name in _HOMES:
        return getattr(import_module(f"rerad.radiomics.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
