"""The scans in a local folder: NIfTI or DICOM, one folder a case."""

from __future__ import annotations

from pathlib import Path

from rerad.cohorts.folders import walk
from rerad.cohorts.sts.layout import scan_files

# Of DICOM files: after a preamble of 128 bytes (PS3.10 section 7.1).
MAGIC, PREAMBLE = b"DICM", 128


def local_scans(folder: Path) -> list[str]:
    """Return the files of all cases below a folder, sorted, as paths in it.

    Of a case these are its NIfTI files, and all files of the folders below it in which there is a DICOM file: one whose
    first bytes are damaged must not be passed over.
    """
    found = []
    for case in sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
        nifti = [file for file in scan_files(case) if (folder / file).is_file()]
        found += nifti
        for files in walk(folder / case):
            files = [path for path in files if path.relative_to(folder).as_posix() not in nifti]
            if any(_is_dicom(path) for path in files):
                found += [path.relative_to(folder).as_posix() for path in files]
    return sorted(found)


def _is_dicom(path: Path) -> bool:
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(PREAMBLE + len(MAGIC))[PREAMBLE:] == MAGIC
