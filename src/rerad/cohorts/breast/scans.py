"""Read image and lesion of a case as they were acquired: NIfTI or DICOM, each file checked against the manifest first.

A case is a folder, and its scans lie anywhere below it: as NIfTI one image of any name and, where there is a lesion,
``lesion.nii.gz`` on its grid; as DICOM one MR series of one volume and at most one SEG.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import NamedTuple

import SimpleITK as sitk

from rerad.cohorts.cases import Case
from rerad.cohorts.manifest import check_file
from rerad.core.errors import CaseError
from rerad.imaging.dicom import read_mr, read_seg
from rerad.imaging.dicom.contents import ImageSeries, contents, may_be_dicom
from rerad.imaging.dicom.series import slice_files
from rerad.imaging.images import read_stored, same_geometry

NIFTI = (".nii", ".nii.gz")
LESIONS = ("lesion.nii", "lesion.nii.gz")


class Scan(NamedTuple):
    """An image as stored, and the lesion, not 0, on its grid; None where no mask was given."""

    image: sitk.Image
    lesion: sitk.Image | None


def may_be_scan(path: Path) -> bool:
    """Tell whether a file may be NIfTI or DICOM, by its name."""
    return path.name.endswith(NIFTI) or (may_be_dicom(path) and path.suffix in ("", ".dcm", ".ima", ".IMA", ".DCM"))


def read_scan(case: Case) -> Scan:
    """Return image and lesion of a case.

    Raises:
        CaseError: there is no image or more than one, or more than one mask; a file changed since it was acquired or
            cannot be used; the lesion lies on another grid or marks no voxel.
    """
    nifti = [file for file in case.files if file.endswith(NIFTI)]
    if not nifti:
        return _read_dicom(case)
    if others := sorted(set(case.files) - set(nifti)):
        raise CaseError(
            f"NIfTI ({nifti[0]}) and other files ({others[0]}) in one case",
            where=case.name,
            remedy="Keep one of the two",
        )
    masks = [file for file in nifti if PurePosixPath(file).name in LESIONS]
    image = read_stored(_only(case, sorted(set(nifti) - set(masks)), "images"))
    if not masks:
        return Scan(image, None)
    path = _only(case, masks, "masks")
    lesion = read_stored(path)
    same_geometry(image, lesion, where=str(path), names=("image", "lesion mask"))
    if not sitk.GetArrayViewFromImage(lesion).any():
        raise CaseError("the lesion mask is empty", where=str(path), remedy="Remove it, or contour the lesion")
    return Scan(image, lesion)


def _only(case: Case, files: list[str], what: str) -> Path:
    if len(files) != 1:
        told = f"{len(files)} {what}: {', '.join(files)}" if files else f"no {what} among {', '.join(case.files)}"
        raise CaseError(told, where=case.name, remedy=f"Keep one image a case, and name its mask {LESIONS[1]}")
    return check_file(case.folder, files[0], case.files[files[0]])


def _read_dicom(case: Case) -> Scan:
    found = contents([case.folder / file for file in case.files], whole=("MR",))
    for path, why in found.unreadable.items():
        raise CaseError(f"no DICOM file ({why})", where=str(path), remedy="Copy or download the file again")
    image, mask = (_one(case, found.series, modality) for modality in ("MR", "SEG"))
    if image is None:
        others = "; ".join(f"{series.modality} series {series.uid}" for series in found.series) or "nothing"
        raise CaseError(f"no MR series: there is {others}", where=case.name, remedy="Bring one MR series")
    _check(case, image.folder)
    read = read_mr(image.folder)
    if mask is None:
        return Scan(read, None)
    _check(case, mask.folder)
    paths = slice_files(mask.folder)
    if len(paths) != 1:
        raise CaseError(f"{len(paths)} files of a SEG series", where=str(mask.folder), remedy="Keep one segmentation")
    return Scan(read, read_seg(paths[0], read))


def _one(case: Case, series: list[ImageSeries], modality: str) -> ImageSeries | None:
    """Return the one series of a modality, or nothing."""
    found = [one for one in series if one.modality == modality]
    if len(found) > 1:
        told = ", ".join(f"{one.uid} ({one.folder})" for one in found)
        raise CaseError(f"{len(found)} {modality} series: {told}", where=case.name, remedy="Keep one of them")
    return found[0] if found else None


def _check(case: Case, folder: Path) -> None:
    """Refuse a series' folder that has lost, gained or changed a file since the case was acquired."""
    listed = {case.folder / file for file in case.files if (case.folder / file).parent == folder}
    for path in sorted({*slice_files(folder), *listed}):
        file = path.relative_to(case.folder).as_posix()
        if file not in case.files:
            raise CaseError("came since the case was acquired", where=str(path), remedy="Acquire the cohort again")
        check_file(case.folder, file, case.files[file])
