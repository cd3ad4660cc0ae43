"""A phantom patient as DICOM, as the collection has it: an MR series of one volume, and its lesion as a SEG of bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, SegmentationStorage, generate_uid

from rerad.cohorts.breast.phantom_breast import BENIGN

KINDS = {"MR": MRImageStorage, "SEG": SegmentationStorage}
DATE, TIME = "20000101", "110000.00"  # no time of writing: the same seed gives the same bytes
# By which frames are told apart: ReferencedSegmentNumber and ImagePositionPatient, and the groups they stand in.
DIMENSIONS = ((0x0062000B, 0x0062000A), (0x00200032, 0x00209113))
COSINES = ["1", "0", "0", "0", "1", "0"]


def write_dicom(
    folder: Path,
    case: str,
    image: NDArray[np.uint16],
    tissue: NDArray[np.uint8],
    spacing: list[float],
    seed: int,
) -> None:
    """Write ``MR/<SeriesInstanceUID>/*.dcm`` and, where there is a lesion, ``SEG/<SeriesInstanceUID>/1-1.dcm``.

    Arrays and spacing (mm) are (z, y, x) in LPS. Same input, same bytes.
    """
    positions = _positions(image.shape, spacing)
    uids = _write_slices(folder, case, image, positions, spacing, seed)
    if (lesion := tissue >= BENIGN).any():
        _write_segmentation(folder, case, lesion, positions, spacing, uids, seed)


def _positions(shape: tuple[int, ...], spacing: list[float]) -> list[list[str]]:
    """Return where the first voxel of each slice lies (x, y, z), the field's middle being the origin."""
    corner = [-(count - 1) / 2 * step for count, step in zip(shape, spacing, strict=True)]
    return [[_text(corner[2]), _text(corner[1]), _text(corner[0] + index * spacing[0])] for index in range(shape[0])]


def _header(case: str, modality: str, seed: int) -> Dataset:
    """Return what the files of a series share."""
    patient = [str(seed), case, "breast"]
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.ImplementationClassUID = generate_uid(entropy_srcs=["rerad phantom"])
    header.file_meta.ImplementationVersionName = "RERAD_PHANTOM"
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = KINDS[modality]
    header.Modality, header.Manufacturer = modality, "PHANTOM"
    header.PatientID, header.PatientName = case, "PHANTOM"
    header.PatientBirthDate = header.PatientSex = header.StudyID = header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    header.StudyDate = header.SeriesDate = header.ContentDate = DATE
    header.StudyTime = header.SeriesTime = header.ContentTime = TIME
    header.SeriesDescription, header.SeriesNumber = f"PHANTOM {modality}", 1
    header.StudyInstanceUID = generate_uid(entropy_srcs=[*patient, "study"])
    header.FrameOfReferenceUID = generate_uid(entropy_srcs=[*patient, "frame"])
    header.SeriesInstanceUID = generate_uid(entropy_srcs=[*patient, modality])
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    return header


def _write_slices(
    folder: Path, case: str, image: NDArray[np.uint16], positions: list[list[str]], spacing: list[float], seed: int
) -> list[str]:
    """Write the slices and return the SOPInstanceUID of each, from the lowest to the highest."""
    header = _header(case, "MR", seed)
    place = folder / "MR" / header.SeriesInstanceUID
    place.mkdir(parents=True)
    header.ImageType, header.ImageOrientationPatient = ["ORIGINAL", "PRIMARY", "OTHER"], COSINES
    header.Rows, header.Columns = image.shape[1:]
    header.PixelSpacing, header.SliceThickness = [_text(spacing[1]), _text(spacing[2])], _text(spacing[0])
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 0
    uids = []
    for index, values in enumerate(image):
        header.ImagePositionPatient = positions[index]
        # Numbered from the head downwards: files in the order of their names go down the patient.
        header.InstanceNumber = number = len(image) - index
        header.add_new("PixelData", "OW", values.astype("<u2").tobytes())
        uids.append(_save(header, place / f"1-{number:03d}.dcm", str(index)))
    return uids


def _write_segmentation(
    folder: Path,
    case: str,
    lesion: NDArray[np.bool_],
    positions: list[list[str]],
    spacing: list[float],
    uids: list[str],
    seed: int,
) -> None:
    header = _header(case, "SEG", seed)
    place = folder / "SEG" / header.SeriesInstanceUID
    place.mkdir(parents=True)
    header.ImageType, header.InstanceNumber = ["DERIVED", "PRIMARY"], 1
    header.ContentLabel, header.SegmentationType, header.LossyImageCompression = "LESION", "BINARY", "00"
    header.NumberOfFrames, header.Rows, header.Columns = lesion.shape
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 1, 1, 0, 0
    segment = _of(SegmentNumber=1, SegmentLabel="Lesion", SegmentAlgorithmType="MANUAL")
    segment.SegmentedPropertyCategoryCodeSequence = [_code("49755003", "Morphologically Altered Structure")]
    segment.SegmentedPropertyTypeCodeSequence = [_code("52988006", "Lesion")]
    header.SegmentSequence = [segment]
    images = [_of(ReferencedSOPClassUID=MRImageStorage, ReferencedSOPInstanceUID=uid) for uid in uids]
    series = _of(SeriesInstanceUID=_header(case, "MR", seed).SeriesInstanceUID, ReferencedInstanceSequence=images)
    header.ReferencedSeriesSequence = [series]
    pixels = [_text(spacing[1]), _text(spacing[2])]
    measures = _of(PixelSpacing=pixels, SliceThickness=_text(spacing[0]), SpacingBetweenSlices=_text(spacing[0]))
    orientation = _of(ImageOrientationPatient=COSINES)
    header.SharedFunctionalGroupsSequence = [
        _of(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[orientation])
    ]
    organisation = generate_uid(entropy_srcs=[header.SeriesInstanceUID, "dimensions"])
    header.DimensionOrganizationSequence = [_of(DimensionOrganizationUID=organisation)]
    header.DimensionIndexSequence = [
        _of(DimensionOrganizationUID=organisation, DimensionIndexPointer=pointer, FunctionalGroupPointer=group)
        for pointer, group in DIMENSIONS
    ]
    header.PerFrameFunctionalGroupsSequence = [
        _of(
            FrameContentSequence=[_of(DimensionIndexValues=[1, index + 1])],
            PlanePositionSequence=[_of(ImagePositionPatient=position)],
            SegmentIdentificationSequence=[_of(ReferencedSegmentNumber=1)],
        )
        for index, position in enumerate(positions)
    ]
    bits = np.packbits(lesion.ravel(), bitorder="little").tobytes()  # frames follow each other without filling
    header.add_new("PixelData", "OB", bits + b"\0" * (len(bits) % 2))
    _save(header, place / "1-1.dcm", "0")


def _code(value: str, meaning: str) -> Dataset:
    """Return a code of SNOMED CT."""
    return _of(CodeValue=value, CodingSchemeDesignator="SCT", CodeMeaning=meaning)


def _of(**values: object) -> Dataset:
    """Return an item of a sequence."""
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _save(header: Dataset, path: Path, name: str) -> str:
    uid = generate_uid(entropy_srcs=[header.SeriesInstanceUID, name])
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = uid
    header.save_as(path, enforce_file_format=True)
    return str(uid)


def _text(value: float) -> str:
    """Return a number as DICOM's decimal text of at most 16 characters."""
    return f"{value:.10g}"
