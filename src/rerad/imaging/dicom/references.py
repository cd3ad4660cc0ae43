"""Which series a structure (RTSTRUCT) or segmentation (SEG) was drawn on, as its header says."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset

from rerad.imaging.dicom.tags import items, opened, refuse_torn, text, wrong


def references(path: str | Path) -> frozenset[str]:
    """Return the SeriesInstanceUIDs that an RTSTRUCT or SEG refers to; none where it names no series.

    Raises:
        CaseError: the file is damaged, or of another modality.
    """
    header, where = opened(Path(path), headers_only=True), str(path)
    refuse_torn(header, where)
    kind = text(header, "Modality", where)
    if kind == "RTSTRUCT":
        return frozenset(rtstruct_references(header, where))
    if kind == "SEG":
        return _seg_references(header, where)
    raise wrong("Modality", kind, "is neither RTSTRUCT nor SEG", where)


def rtstruct_references(header: Dataset, where: str) -> dict[str, str]:
    """Return the series an RTSTRUCT refers to, and the frame of reference it names for each."""
    return {
        text(series, "SeriesInstanceUID", where): text(frame, "FrameOfReferenceUID", where, default="")
        for frame in items(header, "ReferencedFrameOfReferenceSequence", where)
        for study in items(frame, "RTReferencedStudySequence", where)
        for series in items(study, "RTReferencedSeriesSequence", where)
    }


def _seg_references(header: Dataset, where: str) -> frozenset[str]:
    # PS3.3 section C.12.2: series of the same study stand in the header, those of other studies one level deeper.
    others = items(header, "StudiesContainingOtherReferencedInstancesSequence", where)
    return frozenset(
        text(series, "SeriesInstanceUID", where)
        for part in (header, *others)
        for series in items(part, "ReferencedSeriesSequence", where)
    )
