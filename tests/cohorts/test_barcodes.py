"""Barcodes of every length, and which sample of a patient comes first."""

from __future__ import annotations

import pytest

from rerad.cohorts.barcodes import Sample, by_preference, read_barcode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TCGA-02-0001-01", Sample("TCGA-02-0001", "01")),
        ("TCGA-06-0125-02A", Sample("TCGA-06-0125", "02")),
        ("TCGA-02-0047-01A-01R-1849-01", Sample("TCGA-02-0047", "01")),
        ("PHANTOM-00-0007-01", Sample("PHANTOM-00-0007", "01")),
        ("TCGA-02-0001", None),
        ("TCGA-02-0001-01A;TCGA-02-0001-01B", None),
        ("TCGA-02-001-01", None),
        ("Entrez_Gene_Id", None),
        ("", None),
    ],
)
def test_barcodes(text: str, expected: Sample | None) -> None:
    assert read_barcode(text) == expected


def test_the_first_vial_then_the_analyte_then_the_highest_barcode() -> None:
    # The rules of GDAC Firehose: H before R before T, native before amplified DNA, the last portion and plate.
    wanted = [
        "TCGA-02-0047-01A-01H-0001-01",
        "TCGA-02-0047-01A-02R-1850-01",
        "TCGA-02-0047-01A-01R-1850-01",
        "TCGA-02-0047-01A-01R-1849-01",
        "TCGA-02-0047-01A-01T-1849-01",
        "TCGA-02-0047-01A-01Z-1849-01",
        "TCGA-02-0047-01B-01H-0001-01",
        "TCGA-06-0001-01",
    ]
    for items in (wanted, wanted[::-1], sorted(wanted)):
        assert by_preference(items, str) == wanted
