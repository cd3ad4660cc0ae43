"""Names of the cohort's files: tables of expression, and segmentations as BraTS-TCGA-GBM names them.

``TCGA-02-0006/TCGA-02-0006_1996.08.23_GlistrBoost_ManuallyCorrected.nii.gz``: patient, date of the scan, and what the
file is; beside it lie ``…_GlistrBoost.nii.gz``, the same before its correction, and the scans, which nothing needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from rerad.cohorts.barcodes import PATIENT
from rerad.core.errors import CaseError

TABLE = "data_mrna_affymetrix_microarray.txt"  # of cBioPortal
COUNTS_END = ".rna_seq.augmented_star_gene_counts.tsv"  # of the GDC, one file a sample
COUNTS_TABLE = "files.csv"  # whose samples they are, see rerad.cohorts.sources.gdc
KINDS = {"GlistrBoost_ManuallyCorrected": 1, "GlistrBoost": 0}  # and whether a person corrected it

_SEGMENTATION = re.compile(
    rf"(?P<patient>{PATIENT})_(?P<date>\d{{4}}\.\d\d\.\d\d)_(?P<kind>{'|'.join(KINDS)})\.nii(\.gz)?"
)


class Segmentation(NamedTuple):
    """A segmentation: its path in the cohort's folder, the date of the scan, 1 where a person corrected it."""

    file: str
    date: str
    corrected: int


def is_expression(name: str) -> bool:
    """Tell whether a file holds expression, or tells whose it is, by its name."""
    return name in (TABLE, COUNTS_TABLE) or name.endswith(COUNTS_END)


def is_segmentation(name: str) -> bool:
    """Tell whether a file is a segmentation by its name."""
    return _SEGMENTATION.fullmatch(name) is not None


def find_segmentations(files: Iterable[str]) -> dict[str, list[Segmentation]]:
    """Return the segmentations among files, by patient and in order."""
    found: dict[str, list[Segmentation]] = {}
    for file in sorted(files):
        if told := _SEGMENTATION.fullmatch(PurePosixPath(file).name):
            segmentation = Segmentation(file, told["date"], KINDS[told["kind"]])
            found.setdefault(told["patient"], []).append(segmentation)
    return dict(sorted(found.items()))


def choose(patient: str, found: list[Segmentation]) -> Segmentation:
    """Return a patient's segmentation: of the first scan, and there the corrected one.

    Raises:
        CaseError: two files claim to be it.
    """
    first = min(segmentation.date for segmentation in found)
    there = [segmentation for segmentation in found if segmentation.date == first]
    best = [segmentation for segmentation in there if segmentation.corrected == max(one.corrected for one in there)]
    if len(best) > 1:
        told = ", ".join(segmentation.file for segmentation in best)
        raise CaseError(f"{len(best)} segmentations: {told}", where=patient, remedy="Keep one of them")
    return best[0]
