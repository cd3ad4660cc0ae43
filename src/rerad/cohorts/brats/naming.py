"""Which files belong to which case: the namings of all BraTS releases and of the Decathlon.

2018, 2019   HGG/Brats18_CBICA_AAB_1/Brats18_CBICA_AAB_1_t1ce.nii.gz     the folder tells the grade
2020         BraTS20_Training_001/BraTS20_Training_001_t1ce.nii          grades in name_mapping.csv
2021         BraTS2021_00006/BraTS2021_00006_t1ce.nii.gz
2023         BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1c.nii.gz          patient and time point
Decathlon    imagesTr/BRATS_001.nii.gz (four channels), labelsTr/BRATS_001.nii.gz
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from rerad.cohorts.names import check_names

MODALITIES = ("t1", "t1ce", "t2", "flair")  # of the prepared channels, in this order
LABELS = "seg"
CHANNELS = "channels"
DECATHLON = ("flair", "t1", "t1ce", "t2")  # order of the channels in its files (dataset.json)

_KINDS = {name: name for name in (*MODALITIES, LABELS)} | {"t1n": "t1", "t1c": "t1ce", "t2w": "t2", "t2f": "flair"}
_NAME = re.compile(rf"(?P<case>.+)[_-](?P<kind>{'|'.join(_KINDS)})\.nii(\.gz)?", re.IGNORECASE)
_DECATHLON = re.compile(r"(?P<case>.+)\.nii(\.gz)?")
_FOLDERS = {"imagesTr": CHANNELS, "labelsTr": LABELS}
_TIME_POINT = re.compile(r"(?P<patient>BraTS-[A-Za-z]+-\d+)-\d{3}")


class Files(NamedTuple):
    """The files of a case as paths in the cohort's folder.

    ``kinds``: t1, t1ce, t2, flair, seg or channels (all modalities in one file) → files, several where more than one
    claims to be it; ``grades``: HGG, LGG, as folders name it; ``others``: images beside them whose names say nothing.
    """

    case: str
    kinds: dict[str, list[str]]
    grades: set[str]
    others: list[str]

    @property
    def patient(self) -> str:
        """Who the case is of: in the newer releases a patient may have several time points."""
        found = _TIME_POINT.fullmatch(self.case)
        return found["patient"] if found else self.case

    @property
    def decathlon(self) -> bool:
        """Whether the labels are coded as the Decathlon codes them."""
        return any(PurePosixPath(file).parent.name == "labelsTr" for file in self.kinds.get(LABELS, []))


def is_image(name: str) -> bool:
    """Tell whether a file is a NIfTI image by its name; ``._…`` are shadows that macOS leaves in archives."""
    return name.endswith((".nii", ".nii.gz")) and not name.startswith("._")


def find_cases(files: Iterable[str]) -> dict[str, Files]:
    """Return the cases of a list of files, by name and in order.

    Raises:
        ReradError: a case has a name that no table can hold.
    """
    cases: dict[str, Files] = {}
    unknown: dict[PurePosixPath, list[str]] = {}
    homes: dict[PurePosixPath, set[str]] = {}
    for file in sorted(files):
        path = PurePosixPath(file)
        if not is_image(path.name):
            continue
        told = _told(path)
        if told is None:
            unknown.setdefault(path.parent, []).append(file)
            continue
        name, kind = told
        case = cases.setdefault(name, Files(name, {}, set(), []))
        case.kinds.setdefault(kind, []).append(file)
        case.grades.update({"HGG", "LGG"} & {part.upper() for part in path.parts[:-1]})
        homes.setdefault(path.parent, set()).add(name)
    for folder, others in unknown.items():
        for name in homes.get(folder, ()):
            cases[name].others.extend(others)
    check_names(cases, where="cases, by the names of their files")
    return dict(sorted(cases.items()))


def _told(path: PurePosixPath) -> tuple[str, str] | None:
    """Return the case and the kind that a file's name tells."""
    if kind := _FOLDERS.get(path.parent.name):
        found = _DECATHLON.fullmatch(path.name)
        return (found["case"], kind) if found else None
    found = _NAME.fullmatch(path.name)
    return (found["case"], _KINDS[found["kind"].lower()]) if found else None
