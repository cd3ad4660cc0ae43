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
