"""Small DICOM series and RTSTRUCTs, written with pydicom, for tests that break them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    generate_uid,
)

FRAME = generate_uid(entropy_srcs=["frame"])
STUDY = generate_uid(entropy_srcs=["study"])
UPRIGHT = (1.0, 0, 0, 0, 1.0, 0)
Change = Callable[[Dataset, int], None]


def series_uid(name: str) -> str:
    return generate_uid(entropy_srcs=["series", name])


def write_series(
    folder: Path,
    stored: np.ndarray,
    *,
    modality: str = "PT",
    name: str = "one",
    spacing: Sequence[float] = (4.0, 2.0),
    gap: float = 3.0,
    origin: Sequence[float] = (-10.0, 20.0, 5.0),
    orientation: Sequence[float] = UPRIGHT,
    slopes: Sequence[float] | None = None,
    change: Change | None = None,
) -> str:
    """Write slices (slice, row, column); ``change(header, index)`` may break one. File names go against the order."""
    folder.mkdir(parents=True, exist_ok=True)
    normal = np.cross(orientation[:3], orientation[3:])
    for index, pixels in enumerate(stored):
        header = _slice(modality, name, index, pixels, spacing, orientation)
        header.ImagePositionPatient = [f"{x:.9g}" for x in np.array(origin) + index * gap * normal]
        header.RescaleSlope = (slopes or np.linspace(0.5, 2.5, len(stored)).round(4))[index]
        if modality == "PT":
            _tracer(header, len(stored))
        if change is not None:
            change(header, index)
        if header.get("Rows") != 0:  # a change may drop a slice by this
            header.save_as(folder / f"{(index * 7919) % 1000:03d}_{len(stored) - index}.dcm", enforce_file_format=True)
    return series_uid(name)


def _slice(modality: str, name: str, index: int, pixels: np.ndarray, spacing: Sequence[float], orientation) -> Dataset:
    header = _named(modality, CTImageStorage if modality == "CT" else PositronEmissionTomographyImageStorage)
    header.SeriesInstanceUID = series_uid(name)
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=[name, str(index), modality]
    )
    header.FrameOfReferenceUID = FRAME
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.InstanceNumber = 1  # tells nothing about the order, as in some real series
    header.Rows, header.Columns = pixels.shape
    header.PixelSpacing = list(spacing)
    header.ImageOrientationPatient = list(orientation)
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 1
    header.RescaleIntercept = -1024 if modality == "CT" else 0
    header.PixelData = pixels.astype("<i2").tobytes()
    return header


def _tracer(header: Dataset, count: int) -> None:
    header.PatientWeight = 70
    header.Units, header.DecayCorrection = "BQML", "START"
    header.SeriesDate, header.SeriesTime, header.AcquisitionTime = "20000101", "110000", "110000.5"
    header.NumberOfSlices = count
    tracer = Dataset()
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = 350e6, 3600
    tracer.RadiopharmaceuticalStartTime = "100000.00"
    header.RadiopharmaceuticalInformationSequence = [tracer]


def write_rtstruct(
    path: Path,
    rois: Mapping[str, Sequence[np.ndarray]],
    *,
    series: str = "one",
    change: Callable[[Dataset], None] | None = None,
) -> Path:
    """Write contours, each (points, 3) in mm, that refer to a series."""
    header = _named("RTSTRUCT", RTStructureSetStorage)
    header.SeriesInstanceUID = series_uid(f"rtstruct of {series}")
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    referenced, study, frame = Dataset(), Dataset(), Dataset()
    referenced.SeriesInstanceUID = series_uid(series)
    study.RTReferencedSeriesSequence = [referenced]
    frame.RTReferencedStudySequence, frame.FrameOfReferenceUID = [study], FRAME
    header.ReferencedFrameOfReferenceSequence = [frame]
    header.StructureSetROISequence, header.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(rois.items(), start=1):
        definition, drawn = Dataset(), Dataset()
        definition.ROINumber, definition.ROIName, definition.ReferencedFrameOfReferenceUID = number, name, FRAME
        drawn.ReferencedROINumber, drawn.ContourSequence = number, [_contour(points) for points in contours]
        header.StructureSetROISequence.append(definition)
        header.ROIContourSequence.append(drawn)
    if change is not None:
        change(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    header.save_as(path, enforce_file_format=True)
    return path


def _contour(points: np.ndarray) -> Dataset:
    item = Dataset()
    item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
    item.ContourData = [f"{x:.6f}" for x in np.ravel(points)]
    return item


def _named(modality: str, kind: str) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID, header.file_meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, kind
    header.SOPClassUID, header.Modality = kind, modality
    header.PatientID, header.StudyInstanceUID = "STS_900", STUDY
    return header


def write_seg(
    path: Path,
    mask: np.ndarray,
    *,
    spacing: Sequence[float],
    origin: Sequence[float],
    orientation: Sequence[float] = UPRIGHT,
    frames: Sequence[int] | None = None,
    more: np.ndarray | None = None,
    change: Callable[[Dataset], object] | None = None,
) -> None:
    """Write masks (z, y, x) of a grid along LPS as a SEG whose frames have rows along ``orientation``.

    ``frames``: which slices across the rows are written, in this order; ``more``: a second segment.
    """
    along, down = np.array(orientation[:3], float), np.array(orientation[3:], float)
    third = int(np.flatnonzero(np.abs(along) + np.abs(down) == 0)[0])
    steps, counts = np.array(spacing[::-1]), np.array(mask.shape[::-1])
    start = np.where(along + down < 0, counts - 1, 0)  # the first pixel of each frame, in voxels (x, y, z)
    columns, rows = (int(counts[np.abs(axis).argmax()]) for axis in (along, down))
    grid = start + np.arange(rows)[:, None, None] * down + np.arange(columns)[:, None] * along
    pixels, places = [], []
    for segment, part in enumerate([mask] if more is None else [mask, more]):
        for index in range(counts[third]) if frames is None else frames:
            x, y, z = np.moveaxis((grid + index * (np.arange(3) == third)).astype(int), -1, 0)
            pixels.append(part[z, y, x])
            first = np.array(origin) + (start + index * (np.arange(3) == third)) * steps
            place, identity = Dataset(), Dataset()
            place.ImagePositionPatient = [f"{value:.9g}" for value in first]
            identity.ReferencedSegmentNumber = segment + 1
            group = Dataset()
            group.PlanePositionSequence, group.SegmentIdentificationSequence = [place], [identity]
            places.append(group)
    header = _named("SEG", SegmentationStorage)
    header.SeriesInstanceUID = series_uid("segmentation")
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    header.SegmentationType, header.SamplesPerPixel, header.PhotometricInterpretation = "BINARY", 1, "MONOCHROME2"
    header.NumberOfFrames, header.Rows, header.Columns = len(pixels), rows, columns
    header.BitsAllocated = header.BitsStored = 1
    header.HighBit = header.PixelRepresentation = 0
    plane, measures, shared = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = [float(value) for value in orientation]
    measures.PixelSpacing = [float(np.abs(down) @ steps), float(np.abs(along) @ steps)]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], places
    bits = np.packbits(np.array(pixels).ravel(), bitorder="little").tobytes()
    header.add_new("PixelData", "OB", bits + b"\0" * (len(bits) % 2))
    if change is not None:
        change(header)
    header.save_as(path, enforce_file_format=True)
