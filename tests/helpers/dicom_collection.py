"""A collection of two patients as archives hold it: images, structures drawn on them, and one drawn on an absent MR."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from dicom_files import series_uid, write_rtstruct, write_series

LICENCE, DOI = "CC BY 3.0", "10.7937/k9/tcia.2015.7go2gsks"
BOX = np.array([(-9.0, 22, 8), (-3, 22, 8), (-3, 30, 8), (-9, 30, 8)])


class Listed(NamedTuple):
    """One series of the collection: what an archive's list says of it, and its files by name."""

    patient: str
    modality: str
    uid: str
    files: dict[str, bytes]

    @property
    def folder(self) -> str:
        return f"{self.patient}/{self.modality}/{self.uid}"

    @property
    def size(self) -> int:
        return sum(map(len, self.files.values()))


def make_collection(folder: Path) -> list[Listed]:
    """Write STS_900 (PT of 3 slices, CT of 2, MR, RTSTRUCTs of PT, CT and MR) and STS_901 (PT of 2 and its RTSTRUCT)."""
    made = [
        _images(folder, "STS_900", "PT", 3),
        _images(folder, "STS_900", "CT", 2),
        _images(folder, "STS_900", "MR", 1),
        _images(folder, "STS_901", "PT", 2),
    ]
    made += [_structure(folder, patient, on) for patient, on in OF]
    return made


OF = (("STS_900", "PT"), ("STS_900", "CT"), ("STS_900", "MR"), ("STS_901", "PT"))
IMAGES = ["STS_900/CT", "STS_900/PT", "STS_901/PT"]


def name_of(patient: str, modality: str) -> str:
    """The name of an image series in ``dicom_files``, from which its UID follows."""
    return f"{patient} {modality}"


def files_of(series: Sequence[Listed]) -> list[str]:
    """All files where they belong, sorted."""
    return sorted(f"{part.folder}/{name}" for part in series for name in part.files)


def drawn_on(series: Sequence[Listed], patient: str, modality: str) -> Listed:
    """The RTSTRUCT of an image."""
    uid = series_uid(f"rtstruct of {name_of(patient, modality)}")
    return next(part for part in series if part.uid == uid)


def _images(folder: Path, patient: str, modality: str, slices: int) -> Listed:
    place = folder / patient / modality

    def change(header, index):
        header.PatientID, header.Modality = patient, modality

    stored = np.arange(slices * 20).reshape(slices, 5, 4)
    uid = write_series(place, stored, modality=modality, name=name_of(patient, modality), change=change)
    return Listed(patient, modality, uid, {path.name: path.read_bytes() for path in sorted(place.iterdir())})


def _structure(folder: Path, patient: str, on: str) -> Listed:
    def change(header):
        header.PatientID = patient

    path = folder / patient / f"rt_{on}" / "1-1.dcm"
    write_rtstruct(path, {"GTV_Mass": [BOX]}, series=name_of(patient, on), change=change)
    uid = series_uid(f"rtstruct of {name_of(patient, on)}")
    return Listed(patient, "RTSTRUCT", uid, {path.name: path.read_bytes()})
