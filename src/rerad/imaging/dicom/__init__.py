"""DICOM to SimpleITK images: ``read_suv`` (PET), ``read_ct``, ``read_mr``; masks: ``read_rtstruct``, ``read_seg``.

``match`` tells which RTSTRUCT belongs to which series.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.imaging.dicom.ct import read_ct as read_ct
    from rerad.imaging.dicom.mr import read_mr as read_mr
    from rerad.imaging.dicom.rtstruct import match as match
    from rerad.imaging.dicom.rtstruct import read_rtstruct as read_rtstruct
    from rerad.imaging.dicom.seg import read_seg as read_seg
    from rerad.imaging.dicom.suv import read_suv as read_suv

__all__ = ["match", "read_ct", "read_mr", "read_rtstruct", "read_seg", "read_suv"]

_MODULES = {
    "match": "rtstruct", "read_ct": "ct", "read_mr": "mr", "read_rtstruct": "rtstruct", "read_seg": "seg",
    "read_suv": "suv",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
