"""Names of the files of an acquired cohort, the same for every source."""

from __future__ import annotations

CLINICAL = "INFOclinical_STS.xlsx"
MODALITIES = ("PET", "CT")


def image_file(case: str, modality: str) -> str:
    """Return the path of an image inside the cohort's folder."""
    return f"{case}/{modality}_image.nii.gz"


def mask_file(case: str, modality: str) -> str:
    """Return the path of the GTV on the grid of a modality inside the cohort's folder."""
    return f"{case}/{modality}_mask.nii.gz"


def scan_files(case: str) -> list[str]:
    """Return the paths of all files that a case may have."""
    return [name(case, modality) for modality in MODALITIES for name in (image_file, mask_file)]
