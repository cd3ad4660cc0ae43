"""Reading scans, bringing them onto one grid, and their intensities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rerad.imaging.dicom.ct import read_ct as read_ct
    from rerad.imaging.dicom.mr import read_mr as read_mr
    from rerad.imaging.dicom.rtstruct import read_rtstruct as read_rtstruct
    from rerad.imaging.dicom.seg import read_seg as read_seg
    from rerad.imaging.dicom.suv import read_suv as read_suv

__all__ = ["read_ct", "read_mr", "read_rtstruct", "read_seg", "read_suv"]


def __getattr__(name: str) -> Any:
    # pydicom and SimpleITK are loaded on first use only: a dry run imports this package for nothing.
    if name in __all__:
        from rerad.imaging import dicom

        return getattr(dicom, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
