"""The scans of a phantom patient as DICOM, as the collection has them: PT, CT, and an RTSTRUCT for each."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    generate_uid,
)
from scipy.ndimage import binary_dilation

from rerad.cohorts.sts.phantom_rtstruct import Contour, add_structures, outlines
from rerad.core.seeds import derive

Array = NDArray[np.generic]
KINDS = {
    "PT": PositronEmissionTomographyImageStorage,
    "CT": CTImageStorage,
    "RTSTRUCT": RTStructureSetStorage,
}
MODALITIES = {"PET": "PT", "CT": "CT"}
DATE, SERIES_SECONDS = "20000101", 11 * 3600  # no time of writing: the same seed gives the same bytes
HALF_LIFE_S = 6586.2  # fluorine-18
DOSE_BQ_PER_KG = (4e6, 6e6)
WEIGHT_KG = (50.0, 110.0)
UPTAKE_S = (50 * 60, 80 * 60)
DEEPEST = 32766  # of the 16 bits a voxel has, with room for a slope that its 16 characters round down
HU_INTERCEPT = -1024


def write_dicom(folder: Path, case: str, images: dict[str, sitk.Image], seed: int) -> None:
    """Write ``<Modality>/<SeriesInstanceUID>/*.dcm`` of one patient into a folder; same input, same bytes.

    The PT is in BQML with a slope of its own for every slice (SUV to half a step of 16 bits), the CT in HU exactly.
    Each has an RTSTRUCT with ``GTV_Mass``, whose contours enclose the mask to the voxel, and ``GTV_Edema``, one voxel
    wider; a further one refers to an MR series that is not there.

    Args:
        folder: takes the files.
        case: PatientID.
        images: ``PET_image`` (SUV), ``PET_mask`` and, where there is one, ``CT_image`` (HU), ``CT_mask``.
        seed: of the UIDs, the weight, the dose and the times.
    """
    generator = np.random.default_rng(derive(seed, "phantom", "tracer", case))
    # The collection's MR stay where they are, and their RTSTRUCTs come along.
    absent = {"GTV_Mass": outlines(sitk.GetArrayFromImage(images["PET_mask"]) > 0, images["PET_mask"])[:1]}
    of_mr = _header(case, "RTSTRUCT", seed, of="MR")
    _write_structures(folder, of_mr, absent, _header(case, "MR", seed), [])
    for name, modality in MODALITIES.items():
        if f"{name}_image" in images:
            image, mask = images[f"{name}_image"], images[f"{name}_mask"]
            gtv = sitk.GetArrayFromImage(mask) > 0
            regions = {"GTV_Mass": outlines(gtv, mask), "GTV_Edema": outlines(binary_dilation(gtv), mask)}
            header = _header(case, modality, seed)
            slices = _pt(header, image, generator) if modality == "PT" else _ct(header, image)
            uids = _write_slices(folder, header, image, slices)
            _write_structures(folder, _header(case, "RTSTRUCT", seed, of=modality), regions, header, uids)


def _header(case: str, modality: str, seed: int, *, of: str = "") -> Dataset:
    """Return what the files of a series share; ``of`` tells the RTSTRUCTs of a patient apart."""
    patient = [str(seed), case]
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.ImplementationClassUID = generate_uid(entropy_srcs=["rerad phantom"])
    header.file_meta.ImplementationVersionName = "RERAD_PHANTOM"
    if modality in KINDS:
        header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = KINDS[modality]
    header.Modality, header.Manufacturer = modality, "PHANTOM"
    header.PatientID, header.PatientName = case, "PHANTOM"
    header.PatientBirthDate = header.PatientSex = header.StudyID = header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = DATE
    header.StudyTime = header.SeriesTime = header.AcquisitionTime = header.ContentTime = _time(SERIES_SECONDS)
    header.SeriesDescription, header.SeriesNumber = f"PHANTOM {modality}", 1
    header.StudyInstanceUID = generate_uid(entropy_srcs=[*patient, "study"])
    header.FrameOfReferenceUID = generate_uid(entropy_srcs=[*patient, "frame"])
    header.SeriesInstanceUID = generate_uid(entropy_srcs=[*patient, modality, of])
    return header


def _pt(header: Dataset, image: sitk.Image, generator: np.random.Generator) -> list[tuple[str, Array]]:
    """Describe the tracer, and return the slope and the stored values of every slice."""
    weight = round(float(generator.uniform(*WEIGHT_KG)), 1)
    dose = float(f"{weight * generator.uniform(*DOSE_BQ_PER_KG):.4g}")
    delay = int(generator.integers(*UPTAKE_S))
    tracer = Dataset()
    tracer.Radiopharmaceutical = "FDG"
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = _text(dose), _text(HALF_LIFE_S)
    tracer.RadiopharmaceuticalStartTime = _time(SERIES_SECONDS - delay)
    header.PatientWeight, header.Units, header.DecayCorrection = _text(weight), "BQML", "START"
    header.SeriesType, header.CountsSource = ["WHOLE BODY", "IMAGE"], "EMISSION"
    header.CorrectedImage = ["DECY", "ATTN", "SCAT", "RAN"]
    header.NumberOfSlices = image.GetSize()[2]
    header.RadiopharmaceuticalInformationSequence = [tracer]
    header.RescaleIntercept = "0"
    per_suv = dose * 2.0 ** (-delay / HALF_LIFE_S) / (weight * 1000)
    slices = []
    for activity in sitk.GetArrayFromImage(image).astype(np.float64) * per_suv:
        slope = _text(max(float(activity.max()), 1.0) / DEEPEST)
        slices.append((slope, np.rint(activity / float(slope))))
    return slices


def _ct(header: Dataset, image: sitk.Image) -> list[tuple[str, Array]]:
    header.RescaleIntercept, header.RescaleType, header.KVP = _text(HU_INTERCEPT), "HU", "120"
    return [("1", values.astype(np.int32) - HU_INTERCEPT) for values in sitk.GetArrayFromImage(image)]


def _write_slices(
    folder: Path, header: Dataset, image: sitk.Image, slices: Sequence[tuple[str, Array]]
) -> list[tuple[str, str]]:
    """Write the slices of a series and return (SOPClassUID, SOPInstanceUID) of each, from the lowest to the highest."""
    place = folder / header.Modality / header.SeriesInstanceUID
    place.mkdir(parents=True)
    columns, rows, _ = image.GetSize()
    gap_x, gap_y, gap_z = image.GetSpacing()
    header.Rows, header.Columns, header.PixelSpacing = rows, columns, [_text(gap_y), _text(gap_x)]
    header.SliceThickness, header.ImageType = _text(gap_z), ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 1
    header = _encoded(header)
    written = []
    for index, (slope, stored) in enumerate(slices):
        header.ImagePositionPatient = [_text(x) for x in image.TransformIndexToPhysicalPoint((0, 0, index))]
        header.RescaleSlope = slope
        header.add_new("PixelData", "OW", stored.astype("<i2").tobytes())
        # Numbered from the head downwards, as scanners do: files in the order of their names go down the patient.
        header.InstanceNumber = len(slices) - index
        _save(header, place / f"1-{len(slices) - index:03d}.dcm", str(index))
        written.append((header.SOPClassUID, header.SOPInstanceUID))
    return written


def _encoded(header: Dataset) -> Dataset:
    """Return a header whose values are bytes already: else all of them would be encoded anew for every slice."""
    stream = io.BytesIO()
    header.save_as(stream, enforce_file_format=False, implicit_vr=False, little_endian=True)
    stream.seek(0)
    encoded = dcmread(stream, force=True)
    encoded.file_meta = header.file_meta
    return encoded


def _write_structures(
    folder: Path,
    header: Dataset,
    regions: Mapping[str, Sequence[Contour]],
    referred: Dataset,
    uids: Sequence[tuple[str, str]],
) -> None:
    header.StructureSetLabel, header.StructureSetDate, header.StructureSetTime = "PHANTOM", DATE, header.StudyTime
    add_structures(header, regions, referred, uids)
    place = folder / "RTSTRUCT" / header.SeriesInstanceUID
    place.mkdir(parents=True)
    _save(header, place / "1-1.dcm", "0")


def _save(header: Dataset, path: Path, name: str) -> None:
    uid = generate_uid(entropy_srcs=[header.SeriesInstanceUID, name])
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = uid
    header.save_as(path, enforce_file_format=True)


def _text(value: Any) -> str:
    """Return a number as DICOM's decimal text of at most 16 characters."""
    return f"{value:.10g}"


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}.00"
