"""Barcodes of The Cancer Genome Atlas: whose sample it is, of what kind, and which of several is taken.

``TCGA-02-0047-01A-01R-1849-01``: patient (first three parts), kind and vial of the sample, portion and analyte, plate,
centre; tables often stop after the kind. See https://docs.gdc.cancer.gov/Encyclopedia/pages/TCGA_Barcode.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

PRIMARY = "01"  # primary solid tumour; 02 is a recurrence, 10 to 14 are normal tissue
# GDAC Firehose (https://gdac.broadinstitute.org, "Replicate Samples"): of RNA mirVana before others and total RNA last,
# of DNA native before amplified; then the highest barcode, which is the last portion and plate.
ANALYTES = "HRTDGWX"
PATIENT = r"[A-Z]+-[A-Z0-9]{2}-[A-Z0-9]{4}"
_BARCODE = re.compile(rf"(?P<patient>{PATIENT})-(?P<kind>\d\d)[A-Z]?(-[A-Z0-9]+)*")
Item = TypeVar("Item")


class Sample(NamedTuple):
    """Whose sample a barcode names, and of what kind."""

    patient: str
    kind: str


def read_barcode(text: str) -> Sample | None:
    """Return what a barcode of a sample, or of a part of one, tells; None if it is none."""
    found = _BARCODE.fullmatch(text)
    return Sample(found["patient"], found["kind"]) if found else None


def by_preference(items: Iterable[Item], barcode: Callable[[Item], str]) -> list[Item]:
    """Return items of one kind with the one to take first: the first vial, then by the rules of GDAC Firehose."""

    def rank(item: Item) -> tuple[str, int]:
        parts = (barcode(item).split("-") + [""] * 5)[:5]
        analyte = parts[4][2:3] or "?"
        return "-".join(parts[:4]), ANALYTES.find(analyte) if analyte in ANALYTES else len(ANALYTES)

    return sorted(sorted(items, key=barcode, reverse=True), key=rank)
