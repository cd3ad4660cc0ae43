"""Read the scans of a patient as they were acquired: NIfTI or DICOM, each file checked against the manifest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import SimpleITK as sitk

from rerad.cohorts.cases import Case
from rerad.cohorts.manifest import check_file
from rerad.cohorts.sts.layout import image_file, mask_file, scan_files
from rerad.core.errors import CaseError
from rerad.imaging.dicom import read_ct, read_rtstruct, read_suv
from rerad.imaging.dicom.contents import Contents, ImageSeries, StructureSet, contents
from rerad.imaging.dicom.series import slice_files
from rerad.imaging.dicom.tags import shown, told
from rerad.radiomics.pair import read_pair

DICOM_MODALITIES = {"PET": "PT", "CT": "CT"}
READERS: dict[str, Callable[[Path], sitk.Image]] = {"PET": read_suv, "CT": read_ct}


class Scan(NamedTuple):
    """An image (PET in SUV, CT in HU; of DICOM in whole HU) and the GTV, 0 and 1, on its grid."""

    image: sitk.Image
    mask: sitk.Image


def scan_bytes(case: Case, modality: str) -> int:
    """Return about how much there is to read of one modality: what lies in DICOM only headers tell, so all counts."""
    image = case.files.get(image_file(case.name, modality))
    return image.size if image else sum(entry.size for entry in case.files.values())


def read_scan(case: Case, modality: str, *, roi: str) -> Scan:
    """Return the image of one modality (``PET`` or ``CT``) and the GTV on its grid, as they are stored.

    In DICOM the GTV is the region ``roi`` of the one RTSTRUCT that refers to the image's series and has it; names of
    files, folders and series play no part. A CT needs an RTSTRUCT of its own: the PET's contours, which lie in other
    planes, do not stand in for it.

    Raises:
        CaseError: there is no such image or GTV, or not one only; a file changed since it was acquired or cannot be
            used; or the case is there as NIfTI and as DICOM.
    """
    nifti = [file for file in scan_files(case.name) if file in case.files]
    if not nifti:
        return _read_dicom(case, modality, roi)
    if others := sorted(set(case.files) - set(nifti)):
        raise CaseError(
            f"NIfTI ({nifti[0]}) and DICOM ({others[0]}) in one case", where=case.name, remedy="Keep one of the two"
        )
    return _read_nifti(case, modality)


def _read_nifti(case: Case, modality: str) -> Scan:
    image, mask = image_file(case.name, modality), mask_file(case.name, modality)
    if image not in case.files:
        raise CaseError(f"no {modality} image", where=case.name, remedy=f"Add {image} to the source if there is one")
    if mask not in case.files:
        raise CaseError("the file was not acquired", where=str(case.folder / mask), remedy="Add it to the source")
    return Scan(*read_pair(*(check_file(case.folder, file, case.files[file]) for file in (image, mask))))


def _read_dicom(case: Case, modality: str, roi: str) -> Scan:
    found = contents((case.folder / file for file in case.files), whole=DICOM_MODALITIES.values())
    try:
        series = _one_series(case, DICOM_MODALITIES[modality], found)
        structures = _one_structure_set(case, series, found, roi)
    except CaseError:
        _check(case, found.looked_at)  # a file that changed explains what it lacks
        raise
    _check(case, [structures.path, *_slices(case, series)])
    image = READERS[modality](series.folder)
    mask = read_rtstruct(structures.path, image, roi)
    return Scan(_whole(image) if modality == "CT" else image, mask)


def _whole(image: sitk.Image) -> sitk.Image:
    # As CT is stored, and as the collection's NIfTI has it: PyRadiomics then rounds to whole HU after interpolation,
    # as IBSI does (Zwanenburg 2020, doi 10.1148/radiol.2020191145; reference manual, 68QD).
    return sitk.Cast(sitk.Round(image), sitk.sitkInt32)


def _one_series(case: Case, modality: str, found: Contents) -> ImageSeries:
    own = [series for series in found.series if series.modality == modality]
    if len(own) != 1:
        others = [f"{series.modality} series {series.uid} ({series.folder})" for series in own or found.series]
        raise CaseError(
            f"{len(own) or 'no'} series of {told('Modality')} = {modality}: there is {_listed(others, found)}",
            where=case.name,
            remedy=f"Bring one {modality} series a case, in a folder of its own",
        )
    patients = sorted({series.patient for series in found.series})
    if len(patients) > 1:
        raise CaseError(
            f"scans of several patients: {told('PatientID')} = {shown(', '.join(patients))}",
            where=case.name,
            remedy="Bring the scans of one patient a case",
        )
    return own[0]


def _one_structure_set(case: Case, series: ImageSeries, found: Contents, roi: str) -> StructureSet:
    """Return the RTSTRUCT of a series that has the region."""
    where = f"{series.patient}, {series.modality} series {series.uid} ({series.folder})"
    referring = [part for part in found.structures if series.uid in part.refers_to]
    if not referring:
        others = [
            f"RTSTRUCT series {part.uid} ({part.path}) refers to {', '.join(part.refers_to) or 'no series at all'}"
            for part in found.structures
        ]
        raise CaseError(
            f"no RTSTRUCT refers to it by {told('RTReferencedSeriesSequence')} / {told('SeriesInstanceUID')}: "
            f"there is {_listed(others, found)}",
            where=where,
            remedy="Bring the RTSTRUCT that was drawn on this series",
        )
    drawn = [part for part in referring if roi in part.rois]
    if len(drawn) > 1:
        files = ", ".join(f"RTSTRUCT series {part.uid} ({part.path})" for part in drawn)
        raise CaseError(
            f"{len(drawn)} RTSTRUCTs of this series have {told('ROIName')} = {roi}: {files}",
            where=where,
            remedy="Keep the one that counts",
        )
    chosen = (drawn or referring)[0]  # one without the region: reading it says which it has
    images = {other.uid for other in found.series} - {series.uid}
    if both := sorted(images & set(chosen.refers_to)):
        raise CaseError(
            f"RTSTRUCT series {chosen.uid} ({chosen.path}) refers to this and to {', '.join(both)}: "
            f"{told('RTReferencedSeriesSequence')} must name one",
            where=where,
            remedy="Bring an RTSTRUCT for each series",
        )
    return chosen


def _listed(things: list[str], found: Contents) -> str:
    broken = [f"{path} ({why})" for path, why in found.unreadable.items()]
    return "; ".join([*things, *broken]) or "nothing else"


def _slices(case: Case, series: ImageSeries) -> list[Path]:
    """Return the files of a series' folder that are to be read: those of the manifest, and no others."""
    there = slice_files(series.folder)
    for path in there:
        if path.relative_to(case.folder).as_posix() not in case.files:
            raise CaseError("came since the case was acquired", where=str(path), remedy="Acquire the cohort again")
    listed = [case.folder / file for file in case.files if (case.folder / file).parent == series.folder]
    return sorted({*there, *listed})


def _check(case: Case, paths: Iterable[Path]) -> None:
    for path in paths:
        file = path.relative_to(case.folder).as_posix()
        check_file(case.folder, file, case.files[file])
